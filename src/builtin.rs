//! The commands that are not calls: one row each. What they do to a run is the
//! session's; here is what they are called and what they take.

use std::time::Duration;

use crate::duration::{self, DurationError};
use crate::error::Error;

/// A command of the tool's own.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name, in lower case, as RPCs begin with a capital.
    pub name: &'static str,
    /// What follows the name.
    pub usage: &'static str,
    /// What it does, for `help`.
    pub doc: &'static str,
    /// Whether its word is the name of something that `describe` tells about.
    pub takes_name: bool,
    parse: fn(&[String]) -> Result<Action, BuiltInError>,
}

/// What a built-in command asks of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Print a line.
    Echo(String),
    /// Print what can be typed.
    Help,
    /// Print every RPC, or those of a service.
    List(Option<String>),
    /// Print what is known about a name.
    Describe(String),
    /// Run the next command several times.
    Repeat(Times),
    /// Wait.
    Sleep(Duration),
    /// End the run.
    Quit,
}

/// How often a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// This often, at least once.
    Count(u64),
    /// Until interrupted.
    Forever,
}

impl Times {
    /// Whether another run may follow after `done` of them.
    pub fn allows(self, done: u64) -> bool {
        match self {
            Times::Forever => true,
            Times::Count(count) => done < count,
        }
    }
}

/// Why a built-in command cannot run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuiltInError {
    /// No word follows the name, which takes one.
    #[error("an argument is missing; write {0}")]
    Missing(&'static str),
    /// More than one word follows the name, which takes one.
    #[error("it takes one argument, as in {usage}; {word:?} is too much")]
    Surplus {
        /// How it is written.
        usage: &'static str,
        /// The second word.
        word: String,
    },
    /// A word follows the name, which takes none.
    #[error("it takes no arguments, but {0:?} was given")]
    TakesNone(String),
    /// No count.
    #[error("{0:?} is not a count: write a number from 1, or -1 for ever")]
    Times(String),
    /// No time.
    #[error(transparent)]
    Duration(#[from] DurationError),
}

/// Every built-in command.
pub static BUILT_INS: &[BuiltIn] = &[
    BuiltIn {
        name: "describe",
        usage: "describe NAME",
        doc: "show an RPC, a message, an enum, a service or a field",
        takes_name: true,
        parse: |words| {
            let name = one(words, "describe NAME")?;
            Ok(Action::Describe(name.clone()))
        },
    },
    BuiltIn {
        name: "echo",
        usage: "echo TEXT",
        doc: "print the text",
        takes_name: false,
        parse: |words| Ok(Action::Echo(words.join(" "))),
    },
    BuiltIn {
        name: "help",
        usage: "help",
        doc: "show what can be typed",
        takes_name: false,
        parse: |words| alone(words, Action::Help),
    },
    BuiltIn {
        name: "list",
        usage: "list [SERVICE]",
        doc: "list every RPC, or those of a service",
        takes_name: false,
        parse: |words| match words {
            [] => Ok(Action::List(None)),
            words => Ok(Action::List(Some(one(words, "list SERVICE")?.clone()))),
        },
    },
    BuiltIn {
        name: "quit",
        usage: "quit",
        doc: "end the run",
        takes_name: false,
        parse: |words| alone(words, Action::Quit),
    },
    BuiltIn {
        name: "repeat",
        usage: "repeat N",
        doc: "run the next command N times, -1 until interrupted",
        takes_name: false,
        parse: |words| {
            let count = one(words, "repeat N")?;
            Ok(Action::Repeat(times(count)?))
        },
    },
    BuiltIn {
        name: "sleep",
        usage: "sleep TIME",
        doc: "wait, for example 500ms or 2s",
        takes_name: false,
        parse: |words| {
            let time = one(words, "sleep TIME")?;
            Ok(Action::Sleep(duration::parse(time)?))
        },
    },
];

impl BuiltIn {
    /// The built-in of this name.
    pub fn find(name: &str) -> Option<&'static BuiltIn> {
        BUILT_INS.iter().find(|row| row.name == name)
    }

    /// What the words after its name ask for.
    ///
    /// # Errors
    /// When they are not what the built-in takes.
    pub fn action(&self, words: &[String]) -> Result<Action, BuiltInError> {
        (self.parse)(words)
    }
}

fn alone(words: &[String], action: Action) -> Result<Action, BuiltInError> {
    match words {
        [] => Ok(action),
        [word, ..] => Err(BuiltInError::TakesNone(word.clone())),
    }
}

/// The only word of a built-in that takes one.
fn one<'a>(words: &'a [String], usage: &'static str) -> Result<&'a String, BuiltInError> {
    match words {
        [] => Err(BuiltInError::Missing(usage)),
        [word] => Ok(word),
        [_, word, ..] => Err(BuiltInError::Surplus {
            usage,
            word: word.clone(),
        }),
    }
}

/// A count of runs: from 1, or -1 for ever.
///
/// # Errors
/// When `text` is no such number.
pub fn times(text: &str) -> Result<Times, BuiltInError> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(Times::Forever),
        Ok(count @ 1..) => Ok(Times::Count(count.unsigned_abs())),
        _ => Err(BuiltInError::Times(text.to_owned())),
    }
}

/// The text of `help`.
pub fn help() -> String {
    let mut text = String::from(
        "NAME                           call an RPC with its defaults and automatic values\n\
         NAME field=value ...           set fields, left to right\n\
         NAME json://{...}              a request as JSON\n\
         NAME file:///path.json         the same from a file\n\
         NAME json://{...} field=value  setters on top of a document\n\n",
    );
    for row in BUILT_INS {
        text.push_str(&format!("{:<31}{}\n", row.usage, row.doc));
    }
    text
}

impl From<BuiltInError> for Error {
    fn from(error: BuiltInError) -> Self {
        Self::usage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_named_by_their_usage() {
        assert!(BUILT_INS.is_sorted_by_key(|row| row.name));
        for row in BUILT_INS {
            assert_eq!(row.usage.split(' ').next(), Some(row.name));
        }
    }

    #[test]
    fn wrong_words_are_named() {
        for (command, error) in [
            ("quit now", "it takes no arguments, but \"now\" was given"),
            (
                "list a b",
                "it takes one argument, as in list SERVICE; \"b\" is too much",
            ),
            ("help \n", "it takes no arguments, but \"\\n\" was given"),
            ("describe", "an argument is missing; write describe NAME"),
            (
                "repeat 2 Check",
                "it takes one argument, as in repeat N; \"Check\" is too much",
            ),
            (
                "sleep 1s 2s 3s",
                "it takes one argument, as in sleep TIME; \"2s\" is too much",
            ),
        ] {
            let mut words = command.split(' ').map(str::to_owned);
            let row = BuiltIn::find(&words.next().unwrap_or_default());
            let words: Vec<_> = words.collect();
            let found = row.map(|row| row.action(&words).map_err(|error| error.to_string()));
            assert_eq!(found, Some(Err(error.to_owned())), "{command}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(times("-1"), Ok(Times::Forever));
        assert_eq!(times("3"), Ok(Times::Count(3)));
        for text in ["0", "-2", "x", "", "1.5"] {
            assert_eq!(times(text), Err(BuiltInError::Times(text.into())), "{text}");
        }
    }
}
