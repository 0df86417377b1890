//! A recording as one page for a browser, which fetches nothing. The page's script makes all it
//! shows from the calls as lines of JSON, which stand in the page as data.
//!
//! What a recording holds may be hostile. The lines are in an element that is not a script, and
//! no `<` is left in them, so that none of them ends the element. The page lets only its own
//! style and script work, by their digests, and no request at all.

use std::io::{self, Write};

use agent_text::escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Form;
use crate::calls::Told;
use crate::recording::{Kind, Record};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The script, in the order in which its parts need each other.
const SCRIPT: &str = concat!(
    include_str!("records.js"),
    include_str!("detail.js"),
    include_str!("timeline.js"),
    include_str!("list.js"),
    include_str!("page.js"),
);
/// Where the calls go.
const RECORDS: &str = "{{records}}";

/// A page for a browser.
#[derive(Debug)]
pub struct Page {
    /// The fields of a request that hold an ID, which tell one call from another.
    pub ids: &'static [&'static str],
    /// The fields that hold bytes, which are shown and searched as text too where they are one.
    pub bytes: Vec<&'static str>,
}

/// The first line of the page's data.
#[derive(Serialize)]
struct Head<'a> {
    #[serde(flatten)]
    record: &'a Record,
    ids: &'a [&'a str],
    bytes: &'a [&'a str],
}

impl Form for Page {
    fn begin(&mut self, what: &Record, out: &mut dyn Write) -> io::Result<()> {
        let (before, _) = parts();
        let digest = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        let policy = format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; script-src {}; style-src {}",
            digest(SCRIPT),
            digest(STYLE)
        );
        let before = before
            .replace("{{policy}}", &policy)
            .replace("{{style}}", STYLE);
        out.write_all(before.as_bytes())?;
        let head = Head {
            record: what,
            ids: self.ids,
            bytes: &self.bytes,
        };
        write_data(&serde_json::to_vec(&head)?, out)
    }

    fn tell(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        match told {
            Told::Call(call) => write_data(&call.line()?, out),
            Told::Else(record) => match record.kind {
                // The first line is told already, and of the others it is not known what they say.
                Kind::Recording | Kind::Request | Kind::Response | Kind::Unknown => Ok(()),
                _ => {
                    let mut record = (**record).clone();
                    // The message says the same, and is what is shown.
                    if record.message.is_some() {
                        record.payload = None;
                    }
                    write_data(&record.line()?, out)
                }
            },
        }
    }

    fn end(&mut self, is_cut: bool, out: &mut dyn Write) -> io::Result<()> {
        let (_, after) = parts();
        if is_cut {
            out.write_all(b"{\"kind\":\"cut\"}\n")?;
        }
        out.write_all(after.replace("{{script}}", SCRIPT).as_bytes())
    }
}

/// What stands before the data, and after it.
fn parts() -> (&'static str, &'static str) {
    PAGE.split_once(RECORDS).unwrap_or_default()
}

/// Writes a line of JSON so that nothing in it is markup, nor acts on a terminal. Outside of
/// strings all of that is white space, which must not end the line.
fn write_data(json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let json = str::from_utf8(json).map_err(io::Error::other)?.trim_end();
    let mut done = 0;
    let special = |(_, c): &(usize, char)| *c == '<' || escape::is_unprintable(*c);
    for (at, c) in json.char_indices().filter(special) {
        out.write_all(&json.as_bytes()[done..at])?;
        done = at + c.len_utf8();
        if c < ' ' {
            out.write_all(b" ")?;
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
    }
    out.write_all(&json.as_bytes()[done..])?;
    out.write_all(b"\n")
}
