//! What a user reads about a name that stands for nothing, or for several things.

use crate::suggest::{did_you_mean, quoted};
use agent_text::excerpt::Excerpt;

/// Why a name stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nothing has the name.
    #[error("there is no {kind} {}{}", Excerpt(.name), help(.kind, .nearest))]
    Unknown {
        /// What was looked for: `RPC`, `message`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// At most three names that may have been meant.
        nearest: Vec<String>,
    },
    /// The name is that of something of another kind.
    #[error("{name:?} is {what}, and {wanted} is wanted")]
    OtherKind {
        /// The full name of what was found.
        name: &'static str,
        /// What it is, with its article.
        what: &'static str,
        /// What it should be, with its article.
        wanted: &'static str,
    },
    /// Several things have the name.
    #[error("{} could be the {kind} {}", Excerpt(.name), quoted(.candidates, "or"))]
    Ambiguous {
        /// What was looked for.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The names that tell the matches apart.
        candidates: Vec<String>,
    },
    /// A message has no such field.
    #[error("{message} has no field {}{}", Excerpt(.name), field_help(.nearest, .known))]
    UnknownField {
        /// Full name of the message.
        message: &'static str,
        /// The name as given.
        name: String,
        /// At most three fields that may have been meant.
        nearest: Vec<String>,
        /// The message's fields, when they are few.
        known: Vec<String>,
    },
}

/// The near names, or where all names of the kind can be seen.
fn help(kind: &str, nearest: &[String]) -> String {
    let place = match kind {
        _ if !nearest.is_empty() => return did_you_mean(nearest),
        "message" | "enum" => "\"describe\" with an RPC shows its types",
        "service" => "\"list\" shows the services",
        _ => "\"list\" shows the RPCs",
    };
    format!("; {place}")
}

fn field_help(nearest: &[String], known: &[String]) -> String {
    match known {
        _ if !nearest.is_empty() => did_you_mean(nearest),
        [] => String::new(),
        [only] => format!("; its only field is {}", Excerpt(only)),
        several => format!("; its fields are {}", quoted(several, "and")),
    }
}
