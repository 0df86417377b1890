//! Why a text is not a command, with the wording.

use agent_text::escape;

use crate::json::JsonError;

/// Why a text cannot be cut into words.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A quote is opened and never closed.
    #[error("the quote {quote} at column {column} is not closed")]
    UnclosedQuote {
        /// The quote character.
        quote: char,
        /// Where it stands, in characters from 1.
        column: usize,
    },
    /// The text ends in a backslash that escapes nothing.
    #[error("there is nothing after the backslash at the end; write two for a backslash")]
    TrailingBackslash,
    /// `\x` without two hexadecimal digits.
    #[error("\\x at column {column} must be followed by two hexadecimal digits")]
    BadHexEscape {
        /// Where it stands, in characters from 1.
        column: usize,
    },
    /// JSON that is directly followed by something else.
    #[error(
        "white space must follow the JSON value that ends before column {column}, not {found:?}"
    )]
    TextAfterJson {
        /// The column after the value, in characters from 1.
        column: usize,
        /// What stands there.
        found: char,
    },
    /// The text after `json://` is not JSON.
    #[error("json://: {0}")]
    Json(JsonError),
    /// Bytes that are not UTF-8 where text is needed.
    #[error("the word at column {column} is not UTF-8 text")]
    NotText {
        /// Where it begins, in characters from 1.
        column: usize,
    },
}

/// Why words are not the arguments of an RPC.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentsError {
    /// The text cannot be cut into words.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A word that is neither.
    #[error(
        "{0:?} is neither field=value nor a document (json://{{...}} or file:///path.json){meant}",
        meant = meant(.0)
    )]
    Plain(String),
    /// White space stands before the `=` of a setter.
    #[error(
        "white space stands before the = after {0:?}: write field=value, with quotes around a \
         value that has white space"
    )]
    Apart(String),
    /// A value that begins like JSON but is not, and was cut at white space.
    #[error("{}: {reason}", escape::line(path))]
    NotJson {
        /// The setter's path, as typed.
        path: String,
        /// Why the value is not JSON.
        reason: Box<JsonError>,
    },
    /// There is a document already.
    #[error("there are two documents; give one, and setters after it")]
    SecondDocument,
    /// The document comes after a setter.
    #[error("the document must come before the setters, which change it")]
    DocumentAfterSetter,
}

/// What may be meant by a word that is not an argument, for the end of its error. The word has
/// lost its quotes, so JSON is not shown again.
fn meant(word: &str) -> String {
    match word.split_once(':') {
        Some(("json", _)) => "; did you mean json://{...}?".to_owned(),
        Some(("file", rest)) => format!("; did you mean {:?}?", format!("file://{rest}")),
        _ if word.starts_with('{') => "; write json:// before it".to_owned(),
        Some((_, rest)) if rest.starts_with("//") => String::new(),
        Some((name, value)) if !name.is_empty() && !name.contains(['{', '"', '/']) => {
            format!("; did you mean {:?}?", format!("{name}={value}"))
        }
        _ => String::new(),
    }
}
