//! What a user reads about a rule, or a line that controls rules, that is wrong.

use agent_schema::command::{ArgumentsError, WordsError};
use agent_schema::json::JsonError;
use agent_schema::lookup::LookupError;
use agent_schema::path::SetError;
use agent_schema::suggest::did_you_mean;
use agent_schema::value::ValueError;
use agent_text::duration::DurationError;
use agent_text::excerpt::{Excerpt, Quoted};

use super::ReaderError;
use super::calls::CallsError;

/// Why a text is not a rule.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// Nothing is there.
    #[error("the name of an RPC is missing; * stands for every RPC")]
    NoName,
    /// A line that begins with another word.
    #[error("there is no command {}{}", Excerpt(.name), other_command(.nearest))]
    Kind {
        /// The word.
        name: String,
        /// At most three words that may have been meant.
        nearest: Vec<String>,
    },
    /// No such RPC.
    #[error(transparent)]
    Name(#[from] LookupError),
    /// A bracket that is not closed.
    #[error("the [ after {} is not closed", Excerpt(.0))]
    Bracket(String),
    /// Something directly behind the bracket.
    #[error("white space must follow the ], not {0:?}")]
    AfterBracket(char),
    /// Wrong calls.
    #[error(transparent)]
    Calls(#[from] CallsError),
    /// A second field, or calls a second time.
    #[error("[{}] is one too much: there may be one field and one choice by number or chance", Excerpt(.0))]
    Twice(String),
    /// No RPC's request has a field.
    #[error("no request has a field {} of that form", Excerpt(.0))]
    NoField(String),
    /// A field with more than one value.
    #[error("{} has more than one value; name one of them by its index or key", Excerpt(.0))]
    ManyValues(String),
    /// Quotes.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// More than such a rule takes.
    #[error("{} is too much; write {form}", Excerpt(.word))]
    Surplus {
        /// The first word too many.
        word: String,
        /// How it is written.
        form: &'static str,
    },
    /// Less than it takes.
    #[error("{what} is missing; write {form}")]
    Missing {
        /// What.
        what: &'static str,
        /// How it is written.
        form: &'static str,
    },
    /// What was ordered cannot be done.
    #[error("{0}")]
    Order(String),
    /// A status that no process ends with.
    #[error("{} is not an exit status, 0 to 255", Excerpt(.0))]
    Exit(String),
    /// Neither a name nor a number of a status.
    #[error(
        "{} is neither the name of a status, such as NOT_FOUND, nor a number{}",
        Excerpt(.name), did_you_mean(.nearest)
    )]
    Status {
        /// What was given.
        name: String,
        /// At most three names that may have been meant.
        nearest: Vec<String>,
    },
    /// The status of success.
    #[error("OK is not a failure; write reply RPC json://{{...}} to choose an answer")]
    Success,
    /// A time.
    #[error(transparent)]
    Time(#[from] DurationError),
    /// A number of bytes.
    #[error("{} is not a number of bytes, {min} to {max}", Excerpt(.text))]
    Count {
        /// What was given.
        text: String,
        /// The smallest number.
        min: usize,
        /// The largest number.
        max: usize,
    },
    /// Bytes in hexadecimal or base64.
    #[error(transparent)]
    Bytes(#[from] ValueError),
    /// Fields for RPCs that answer different messages.
    #[error("reply * answers each call its empty response, and takes no fields")]
    ReplyToEvery,
    /// Changes for RPCs that answer different messages.
    #[error("reply-with changes the answers of one RPC, and not of all")]
    ChangeOfEvery,
    /// A document that is not the RPC's response, or no JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The words of an answer.
    #[error(transparent)]
    Arguments(#[from] ArgumentsError),
    /// A setter of an answer.
    #[error(transparent)]
    Set(#[from] SetError),
    /// A setter's bytes that are not text.
    #[error("{}: the value is not UTF-8 text; write bytes as hex:00ff", Quoted(.0))]
    NotText(String),
    /// A file that is named.
    #[error("{0}")]
    File(ReaderError),
    /// An answer without wire form.
    #[error("the answer cannot be encoded: {0}")]
    Encode(protobuf::Error),
}

fn other_command(nearest: &[String]) -> String {
    match nearest {
        [] => "; help lists them".to_owned(),
        _ => did_you_mean(nearest),
    }
}
