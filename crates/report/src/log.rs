//! Log lines on standard error, by level. Standard output is for responses.

use std::fmt;
use std::io::{self, Write};

use agent_text::escape;

/// Writes one line to standard error. Where nobody reads it, nobody is told. What a
/// terminal would act on is escaped, whoever the text came from.
pub fn say(text: impl fmt::Display) {
    let text = text.to_string();
    let _ = writeln!(io::stderr(), "{}", escape::lines(&text));
}

/// How much is logged; each level includes those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The bytes of requests and responses too.
    Trace,
    /// Connections made and lost.
    Debug,
    /// Each answered call.
    Info,
    /// Warnings of what may be a mistake.
    Warn,
    /// Only errors.
    Error,
    /// The same as error, for older scripts.
    Critical,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Critical => "critical",
        })
    }
}

/// Writes lines to standard error: what is shown to the user, and what is logged at its level
/// or above.
#[derive(Clone, Copy)]
pub struct Logger {
    level: Level,
    write: &'static (dyn Fn(&str) + Sync),
}

impl Logger {
    /// A logger that logs `level` and what is more important.
    pub fn new(level: Level) -> Self {
        Self::writing(level, &|text| say(text))
    }

    /// A logger whose lines are passed to `write`.
    pub fn writing(level: Level, write: &'static (dyn Fn(&str) + Sync)) -> Self {
        Self { level, write }
    }

    /// Whether lines of `level` are logged.
    pub fn shows(&self, level: Level) -> bool {
        level >= self.level
    }

    /// Logs one line.
    pub fn log(&self, level: Level, text: impl fmt::Display) {
        if self.shows(level) {
            self.say(format_args!("{level}: {text}"));
        }
    }

    /// Shows one line, whatever the level.
    pub fn say(&self, text: impl fmt::Display) {
        (self.write)(&text.to_string());
    }
}
