//! What can be wrong with a JSON text, and how each is worded.

use std::fmt;

use agent_text::excerpt::Excerpt;

use crate::lookup::LookupError;
use crate::value::EnumError;

/// Why a JSON text was refused, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{problem}", Prefix(path))]
pub struct JsonError {
    path: String,
    /// Boxed, as an error is rare and this is large.
    problem: Box<Problem>,
}

impl JsonError {
    pub(super) fn new(path: String, problem: Problem) -> Self {
        let problem = Box::new(problem);
        Self { path, problem }
    }

    /// The error of text that is not JSON.
    pub fn syntax(error: &serde_json::Error) -> Self {
        Self::new(String::new(), Problem::syntax(error))
    }

    /// The path of the field in the proto's names, from the message that was
    /// merged into; empty for the message itself.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path of what is wrong, a key that names no field included.
    pub fn culprit(&self) -> String {
        match (self.problem(), self.path.as_str()) {
            (Problem::Name(LookupError::UnknownField { name, .. }), "") => name.clone(),
            (Problem::Name(LookupError::UnknownField { name, .. }), path) => {
                format!("{path}.{name}")
            }
            (_, path) => path.to_owned(),
        }
    }

    /// What is wrong there.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What is wrong, in a text of one line: where the line number 1 says nothing.
    pub fn in_one_line(&self) -> String {
        match self.problem() {
            // The text ends with its line.
            Problem::Syntax {
                what, column: 0, ..
            } => format!("{}invalid JSON: {what}", Prefix(&self.path)),
            Problem::Syntax { what, column, .. } => format!(
                "{}invalid JSON at column {column}: {what}",
                Prefix(&self.path)
            ),
            _ => self.to_string(),
        }
    }

    /// The same error seen from an enclosing message, in which the merged value
    /// is at `path`.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            self.path = path.to_owned();
        } else if self.path.starts_with('[') || path.is_empty() {
            self.path.insert_str(0, path);
        } else {
            self.path = format!("{path}.{}", self.path);
        }
        self
    }
}

/// What is wrong with a JSON text.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The text is not JSON. Line and column count from 1.
    #[error("invalid JSON at line {line}, column {column}: {what}")]
    Syntax {
        /// What the JSON reader stumbled on.
        what: String,
        /// Line of the text.
        line: usize,
        /// Column in the line, in bytes.
        column: usize,
    },
    /// A key that names no field, or may name several.
    #[error(transparent)]
    Name(#[from] LookupError),
    /// The same field, or the same key of a map, for the second time.
    #[error("given twice")]
    Duplicate,
    /// Two members of one oneof.
    #[error("cannot be given together with \"{other}\": the oneof \"{oneof}\" holds one of them")]
    Oneof {
        /// Name of the oneof.
        oneof: &'static str,
        /// The member that was given before.
        other: &'static str,
    },
    /// A value of another kind than the field's.
    #[error("{found} is not {expected}")]
    Mismatch {
        /// The value as given, in quotes if it is a string.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A name that an enum does not have.
    #[error(transparent)]
    Enum(#[from] EnumError),
    /// An `@type` whose message this build does not have.
    #[error(
        "{} is not a message type that this build knows; write its \"type_url\" and its bytes as \
         \"value\" instead",
        Excerpt(.0)
    )]
    UnknownType(String),
    /// More messages within each other than protobuf decodes.
    #[error("nested deeper than {} messages", super::MAX_DEPTH)]
    TooDeep,
}

impl Problem {
    /// What the JSON reader says, without the position in its own words.
    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let what = match text.rsplit_once(" at line ") {
            Some((what, _)) => what,
            None => &text,
        };
        let what = match what {
            "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
                "half of a surrogate pair without its other half"
            }
            other => other,
        };
        Self::Syntax {
            what: what.to_owned(),
            line: error.line(),
            column: error.column(),
        }
    }

    /// The same for a reader that was given only the rest of a text after `before`.
    pub(super) fn syntax_after(before: &str, error: &serde_json::Error) -> Self {
        let mut problem = Self::syntax(error);
        if let Self::Syntax { line, column, .. } = &mut problem {
            if *line == 1 {
                let last_line = before.rsplit('\n').next().unwrap_or_default();
                *column += last_line.len();
            }
            *line += before.matches('\n').count();
        }
        problem
    }
}

struct Prefix<'a>(&'a str);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            path => write!(f, "{path}: "),
        }
    }
}
