//! What ends a command: one message, the field it is about, and an exit status. The errors
//! are typed and worded where they arise, and become this one on their way to the user.

mod failure;

use std::fmt;
use std::io;

use agent_bundle::ConfigError;

use agent_client::interrupt::Interrupted;
use agent_client::transport::AddressError;
use agent_client::{CallError, ConnectError, ErrorKind, Status};
use agent_schema::Schema;
use agent_schema::command::{ArgumentsError, WordsError};
use agent_schema::json::{self, JsonError};
use agent_schema::lookup::LookupError;
use agent_schema::path::SetError;
use agent_schema::printer::RawError;

pub use failure::{ErrorFormat, Failure};

/// Why a command failed.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    /// What is wrong. For an agent's error status, what to tell before its words.
    message: String,
    /// The field or parameter it is about, as a path in the request.
    path: Option<String>,
    /// The agent's own words.
    status: Option<Box<Status>>,
    /// What the agent sent with them, each as JSON.
    details: Vec<String>,
    /// What to tell after them.
    hint: String,
}

/// The families of errors, each with its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Standard output or a file could not be written.
    Output,
    /// An answer has no form in the output format.
    NoForm,
    /// The reader of standard output has gone, which is not a mistake.
    ReaderGone,
    /// Something given is wrong; nothing was sent.
    Usage,
    /// No connection, or it was lost.
    Connection,
    /// What came is not ttRPC, or not the message it should be.
    Protocol,
    /// A deadline passed.
    Timeout,
    /// The agent answered with this status code.
    Status(i32),
    /// A load test's figures are beyond a limit.
    Limit,
    /// The user stopped it.
    Interrupted,
}

impl Kind {
    /// The kind of a failed write to standard output.
    pub fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::ReaderGone,
            _ => Kind::Output,
        }
    }

    /// The name in a JSON error.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Output => "output",
            Kind::NoForm => "no_form",
            Kind::ReaderGone => "reader_gone",
            Kind::Usage => "usage",
            Kind::Connection => "connection",
            Kind::Protocol => "protocol",
            Kind::Timeout => "timeout",
            Kind::Status(_) => "status",
            Kind::Limit => "limit",
            Kind::Interrupted => "interrupted",
        }
    }

    /// The exit status of a command that ends with it.
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::Output | Kind::NoForm => 1,
            Kind::Usage => 2,
            Kind::Connection | Kind::Protocol => 3,
            Kind::Timeout => 4,
            Kind::Limit => 5,
            Kind::Status(code @ 1..=127) => u8::try_from(code).map_or(192, |code| 64 + code),
            Kind::Status(_) => 192,
            Kind::Interrupted => 130,
            // That of a program that SIGPIPE ends.
            Kind::ReaderGone => 141,
        }
    }
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Connection => Kind::Connection,
            ErrorKind::Protocol => Kind::Protocol,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Status(code) => Kind::Status(code),
            ErrorKind::TooLarge => Kind::Usage,
            ErrorKind::Interrupted => Kind::Interrupted,
        }
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            path: None,
            status: None,
            details: Vec::new(),
            hint: String::new(),
        }
    }

    /// Something that was given is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Standard output takes no more.
    pub fn output(error: &io::Error) -> Self {
        let reason = agent_text::reason(error);
        let message = format_args!("cannot write to standard output: {reason}");
        Self::new(Kind::of_output(error), message)
    }

    /// The same error, about the field or parameter at this path. An empty path is none.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into()).filter(|path| !path.is_empty());
        self
    }

    /// The same error, with the place it happened in before its message.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The same error, with this after its message.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same error, with the details of the agent's status as messages of this API where
    /// it has their types.
    #[must_use]
    pub fn with_details(mut self, schema: &'static Schema) -> Self {
        let details = self.status.iter().flat_map(|status| &status.details);
        let details = details.map(|detail| {
            let mut text = Vec::new();
            json::write_any(&detail.type_url, &detail.value, schema, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        self.details = details.collect();
        self
    }

    /// The family of this error.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The agent's own words, if it answered with an error status.
    pub fn status(&self) -> Option<&Status> {
        self.status.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, hint, .. } = self;
        match &self.status {
            Some(status) => write!(
                formatter,
                "{message}the agent answered code: {status}{hint}"
            ),
            None => write!(formatter, "{message}{hint}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        let kind = error.kind().into();
        match error {
            CallError::Status(status) => Self {
                status: Some(Box::new(status)),
                ..Self::new(kind, "")
            },
            error => Self::new(kind, error),
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::new(error.kind().into(), error)
    }
}

impl From<Interrupted> for Error {
    fn from(interrupted: Interrupted) -> Self {
        Self::new(Kind::Interrupted, interrupted)
    }
}

impl From<SetError> for Error {
    fn from(error: SetError) -> Self {
        Self::usage(&error).at(error.culprit())
    }
}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::usage(&error).at(error.culprit())
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::usage(format_args!("cannot get random bytes for an ID: {error}"))
    }
}

impl From<protobuf::Error> for Error {
    fn from(error: protobuf::Error) -> Self {
        Self::usage(format_args!("the request cannot be encoded: {error}"))
    }
}

#[cfg(feature = "node")]
impl From<agent_node::SelectError> for Error {
    fn from(error: agent_node::SelectError) -> Self {
        use agent_node::SelectError::{NoContainer, NoSandbox, NothingSeen};

        let hint = match error {
            NoSandbox(_) | NoContainer(_) => "; \"kata-agent-ctl sandboxes\" lists what there is",
            NothingSeen(_) => "; run this as root",
            _ => "",
        };
        Self::usage(error).with_hint(hint)
    }
}

#[cfg(feature = "policy")]
impl From<agent_policy::JudgeError> for Error {
    fn from(error: agent_policy::JudgeError) -> Self {
        match error {
            agent_policy::JudgeError::Timeout(_) => Self::new(Kind::Timeout, error),
            error => Self::usage(error),
        }
    }
}

/// Errors of what was given, with nothing to add to their text.
macro_rules! usage {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::usage(error)
            }
        })+
    };
}

usage!(
    AddressError,
    ArgumentsError,
    ConfigError,
    LookupError,
    RawError,
    WordsError,
);
#[cfg(feature = "policy")]
usage!(agent_policy::RequestError, agent_policy::SourceError);
