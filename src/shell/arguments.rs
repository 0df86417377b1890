//! What may stand at the cursor of a line: sub-commands, options and their
//! values by the definition of the command line, and the text of commands by
//! [`crate::complete`]. It knows no shell.

use clap::{Arg, Command, ValueHint};

use super::line::Line;
use crate::complete::{self, Candidate};
use crate::printer::Format;
use crate::schema::{Schema, lookup};
use crate::{cli, examples};

/// What may stand at the cursor.
#[derive(Debug, Default)]
pub struct Found {
    /// Where in the word at the cursor the part begins that is replaced, in bytes.
    pub start: usize,
    /// What may stand there.
    pub candidates: Vec<Candidate>,
    /// Whether the word is a command, which may go on after any candidate.
    pub is_command: bool,
}

/// Where an agent may be, or listen.
const SCHEMES: [(&str, &str); 7] = [
    ("unix://", "a Unix socket"),
    ("unix://@", "an abstract Unix socket"),
    ("vsock://", "CID:PORT of a guest"),
    ("hvsock://", "a hypervisor's Unix socket, and :PORT"),
    ("remote://", "a plain Unix socket"),
    ("mock://", "a plain Unix socket"),
    ("sim://", "a simulated agent inside this process"),
];

/// What may stand at the cursor of this line.
pub fn complete(schema: &'static Schema, line: &Line<'_>) -> Found {
    let mut root = cli::command();
    root.build();
    let word = line.word.as_str();
    let state = State::after(&root, &line.words);
    if let Some(option) = state.option
        && (state.needs_value || !word.starts_with('-'))
    {
        return value(schema, state.command, option, word);
    }
    if let Some((name, text)) = word.split_once('=')
        && let Some(option) = long(state.command, name)
    {
        let before = name.len() + 1;
        let found = value(schema, state.command, option, text);
        return Found {
            start: before + found.start,
            ..found
        };
    }
    if word.starts_with('-') && !state.only_positional {
        return Found {
            candidates: options(state.command, word),
            ..Found::default()
        };
    }
    let sub_commands: Vec<_> = state
        .command
        .get_subcommands()
        .filter(|each| !each.is_hide_set() && each.get_name().starts_with(word))
        .map(|each| Candidate::last(each.get_name(), text_of(each.get_about())))
        .collect();
    if !sub_commands.is_empty() {
        return Found {
            candidates: sub_commands,
            ..Found::default()
        };
    }
    match state.command.get_positionals().nth(state.positional) {
        Some(argument) => value(schema, state.command, argument, word),
        None if word.is_empty() && !state.command.has_subcommands() => Found {
            candidates: options(state.command, word),
            ..Found::default()
        },
        None => Found::default(),
    }
}

/// What the words before the cursor leave to be typed.
struct State<'a> {
    command: &'a Command,
    /// An option that takes a value here.
    option: Option<&'a Arg>,
    /// Whether it is not complete without one.
    needs_value: bool,
    /// How many arguments by position there are.
    positional: usize,
    /// Whether `--` is there.
    only_positional: bool,
}

impl<'a> State<'a> {
    fn after(root: &'a Command, words: &[String]) -> Self {
        let mut state = State {
            command: root,
            option: None,
            needs_value: false,
            positional: 0,
            only_positional: false,
        };
        let mut values = 0;
        for word in words {
            if let Some(option) = state.option
                && (state.needs_value || !word.starts_with('-'))
            {
                values += 1;
                state.needs_value = false;
                if values >= most_values(option) {
                    state.option = None;
                }
                continue;
            }
            state.option = None;
            values = 0;
            if state.only_positional || !word.starts_with('-') || word == "-" {
                match state.command.find_subcommand(word) {
                    Some(sub_command) => state.command = sub_command,
                    None => state.positional += 1,
                }
            } else if word == "--" {
                state.only_positional = true;
            } else if let Some(option) = named(state.command, word).filter(|it| most_values(it) > 0)
            {
                state.option = Some(option);
                let range = option.get_num_args();
                state.needs_value = range.is_none_or(|range| range.min_values() > 0);
            }
        }
        state
    }
}

/// The option that a word names, unless its value is in the same word.
fn named<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    if word.starts_with("--") {
        return long(command, word);
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let mut arguments = command.get_arguments();
    arguments.find(|it| it.get_short() == Some(letter) && letters.as_str().is_empty())
}

fn long<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.strip_prefix("--")?;
    let mut arguments = command.get_arguments();
    arguments.find(|argument| argument.get_long() == Some(name))
}

fn most_values(option: &Arg) -> usize {
    let taken = option.get_action().takes_values();
    let range = option.get_num_args();
    match taken {
        true => range.map_or(1, |range| range.max_values()),
        false => 0,
    }
}

/// The options that begin with `word`; short ones where no more than a dash is there.
fn options(command: &Command, word: &str) -> Vec<Candidate> {
    let visible = command.get_arguments().filter(|it| !it.is_hide_set());
    let mut found: Vec<_> = visible
        .filter_map(|it| {
            Some(Candidate::last(
                format!("--{}", it.get_long()?),
                text_of(it.get_help()),
            ))
        })
        .filter(|candidate| candidate.text.starts_with(word))
        .collect();
    found.sort_by(|one, other| one.text.cmp(&other.text));
    found
}

/// What a help text says, in its first line.
fn text_of(help: Option<&clap::builder::StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// What may be the value of an argument, of which `text` is typed.
fn value(schema: &'static Schema, command: &Command, argument: &Arg, text: &str) -> Found {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|it| !it.is_hide_set());
        let candidates = shown
            .map(|it| Candidate::last(it.get_name(), text_of(it.get_help())))
            .filter(|it| it.text.starts_with(text))
            .collect();
        return plain(candidates);
    }
    match (command.get_name(), argument.get_id().as_str()) {
        ("connect", "cmd") => {
            let found = complete::complete(schema, text);
            Found {
                start: found.start,
                candidates: found.candidates,
                is_command: true,
            }
        }
        ("connect", "output") => plain(
            Format::ALL
                .iter()
                .filter(|format| format.name().starts_with(text))
                .map(|format| Candidate::last(format.name(), ""))
                .collect(),
        ),
        ("connect", "server_address") | ("serve", "address") => address(text),
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
fn address(text: &str) -> Found {
    let schemes: Vec<_> = SCHEMES
        .iter()
        .filter(|(scheme, _)| scheme.starts_with(text) && *scheme != text)
        .map(|(scheme, doc)| match *scheme {
            "sim://" => Candidate::last(*scheme, *doc),
            _ => Candidate::open(*scheme, *doc),
        })
        .collect();
    let has_path =
        |(scheme, _): &&(&str, &str)| !matches!(*scheme, "vsock://" | "sim://" | "unix://@");
    let scheme = SCHEMES
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
        found = plain(schemes);
    }
    // A port follows the socket.
    if text.starts_with("hvsock://") {
        for candidate in &mut found.candidates {
            candidate.continues = true;
        }
    }
    found
}

/// The files, or only the folders, whose path begins with `text`.
fn files(text: &str, only_folders: bool) -> Found {
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
        is_command: false,
    }
}

#[cfg(test)]
mod tests;
