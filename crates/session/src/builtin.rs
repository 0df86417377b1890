//! The commands that are not calls: one row each. What they do to a run is the
//! session's; here is what they are called and what they take.

use std::time::Duration;

use agent_report::error::Error;
use agent_schema::printer::Format;
use agent_text::duration::{self, DurationError};

/// A command of the tool's own.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name, in lower case, as RPCs begin with a capital.
    pub name: &'static str,
    /// What follows the name.
    pub usage: &'static str,
    /// What it does, for `help`.
    pub doc: &'static str,
    /// What its first word is.
    pub takes: Takes,
    parse: fn(&[String]) -> Result<Action, BuiltInError>,
}

/// What the first word of a built-in command is, for those who complete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or what has no names.
    Nothing,
    /// Something that `describe` tells about.
    Item,
    /// An RPC or a message.
    Request,
    /// A service.
    Service,
    /// A topic of the examples.
    Topic,
    /// An option that can be set.
    Option,
}

/// What a built-in command asks of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Print a line.
    Echo(String),
    /// Print worked examples: all topics, or one.
    Examples(Option<String>),
    /// Print what can be typed.
    Help,
    /// Print what a built-in command does.
    HelpOn(&'static str),
    /// Print every RPC, or those of a service.
    List(Option<String>),
    /// Print what is known about a name.
    Describe(String),
    /// Run the next command several times.
    Repeat(Times),
    /// Change an option for the commands that follow.
    Set(Setting),
    /// Wait.
    Sleep(Duration),
    /// Print a complete request.
    Template(String),
    /// End the run.
    Quit,
}

/// An option of the run with its new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// How responses are printed.
    Output(Format),
    /// How long a call may take, if there is a limit.
    Timeout(Option<Duration>),
    /// Metadata with this key: its value, or none.
    Metadata(String, Option<String>),
    /// Where an OCI bundle is, if there is one.
    BundleDir(Option<String>),
    /// Whether automatic values are left out.
    NoAutoValues(bool),
}

/// The options that `set` sets, and what their values are.
pub const OPTIONS: [(&str, &str); 5] = [
    ("bundle-dir", "an OCI bundle's folder, or nothing"),
    ("metadata", "KEY=VALUE, or KEY to remove it"),
    ("no-auto-values", "true or false"),
    ("output", "a format of responses"),
    ("timeout", "500ms, 5s, 2m; 0 waits forever"),
];

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
    pub(crate) fn allows(self, done: u64) -> bool {
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
    /// `set` cannot set this.
    #[error("there is no option {0:?} to set: write {names}", names = option_names())]
    NoOption(String),
    /// A value is missing or too many are there.
    #[error("{option} is set to one value: {value}")]
    OneValue {
        /// The option.
        option: &'static str,
        /// What its value is.
        value: &'static str,
    },
    /// No format.
    #[error("{0}")]
    Format(String),
    /// No truth value.
    #[error("{0:?} is not true or false")]
    Truth(String),
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
        name: "?",
        usage: "?",
        doc: "the same as help",
        takes: Takes::Item,
        parse: help_action,
    },
    BuiltIn {
        name: "describe",
        usage: "describe NAME",
        doc: "show an RPC, a message, an enum, a service or a field",
        takes: Takes::Item,
        parse: |words| Ok(Action::Describe(one(words, "describe NAME")?.clone())),
    },
    BuiltIn {
        name: "echo",
        usage: "echo TEXT",
        doc: "print the text",
        takes: Takes::Nothing,
        parse: |words| Ok(Action::Echo(words.join(" "))),
    },
    BuiltIn {
        name: "examples",
        usage: "examples [TOPIC]",
        doc: "show worked examples for a shell",
        takes: Takes::Topic,
        parse: |words| {
            Ok(Action::Examples(
                at_most_one(words, "examples [TOPIC]")?.cloned(),
            ))
        },
    },
    BuiltIn {
        name: "exit",
        usage: "exit",
        doc: "the same as quit",
        takes: Takes::Nothing,
        parse: |words| alone(words, Action::Quit),
    },
    BuiltIn {
        name: "help",
        usage: "help [NAME]",
        doc: "show what can be typed, or what a name is",
        takes: Takes::Item,
        parse: help_action,
    },
    BuiltIn {
        name: "list",
        usage: "list [SERVICE]",
        doc: "list every RPC, or those of a service",
        takes: Takes::Service,
        parse: |words| Ok(Action::List(at_most_one(words, "list [SERVICE]")?.cloned())),
    },
    BuiltIn {
        name: "quit",
        usage: "quit",
        doc: "end the run",
        takes: Takes::Nothing,
        parse: |words| alone(words, Action::Quit),
    },
    BuiltIn {
        name: "repeat",
        usage: "repeat N",
        doc: "run the next command N times, -1 until interrupted",
        takes: Takes::Nothing,
        parse: |words| Ok(Action::Repeat(times(one(words, "repeat N")?)?)),
    },
    BuiltIn {
        name: "set",
        usage: "set OPTION VALUE",
        doc: "change output, timeout, metadata, bundle-dir or no-auto-values",
        takes: Takes::Option,
        parse: |words| Ok(Action::Set(setting(words)?)),
    },
    BuiltIn {
        name: "sleep",
        usage: "sleep TIME",
        doc: "wait, for example 500ms or 2s",
        takes: Takes::Nothing,
        parse: |words| Ok(Action::Sleep(duration::parse(one(words, "sleep TIME")?)?)),
    },
    BuiltIn {
        name: "template",
        usage: "template NAME",
        doc: "print a complete JSON request",
        takes: Takes::Request,
        parse: |words| Ok(Action::Template(one(words, "template NAME")?.clone())),
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
    pub(crate) fn action(&self, words: &[String]) -> Result<Action, BuiltInError> {
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
    at_most_one(words, usage)?.ok_or(BuiltInError::Missing(usage))
}

/// The only word, if there is one.
fn at_most_one<'a>(
    words: &'a [String],
    usage: &'static str,
) -> Result<Option<&'a String>, BuiltInError> {
    match words {
        [] => Ok(None),
        [word] => Ok(Some(word)),
        [_, word, ..] => Err(BuiltInError::Surplus {
            usage,
            word: word.clone(),
        }),
    }
}

