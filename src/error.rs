//! Every error that ends a command, with its exit status. The errors themselves
//! are worded where they arise; here they are only told apart.

mod failure;
mod statuses;

use std::io;

use agent_bundle::ConfigError;

use crate::builtin::BuiltInError;
use crate::client::{CallError, ConnectError, ErrorKind, Status};
use crate::command::{ArgumentsError, WordsError};
use crate::conveniences::{ConvenienceError, CopyError};
use crate::examples::NoTopic;
use crate::input::InputError;
use crate::printer::{PrintError, RawError};
use crate::schema::json::JsonError;
use crate::schema::lookup::LookupError;
use crate::schema::path::SetError;
#[cfg(feature = "sim")]
use crate::serve::{BindError, ServeError};
use crate::text::excerpt::Excerpt;
use crate::text::hex;
use crate::transport::AddressError;
#[cfg(feature = "sim")]
use agent_faults::FaultError;

pub use failure::Failure;
pub use statuses::{EXIT_STATUSES, listed};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line.
    #[error("{0}")]
    Usage(String),
    /// The address of the agent, or of `serve`.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No such RPC, message or built-in command.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// No such topic of examples.
    #[error(transparent)]
    Examples(#[from] NoTopic),
    /// A built-in command's words.
    #[error(transparent)]
    BuiltIn(#[from] BuiltInError),
    /// A built-in command's text.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A call's words.
    #[error(transparent)]
    Arguments(#[from] ArgumentsError),
    /// A setter.
    #[error(transparent)]
    Set(#[from] SetError),
    /// Neither a signal's name nor a number.
    #[error("{path}: {text:?} is neither a signal's name, such as SIGUSR1 or term, nor a number")]
    Signal {
        /// The field.
        path: &'static str,
        /// What was given.
        text: String,
    },
    /// Bytes that are no text, for a field that holds text.
    #[error(
        "{path}: the value is not UTF-8 text (the byte at offset {offset} is wrong), and only \
             a bytes field takes other bytes"
    )]
    NotText {
        /// The field.
        path: String,
        /// Where the first wrong byte stands, from 0.
        offset: usize,
    },
    /// A document.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A document in a file.
    #[error("{name:?}: {error}")]
    Document {
        /// The file's name as given.
        name: String,
        /// What is wrong in it.
        error: Box<JsonError>,
    },
    /// A convenience's parameters.
    #[error(transparent)]
    Convenience(#[from] ConvenienceError),
    /// An OCI configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file or standard input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// `-o raw` on a response that has no one field for it.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// The operating system gives no random bytes.
    #[error("cannot get random bytes for an ID: {0}")]
    Random(getrandom::Error),
    /// A message that the format cannot show.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// The request has no wire form.
    #[error("the request cannot be encoded: {0}")]
    Encode(protobuf::Error),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A call that was sent, or could not be.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A call that sent one piece of something.
    #[error("{of:?} at offset {offset}: {error}")]
    Piece {
        /// What it was a piece of, such as a file's name.
        of: String,
        /// Where in it the piece begins, in bytes.
        offset: u64,
        /// How the call failed.
        error: Box<Error>,
    },
    /// The agent does not have the RPC that was called.
    #[error("{error}")]
    NoSuchRpc {
        /// The RPC's name.
        rpc: &'static str,
        /// The version that the agent reports, if it does, as it came.
        version: Option<String>,
        /// What the agent answered.
        error: Box<Error>,
    },
    /// A message of a stream that stood in a line of standard input.
    #[error("standard input, line {line}: {}", reason_in_line(error))]
    Message {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// The answer is not the message that the RPC answers.
    #[error(
        "the {} bytes of the answer are not a {message} ({reason}): {}",
        .data.len(), hex::excerpt(.data)
    )]
    Response {
        /// Full name of the response's type.
        message: &'static str,
        /// What is wrong with it.
        reason: String,
        /// The message as it came.
        data: Vec<u8>,
    },
    /// A rule of the simulated agent for what goes wrong.
    #[cfg(feature = "sim")]
    #[error("{place}: {error}")]
    Fault {
        /// The flag, or the file and the line.
        place: String,
        /// What is wrong with it.
        error: Box<FaultError>,
    },
    /// The simulated agent's server.
    #[cfg(feature = "sim")]
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A load test without connections, or that cannot watch them.
    #[error("{0}")]
    NoConnection(String),
    /// Conditions under which a load test has failed.
    #[error("--fail-if {}", .0.join(", --fail-if "))]
    Limit(Vec<String>),
    /// A file that cannot be written.
    #[error("cannot write {name:?}: {reason}")]
    Write {
        /// The file's name as given.
        name: String,
        /// What the operating system says.
        reason: String,
    },
    /// Standard output takes no more.
    #[error("cannot write to standard output: {}", crate::input::reason(.0))]
    Output(io::Error),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// The families of errors, each with its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Standard output could not be written.
    Output,
    /// Whoever read standard output has gone, which is no one's mistake.
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

impl From<CopyError> for Error {
    fn from(error: CopyError) -> Self {
        ConvenienceError::Copy(error).into()
    }
}

impl Kind {
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Connection => Kind::Connection,
            ErrorKind::Protocol => Kind::Protocol,
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Status(code) => Kind::Status(code),
            ErrorKind::TooLarge => Kind::Usage,
            ErrorKind::Interrupted => Kind::Interrupted,
        }
    }

    /// That of a failed write to standard output.
    fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::ReaderGone,
            _ => Kind::Output,
        }
    }

    /// The name in a JSON error.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Output => "output",
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

    /// The exit status, as [`EXIT_STATUSES`] lists them.
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::Output => 1,
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

