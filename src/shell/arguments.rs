//! What may stand at the cursor of a line: sub-commands, options and their
//! values by the definition of the command line, and the text of commands by
//! [`crate::complete`]. It knows no shell.

#[cfg(feature = "node")]
mod host;
mod state;
#[cfg(test)]
mod tests;
mod value;

use clap::{Arg, Command};

use super::line::Line;
use crate::cli;
use crate::complete::Candidate;
use crate::schema::Schema;
use state::{State, long};
use value::{files, text_of, value};

/// What may stand at the cursor.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where in the word at the cursor the part begins that is replaced, in bytes.
    pub start: usize,
    /// What may stand there.
    pub candidates: Vec<Candidate>,
    /// Whether the word is a command, which may go on after any candidate.
    pub is_command: bool,
    /// Where in the word that command begins.
    pub command_start: usize,
}

/// What may stand at the cursor of this line.
pub(super) fn complete(schema: &'static Schema, line: &Line<'_>) -> Found {
    let word = line.word.as_str();
    if line.is_redirection {
        return files(word, false);
    }
    let mut root = cli::command();
    root.build();
    let state = State::after(&root, &line.words);
    if let Some(option) = state.option
        && (state.needs_value || !word.starts_with('-'))
    {
        return value(schema, &state, option, word);
    }
    if let Some((name, text)) = word.split_once('=')
        && let Some(option) = long(state.command, name)
    {
        let before = name.len() + 1;
        let found = value(schema, &state, option, text);
        return Found {
            start: before + found.start,
            command_start: before,
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
        Some(argument) => value(schema, &state, argument, word),
        None if state.only_positional => Found::default(),
        None if word.is_empty() && !state.command.has_subcommands() => Found {
            candidates: options(state.command, word),
            ..Found::default()
        },
        None => Found::default(),
    }
}

/// The options that begin with `word`; short ones where no more than a dash is there.
fn options(command: &Command, word: &str) -> Vec<Candidate> {
    let visible = || command.get_arguments().filter(|it| !it.is_hide_set());
    let long = |it: &Arg| Some(format!("--{}", it.get_long()?));
    let mut names: Vec<String> = visible()
        .filter_map(long)
        .filter(|name| name.starts_with(word))
        .collect();
    names.sort_unstable();
    let candidates = names.into_iter().map(|name| {
        let option = visible().find(|it| long(it).as_ref() == Some(&name));
        let help = option.map(|it| text_of(it.get_help()));
        Candidate::last(name, help.unwrap_or_default())
    });
    candidates.collect()
}
