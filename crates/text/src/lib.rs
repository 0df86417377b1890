//! How values from outside are read and written: times and sizes as users type them, and text or
//! bytes of a user or an agent made safe to show.
//!
//! ```
//! use agent_text::{escape, excerpt::Excerpt, hex};
//!
//! assert_eq!(escape::line("a\x1b[2J\n"), r"a\x1b[2J\n");
//! assert_eq!(Excerpt("say \"hi\"").to_string(), r#""say \"hi\"""#);
//! assert_eq!(hex::digits(&[0, 255]), "00ff");
//! ```

#![forbid(unsafe_code)]

pub mod duration;
pub mod escape;
pub mod excerpt;
pub mod hex;
pub mod size;

use std::str::Utf8Error;

/// Bytes that were to be text are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 text: the byte at offset {offset} is wrong")]
pub struct NotText {
    /// How many bytes come before the first wrong one.
    pub offset: usize,
}

impl From<Utf8Error> for NotText {
    fn from(error: Utf8Error) -> Self {
        let offset = error.valid_up_to();
        Self { offset }
    }
}

/// What went wrong in the operating system's words, without its error number; of what a
/// limit of this process forbids, also which one that is.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    let plain = plain.to_lowercase();
    match plain.as_str() {
        "too many open files" => format!("{plain}: raise the limit with \"ulimit -n\""),
        _ => plain,
    }
}