impl Error {
    /// The family of this error.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Usage(_)
            | Error::Address(_)
            | Error::Lookup(_)
            | Error::Examples(_)
            | Error::BuiltIn(_)
            | Error::Words(_)
            | Error::Arguments(_)
            | Error::Set(_)
            | Error::NotText { .. }
            | Error::Json(_)
            | Error::Document { .. }
            | Error::Signal { .. }
            | Error::Convenience(_)
            | Error::Config(_)
            | Error::Print(_)
            | Error::Input(_)
            | Error::Raw(_)
            | Error::Random(_)
            | Error::Encode(_) => Kind::Usage,
            Error::Output(error) => Kind::of_output(error),
            Error::Write { .. } => Kind::Output,
            #[cfg(feature = "sim")]
            Error::Fault { .. } => Kind::Usage,
            #[cfg(feature = "sim")]
            Error::Serve(error) => match error {
                ServeError::Bind {
                    reason: BindError::Scheme,
                    ..
                } => Kind::Usage,
                ServeError::Output(error) => Kind::of_output(error),
                _ => Kind::Connection,
            },
            Error::NoConnection(_) => Kind::Connection,
            Error::Limit(_) => Kind::Limit,
            Error::Response { .. } => Kind::Protocol,
            Error::Connect(error) => Kind::of(error.kind()),
            Error::Interrupted => Kind::Interrupted,
            Error::Call(error) => Kind::of(error.kind()),
            Error::Piece { error, .. }
            | Error::NoSuchRpc { error, .. }
            | Error::Message { error, .. } => error.kind(),
        }
    }

    /// The same error, of a message in this line of standard input.
    #[must_use]
    pub fn in_line(self, line: usize) -> Self {
        Error::Message {
            line,
            error: Box::new(self),
        }
    }

    /// The field it is about, as a path in the request.
    fn path(&self) -> Option<String> {
        let path = match self {
            Error::Set(error) => error.culprit(),
            Error::Message { error, .. } => return error.path(),
            Error::Json(error) => error.culprit(),
            Error::Document { error, .. } => error.culprit(),
            Error::NotText { path, .. } => path.clone(),
            Error::Signal { path, .. } => (*path).to_owned(),
            Error::Convenience(error) => error.parameter().to_owned(),
            _ => String::new(),
        };
        (!path.is_empty()).then_some(path)
    }

    /// Of what a piece was sent, and which one, to stand before what the agent said.
    fn piece(&self) -> String {
        match self {
            Error::Piece { of, offset, .. } => format!("{of:?} at offset {offset}: "),
            Error::NoSuchRpc { error, .. } => error.piece(),
            _ => String::new(),
        }
    }

    /// What is known of the agent beyond what it said, to stand after that.
    fn hint(&self) -> String {
        match self {
            Error::NoSuchRpc { rpc, version, .. } => {
                let version = version
                    .as_deref()
                    .map(|version| format!(", and reports version {}", Excerpt(version)));
                let version = version.unwrap_or_default();
                format!("; this agent does not have {rpc}{version}")
            }
            _ => String::new(),
        }
    }

    /// The agent's word for it, if it is one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Error::Call(CallError::Status(status)) => Some(status),
            Error::Piece { error, .. } | Error::NoSuchRpc { error, .. } => error.status(),
            _ => None,
        }
    }
}

/// What is wrong with a line, whose number and origin are told already.
fn reason_in_line(error: &Error) -> String {
    match error {
        Error::Json(error) => error.in_one_line(),
        Error::Input(InputError::Read { reason, .. }) => reason.clone(),
        error => error.to_string(),
    }
}
