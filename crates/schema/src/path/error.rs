//! What a user reads about a path that is wrong, and about a setter that cannot be
//! carried out.

use agent_text::excerpt::Excerpt;

use crate::json::JsonError;
use crate::lookup::LookupError;
use crate::value::ValueError;

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path {}: {problem} at character {position}", Excerpt(.path))]
pub struct PathError {
    /// The path as given.
    pub path: String,
    /// Which character of it the problem is at, counted from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: PathProblem,
}

/// What can be wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing where a name must be.
    #[error("a field name is missing")]
    NoName,
    /// `[` without its `]`.
    #[error("no \"]\" closes the \"[\"")]
    Unclosed,
    /// `[]`.
    #[error("an index or a key is missing in \"[]\"")]
    NoKey,
    /// A key begins with a double quote and is not a JSON string.
    #[error("the quoted key is not a JSON string")]
    BadString,
    /// A character that cannot stand there.
    #[error("unexpected {0:?}")]
    Unexpected(char),
}

/// Why a setter was refused, and where.
#[derive(Debug, thiserror::Error)]
#[error("{path}{}{problem}", if .path.is_empty() { "" } else { ": " })]
pub struct SetError {
    /// The path in the proto's names, up to where it is wrong; empty for the message
    /// itself.
    pub path: String,
    /// What is wrong there.
    pub problem: SetProblem,
}

impl SetError {
    pub(super) fn new(path: &str, problem: impl Into<SetProblem>) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    /// The path of what is wrong; of an unknown name, with that name.
    pub fn culprit(&self) -> String {
        let unknown = match &self.problem {
            SetProblem::Json(error) if !error.path().is_empty() => return error.culprit(),
            SetProblem::Name(LookupError::UnknownField { name, .. }) => name,
            SetProblem::NoEntry { name, .. } => name,
            _ => return self.path.clone(),
        };
        match self.path.as_str() {
            "" => unknown.clone(),
            path => format!("{path}.{unknown}"),
        }
    }
}

/// What can be wrong with a setter.
#[derive(Debug, thiserror::Error)]
pub enum SetProblem {
    /// The path's text.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A name in the path.
    #[error(transparent)]
    Name(#[from] LookupError),
    /// The value's text.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The value is JSON that does not fit.
    #[error("{}", .0.problem())]
    Json(Box<JsonError>),
    /// A map's key.
    #[error("bad key: {0}")]
    Key(ValueError),
    /// Text in brackets after a list that is not an index.
    #[error("{} is not an index (0, 1, 2, ...)", Excerpt(.0))]
    Index(String),
    /// An index beyond the end of the list.
    #[error("the index is beyond the end of the list; its length is {len}, so index {len} appends")]
    BeyondEnd {
        /// How many elements there are.
        len: usize,
    },
    /// Brackets after something that has no elements.
    #[error("it is neither a list nor a map, and cannot have [...]")]
    NoElements,
    /// A name or a key of the user's own after a message that JSON writes as a
    /// plain object or list.
    #[error("{message} has no field {}; write {whole} or {part}", Excerpt(.name))]
    NoEntry {
        /// The name or key.
        name: String,
        /// Full name of the message.
        message: &'static str,
        /// A setter of the whole that would be right.
        whole: String,
        /// A setter of the entry that would be right.
        part: String,
    },
    /// A field's name after something that has no fields.
    #[error("{0} has no fields")]
    NoFields(String),
    /// A field's name after a list or map, with no element named.
    #[error("it is a {kind}; name one of its elements, as in {example}")]
    NoElementNamed {
        /// `list` or `map`.
        kind: &'static str,
        /// A path that would be right.
        example: String,
    },
    /// A list's element cannot be unset.
    #[error("an element of a list cannot be null")]
    NullElement,
    /// Plain text for what has fields or elements.
    #[error("{} is not {expected}; give one, or a part of it as in {example}", Excerpt(.text))]
    NotJson {
        /// The value as given.
        text: String,
        /// What it had to be.
        expected: &'static str,
        /// A setter that would be right.
        example: String,
    },
    /// More messages within each other than protobuf decodes.
    #[error("the path leads through more than {limit} messages")]
    TooDeep {
        /// The most there may be.
        limit: usize,
    },
    /// A field does not hold what its description says. No input causes this.
    #[error("the field does not hold what the table says")]
    Table,
}