fn help_action(words: &[String]) -> Result<Action, BuiltInError> {
    let name = at_most_one(words, "help [NAME]")?;
    Ok(match name.map(|name| (name, BuiltIn::find(name))) {
        None => Action::Help,
        Some((_, Some(row))) => Action::HelpOn(row.name),
        Some((name, None)) => Action::Describe(name.clone()),
    })
}

/// What the words after `set` ask for.
fn setting(words: &[String]) -> Result<Setting, BuiltInError> {
    let Some((name, values)) = words.split_first() else {
        return Err(BuiltInError::Missing("set OPTION VALUE"));
    };
    let Some((option, value)) = OPTIONS.into_iter().find(|(option, _)| option == name) else {
        return Err(BuiltInError::NoOption(name.clone()));
    };
    let given = match values {
        [] => None,
        [given] => Some(given.as_str()),
        _ => return Err(BuiltInError::OneValue { option, value }),
    };
    let needed = || given.ok_or(BuiltInError::OneValue { option, value });
    Ok(match option {
        "output" => {
            let format = needed()?.parse::<Format>();
            Setting::Output(format.map_err(|error| BuiltInError::Format(error.to_string()))?)
        }
        "timeout" => {
            let timeout = duration::parse(needed()?)?;
            Setting::Timeout((!timeout.is_zero()).then_some(timeout))
        }
        "metadata" => match needed()?.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Setting::Metadata(key.to_owned(), Some(value.to_owned()))
            }
            Some(_) => return Err(BuiltInError::OneValue { option, value }),
            None => Setting::Metadata(needed()?.to_owned(), None),
        },
        "bundle-dir" => {
            Setting::BundleDir(given.filter(|folder| !folder.is_empty()).map(str::to_owned))
        }
        _ => match given {
            None | Some("true") => Setting::NoAutoValues(true),
            Some("false") => Setting::NoAutoValues(false),
            Some(other) => return Err(BuiltInError::Truth(other.to_owned())),
        },
    })
}

fn option_names() -> String {
    let names = OPTIONS.map(|(name, _)| name);
    format!("set {} VALUE", names.join("|"))
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
pub(crate) fn help() -> String {
    let mut text = String::from(
        "NAME                           call an RPC with its defaults and automatic values\n\
         NAME field=value ...           set fields, left to right\n\
         NAME json://{...}              a request as JSON\n\
         NAME file:///path.json         the same from a file\n\
         NAME json://{...} field=value  setters on top of a document\n\n",
    );
    for row in BUILT_INS {
        text.push_str(&line(row));
    }
    text
}

/// What `help` tells at the prompt beyond the commands.
pub const KEYS: &str = "\nTab completes names, fields, values and files. JSON that is not closed \
    goes on in the next\nline, and an empty line gives it up. Ctrl-C abandons a line or a call, \
    Ctrl-D leaves.\n";

/// The text of `help NAME` for a built-in command.
pub(crate) fn help_on(name: &str) -> String {
    let row = BuiltIn::find(name);
    let mut text = row.map(line).unwrap_or_default();
    if row.is_some_and(|row| row.takes == Takes::Option) {
        for (option, value) in OPTIONS {
            text.push_str(&format!("  set {option:<25}{value}\n"));
        }
    }
    text
}

fn line(row: &BuiltIn) -> String {
    format!("{:<31}{}\n", row.usage, row.doc)
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
                "it takes one argument, as in list [SERVICE]; \"b\" is too much",
            ),
            ("exit \n", "it takes no arguments, but \"\\n\" was given"),
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
