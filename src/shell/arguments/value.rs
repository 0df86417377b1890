//! What may be the value of an argument: by its definition, or by its name where
//! only the tables of the program know.

use clap::builder::StyledStr;
use clap::{Arg, ValueHint};

use super::Found;
#[cfg(feature = "node")]
use super::host;
use super::state::State;
use crate::complete::{self, Candidate};
use crate::examples;
use crate::printer::Format;
use crate::schema::{Schema, lookup};

/// Where the simulated agent may listen; from any guest at a port, for vsock.
const LISTENING: [(&str, &str); 3] = [
    ("unix://", "a Unix socket"),
    ("unix://@", "an abstract Unix socket"),
    ("vsock://-1:", "a vsock port, for any guest"),
];

/// Where an agent may be.
const SCHEMES: [(&str, &str); 7] = [
    ("unix://", "a Unix socket"),
    ("unix://@", "an abstract Unix socket"),
    ("vsock://", "CID:PORT of a guest"),
    ("hvsock://", "a hypervisor's Unix socket, and :PORT"),
    ("remote://", "a plain Unix socket"),
    ("mock://", "a plain Unix socket"),
    ("sim://", "a simulated agent inside this process"),
];

/// The schemes that no file follows.
const NO_PATH: [&str; 2] = ["vsock://", "sim://"];

/// What a help text says, in its first line.
pub(super) fn text_of(help: Option<&StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// What may be the value of an argument, of which `text` is typed.
pub(super) fn value(
    schema: &'static Schema,
    state: &State<'_>,
    argument: &Arg,
    text: &str,
) -> Found {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|it| !it.is_hide_set());
        let candidates = shown
            .map(|it| Candidate::last(it.get_name(), text_of(it.get_help())))
            .filter(|it| it.text.starts_with(text))
            .collect();
        return plain(candidates);
    }
    match (state.command.get_name(), argument.get_id().as_str()) {
        #[cfg(feature = "node")]
        (_, "sandbox") => plain(host::sandboxes(state.host_root, text)),
        #[cfg(feature = "node")]
        ("exec", "container") => plain(host::containers(state.host_root, text)),
        ("connect", "cmd") => {
            let found = complete::complete(schema, text);
            Found {
                start: found.start,
                candidates: found.candidates,
                is_command: true,
                command_start: 0,
            }
        }
        ("connect", "output") => plain(
            Format::ALL
                .iter()
                .filter(|format| format.name().starts_with(text))
                .map(|format| Candidate::last(format.name(), ""))
                .collect(),
        ),
        ("connect" | "bench" | "exec" | "doctor" | "probe", "server_address") => {
            address(&SCHEMES, text)
        }
        ("serve", "address") => address(&LISTENING, text),
        ("describe", "name") => plain(complete::names(schema, text)),
        ("template", "name") => {
            let mut names = complete::names(schema, text);
            names.retain(|it| lookup::request(schema, &it.text).is_ok());
            plain(names)
        }
        ("examples", "name") => plain(
            examples::topics(schema)
                .filter(|topic| topic.name.starts_with(text))
                .map(|topic| Candidate::last(topic.name, topic.title))
                .collect(),
        ),
        _ => match argument.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath => files(text, false),
            ValueHint::DirPath => files(text, true),
            _ => Found::default(),
        },
    }
}

fn plain(candidates: Vec<Candidate>) -> Found {
    Found {
        candidates,
        ..Found::default()
    }
}

/// Schemes, then the sockets of those that name one.
fn address(schemes: &[(&str, &str)], text: &str) -> Found {
    let begun: Vec<_> = schemes
        .iter()
        .filter(|(scheme, _)| scheme.starts_with(text) && *scheme != text)
        .map(|(scheme, doc)| match *scheme {
            "sim://" => Candidate::last(*scheme, *doc),
            _ => Candidate::open(*scheme, *doc),
        })
        .collect();
    let has_path =
        |(scheme, _): &&(&str, &str)| scheme.ends_with("://") && !NO_PATH.contains(scheme);
    let scheme = schemes
        .iter()
        .filter(has_path)
        .find(|(scheme, _)| text.starts_with(scheme));
    let mut found = match scheme {
        Some((scheme, _)) if !text.starts_with("unix://@") => {
            let found = files(text.get(scheme.len()..).unwrap_or_default(), false);
            Found {
                start: scheme.len() + found.start,
                ..found
            }
        }
        _ => plain(Vec::new()),
    };
    if found.candidates.is_empty() {
        found = plain(begun);
    }
    // A port follows the socket.
    if text.starts_with("hvsock://") {
        for socket in found.candidates.iter_mut().filter(|it| !it.continues) {
            socket.text.push(':');
            socket.continues = true;
        }
    }
    found
}

/// The files, or only the folders, whose path begins with `text`.
pub(super) fn files(text: &str, only_folders: bool) -> Found {
    let last = text.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, begin) = text.split_at_checked(last).unwrap_or_default();
    let home = std::env::var("HOME")
        .ok()
        .filter(|_| folder.starts_with("~/"));
    let place = match home {
        Some(home) => folder.replacen('~', &home, 1),
        None => folder.to_owned(),
    };
    let entries = complete::files(&place, begin).unwrap_or_default();
    let candidates = entries
        .into_iter()
        .filter(|(_, is_folder)| *is_folder || !only_folders)
        .map(|(name, is_folder)| match is_folder {
            true => Candidate::open(format!("{name}/"), "folder"),
            false => Candidate::last(name, "file"),
        })
        .collect();
    Found {
        start: last,
        candidates,
        ..Found::default()
    }
}
