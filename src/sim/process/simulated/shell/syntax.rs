//! What a script is made of, as the grammar of POSIX names it. Plain values:
//! whoever reads or runs them is elsewhere.

/// A command line: pipelines, each run or not for how the one before ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) pipelines: Vec<(Link, Pipeline)>,
    /// Nobody waits for it.
    pub(super) background: bool,
}

/// When a pipeline is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Always,
    /// After success.
    And,
    /// After failure.
    Or,
}

/// Commands, each of which reads what the one before writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline {
    /// Success and failure change places.
    pub(super) negated: bool,
    pub(super) commands: Vec<Command>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) kind: Kind,
    pub(super) redirects: Vec<Redirect>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Simple {
        assignments: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    Group(Vec<Item>),
    Subshell(Vec<Item>),
    If {
        /// Conditions and what follows from them.
        branches: Vec<(Vec<Item>, Vec<Item>)>,
        otherwise: Vec<Item>,
    },
    While {
        /// It goes on for as long as the condition fails.
        until: bool,
        condition: Vec<Item>,
        body: Vec<Item>,
    },
    For {
        name: String,
        /// None for those of the command line.
        words: Option<Vec<Word>>,
        body: Vec<Item>,
    },
}

/// A stream that goes elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// Its number, 0 to 9.
    pub(super) stream: u8,
    pub(super) to: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Read(Word),
    Write(Word),
    /// Where the stream of this number goes.
    Stream(Word),
}

/// A word before its expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it is. An empty one that was quoted makes a word.
    Text(String),
    /// What stands behind a `$`.
    Expansion {
        /// Within double quotes, where it is not split.
        quoted: bool,
        what: Expansion,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expansion {
    /// A variable or parameter by its name.
    Value(String),
    /// The same, or a word if there is none.
    Default {
        name: String,
        /// An empty one counts as none.
        or_empty: bool,
        word: Word,
    },
    /// The length of a value.
    Length(String),
    /// What commands write.
    Output(Vec<Item>),
}

/// Why a text is no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It ends too early.
    Incomplete,
    /// This stands where it may not.
    Unexpected(String),
    /// The simulated shell has no such thing.
    Unknown(&'static str),
    /// Blocks within blocks within blocks.
    TooDeep,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::Incomplete => write!(f, "syntax error: unexpected end of file"),
            Problem::Unexpected(text) => write!(f, "syntax error: unexpected \"{text}\""),
            Problem::Unknown(what) => write!(f, "syntax error: {what} is not simulated"),
            Problem::TooDeep => write!(f, "syntax error: too many blocks within one another"),
        }
    }
}
