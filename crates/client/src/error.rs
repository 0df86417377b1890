//! What can go wrong in a call, with its wording. Whoever shows an error adds which RPC it was.

use std::fmt;
use std::time::Duration;

use agent_text::{hex, reason};
use agent_wire::WireError;

use nix::errno::Errno;
use thiserror::Error;

use crate::layout::{HEADER_LENGTH, LARGEST_DATA};
use crate::status::Status;

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// The call's own deadline passed.
    #[error("{}", late(.stage, .after))]
    Timeout {
        /// The time that the call was given.
        after: Duration,
        /// How far it had come.
        stage: Stage,
    },
    /// The other side closed the connection.
    #[error("the agent closed the connection {stage}")]
    Closed {
        /// How far the call had come.
        stage: Stage,
    },
    /// The other side reset the connection.
    #[error("the agent reset the connection {stage}")]
    Reset {
        /// How far the call had come.
        stage: Stage,
    },
    /// What came is not ttRPC.
    #[error("the agent broke the ttRPC protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// The agent answered with an error. Its message is not shown here: it is not to be
    /// trusted, and may be long.
    #[error("the agent answered code: {0}")]
    Status(Status),
    /// The frame would be over the limit; nothing of it was sent, and the
    /// connection is as good as before.
    #[error("the message takes {size} bytes in a ttRPC frame, and at most {limit} fit")]
    TooLarge {
        /// The size of the frame's data, in bytes.
        size: usize,
        /// The largest size that may be sent.
        limit: usize,
    },
    /// SIGINT or SIGTERM came.
    #[error("interrupted")]
    Interrupted,
    /// The socket failed in some other way.
    #[error("the connection failed {stage}: {}", reason(&(*.errno).into()))]
    Io {
        /// How far the call had come.
        stage: Stage,
        /// The system's error.
        errno: Errno,
    },
    /// All stream IDs are used: a new connection starts again at 1.
    #[error("all stream IDs of this connection are used, connect again")]
    StreamIdsUsedUp,
    /// The connection was lost or left in the middle of a frame before.
    #[error("the connection is no longer usable, connect again")]
    Unusable,
    /// A message was to be sent on a stream that has ended. The receiving side
    /// tells how it ended.
    #[error("the stream has ended")]
    StreamEnded,
}

/// What a failure is about, whatever its details: one exit status each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection, or it was lost.
    Connection,
    /// What came is not ttRPC.
    Protocol,
    /// The deadline passed.
    Timeout,
    /// The agent answered with this code.
    Status(i32),
    /// The request is over the limit, and was not sent.
    TooLarge,
    /// SIGINT or SIGTERM came.
    Interrupted,
}

impl CallError {
    /// What the failure is about.
    pub fn kind(&self) -> ErrorKind {
        match self {
            CallError::Timeout { .. } => ErrorKind::Timeout,
            CallError::Closed { .. }
            | CallError::Reset { .. }
            | CallError::Io { .. }
            | CallError::StreamIdsUsedUp
            | CallError::Unusable
            | CallError::StreamEnded => ErrorKind::Connection,
            CallError::Protocol(_) => ErrorKind::Protocol,
            CallError::Status(status) => ErrorKind::Status(status.code),
            CallError::TooLarge { .. } => ErrorKind::TooLarge,
            CallError::Interrupted => ErrorKind::Interrupted,
        }
    }
}

/// How far a call had come when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The request or a message was not wholly sent.
    Sending,
    /// It was sent, and no byte of the answer had come.
    Waiting,
    /// A stream was open, and no byte of its next frame had come.
    Streaming,
    /// These bytes of a frame header had come.
    Header(Vec<u8>),
    /// Some of a frame's data had come.
    Data {
        /// Bytes of data that came.
        received: usize,
        /// Bytes of data that the header announced.
        expected: usize,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Sending => f.write_str("while the request was sent"),
            Stage::Waiting => f.write_str("before it answered"),
            Stage::Streaming => f.write_str("before the stream ended"),
            Stage::Header(bytes) => write!(
                f,
                "inside a frame header, after {} of {HEADER_LENGTH} bytes: {}",
                bytes.len(),
                hex::excerpt(bytes)
            ),
            Stage::Data { received, expected } => write!(
                f,
                "inside the data of a frame, after {received} of {expected} bytes"
            ),
        }
    }
}

fn late(stage: &Stage, after: &Duration) -> String {
    match stage {
        Stage::Sending => format!("the request was not taken within {after:?}"),
        Stage::Waiting => format!("no answer within {after:?}"),
        Stage::Streaming => format!("the stream did not end within {after:?}"),
        Stage::Header(_) | Stage::Data { .. } => {
            format!("no whole answer within {after:?}: it stopped {stage}")
        }
    }
}

/// What came over the connection although ttRPC does not allow it. `header` is always the ten
/// bytes of the frame's header as they came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The header announces more data than a frame may have.
    #[error("a frame header announces {length} bytes, and at most {LARGEST_DATA} are allowed: {}", hex::excerpt(.header))]
    TooLong {
        /// The announced length.
        length: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame's type is none that ttRPC has.
    #[error("a frame has the unknown type {type_}: {}", hex::excerpt(.header))]
    UnknownType {
        /// The type.
        type_: u8,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame is a request, which only a client sends.
    #[error("a request frame came from the agent: {}", hex::excerpt(.header))]
    UnexpectedRequest {
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame belongs to no call that waits for one.
    #[error("a frame for stream {stream_id} came, and the call is stream {expected}: {}", hex::excerpt(.header))]
    WrongStream {
        /// The frame's stream ID.
        stream_id: u32,
        /// The stream ID of the call that waits.
        expected: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame was there before the request that it belongs to was sent.
    #[error("a frame for stream {stream_id} came before the call's request was sent: {}", hex::excerpt(.header))]
    TooEarly {
        /// The frame's stream ID.
        stream_id: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame belongs to none of the calls that wait for one.
    #[error("a frame came for stream {stream_id}, which no call is waiting for: {}", hex::excerpt(.header))]
    UnknownStream {
        /// The frame's stream ID.
        stream_id: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// A data frame came where the agent does not stream.
    #[error("a data frame came where only a response may: {}", hex::excerpt(.header))]
    UnexpectedData {
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// A data frame has data although its flags say that it has none.
    #[error(
        "a data frame has {length} bytes, but its flags say that it has no data: {}",
        hex::excerpt(.header)
    )]
    DataDenied {
        /// The bytes of data.
        length: usize,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The data of a response frame is not the message that it has to be.
    #[error(
        "the {} bytes of a response frame are not a response ({reason}): {}",
        .data.len(), hex::excerpt(.data)
    )]
    BadResponse {
        /// What is wrong with it, and where in the data.
        reason: WireError,
        /// The frame's data.
        data: Vec<u8>,
    },
    /// A response is not the message that the RPC answers. Payloads are bytes to this crate, so
    /// only a caller that decodes them says so.
    #[error("the {} bytes of a response are not the message that they have to be ({reason}): {}", .data.len(), hex::excerpt(.data))]
    BadMessage {
        /// What the decoder says.
        reason: String,
        /// The response, encoded.
        data: Vec<u8>,
    },
}
