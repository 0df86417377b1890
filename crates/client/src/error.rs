//! What can go wrong in a call, with its wording. Whoever shows an error adds which RPC it was.

use std::fmt::{self, Write};
use std::time::Duration;

use agent_wire::WireError;

use nix::errno::Errno;
use thiserror::Error;

use crate::frame::{HEADER_LENGTH, LARGEST_DATA};
use crate::response::Status;

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
    #[error("the connection failed {stage}: {}", .errno.desc())]
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
                hex_excerpt(bytes)
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
    #[error("a frame header announces {length} bytes, and at most {LARGEST_DATA} are allowed: {}", hex_excerpt(.header))]
    TooLong {
        /// The announced length.
        length: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame's type is none that ttRPC has.
    #[error("a frame has the unknown type {type_}: {}", hex_excerpt(.header))]
    UnknownType {
        /// The type.
        type_: u8,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame is a request, which only a client sends.
    #[error("a request frame came from the agent: {}", hex_excerpt(.header))]
    UnexpectedRequest {
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame belongs to no call that waits for one.
    #[error("a frame for stream {stream_id} came, and the call is stream {expected}: {}", hex_excerpt(.header))]
    WrongStream {
        /// The frame's stream ID.
        stream_id: u32,
        /// The stream ID of the call that waits.
        expected: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame was there before the call that it belongs to was made.
    #[error("a frame for stream {stream_id} came before the call was made: {}", hex_excerpt(.header))]
    TooEarly {
        /// The frame's stream ID.
        stream_id: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The frame belongs to none of the calls that wait for one.
    #[error("a frame for stream {stream_id} came, which no call waits for: {}", hex_excerpt(.header))]
    UnknownStream {
        /// The frame's stream ID.
        stream_id: u32,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// A data frame came where the agent does not stream.
    #[error("a data frame came where only a response may: {}", hex_excerpt(.header))]
    UnexpectedData {
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// A data frame has data although its flags say that it has none.
    #[error("a data frame has {length} bytes, and its flags say that it has no data: {}", hex_excerpt(.header))]
    DataDenied {
        /// The bytes of data.
        length: usize,
        /// The header.
        header: [u8; HEADER_LENGTH],
    },
    /// The data of a response frame is not the message that it has to be.
    #[error("the {} bytes of a response frame are no response ({reason}): {}", .data.len(), hex_excerpt(.data))]
    BadResponse {
        /// What is wrong with it, and where in the data.
        reason: WireError,
        /// The frame's data.
        data: Vec<u8>,
    },
}

/// At most so many bytes of what came are shown.
const SHOWN: usize = 32;

/// Bytes for one line of an error message: in hexadecimal, and as text too where they are
/// plain text: `48 54 54 50 ("HTTP")`. What is beyond the first 32 is only counted.
pub fn hex_excerpt(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let mut text = String::with_capacity(4 * SHOWN);
    for byte in shown {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    if !rest.is_empty() {
        let _ = write!(text, " and {} more bytes", rest.len());
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    if shown.len() > 3 && shown.iter().all(is_text) {
        let _ = write!(text, " (\"{}\")", shown.escape_ascii());
    }
    text
}

/// Bytes as quoted text with escapes: `"NO\r"`. What is beyond the first 32 is only counted.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let mut text = format!("\"{}\"", shown.escape_ascii());
    if !rest.is_empty() {
        let _ = write!(text, " and {} more bytes", rest.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{hex_excerpt, quoted};

    #[test]
    fn short_bytes_are_shown_whole() {
        assert_eq!(hex_excerpt(&[]), "");
        assert_eq!(hex_excerpt(&[0, 0x1f, 0xff]), "00 1f ff");
        assert_eq!(
            hex_excerpt(b"HTTP/1\r\n"),
            "48 54 54 50 2f 31 0d 0a (\"HTTP/1\\r\\n\")"
        );
        assert_eq!(quoted(b"a\"\x1b[0m\xff"), "\"a\\\"\\x1b[0m\\xff\"");
    }

    #[test]
    fn long_bytes_are_cut_and_counted() {
        assert_eq!(
            hex_excerpt(&[0xaa; 34]),
            format!("{} and 2 more bytes", ["aa"; 32].join(" "))
        );
        assert_eq!(
            quoted(&[b'x'; 33]),
            format!("\"{}\" and 1 more bytes", "x".repeat(32))
        );
    }
}
