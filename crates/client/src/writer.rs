//! Frames on their way out. A payload goes to the socket straight from its caller's memory,
//! beside an envelope in buffers that are used again.

use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, sendmsg, shutdown};

use crate::call::Call;
use crate::deadline::Deadline;
use crate::error::{CallError, ErrorKind, Stage};
use crate::frame::{check_size, header};
use crate::interrupt::Stop;
use crate::layout::{
    FLAG_NO_DATA, FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN, HEADER_LENGTH, TYPE_DATA, TYPE_REQUEST,
};

/// How a request begins its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// One request, one answer.
    Unary,
    /// One request, answers as they come.
    ServerStream,
    /// A request without a message; the messages follow as data frames.
    ClientStream,
}

impl Opening {
    fn flags(self) -> u8 {
        match self {
            Opening::Unary => 0,
            Opening::ServerStream => FLAG_REMOTE_CLOSED,
            // Without the second flag the ttrpc crate's server takes the missing
            // message for an empty one.
            Opening::ClientStream => FLAG_REMOTE_OPEN | FLAG_NO_DATA,
        }
    }
}

/// How long a write may take, and what ends it early.
pub(crate) struct Until<'a> {
    /// The deadline of its call.
    pub(crate) deadline: &'a Deadline,
    /// What else is looked at while the socket takes nothing.
    pub(crate) waiting: Waiting<'a>,
}

/// What is looked at beside the socket's room.
pub(crate) enum Waiting<'a> {
    /// What comes is read by this; its error ends the write.
    Reading(&'a mut dyn FnMut() -> Result<(), CallError>),
    /// A descriptor whose other end is closed when the stream ends that the write is for. What
    /// comes is read on another thread.
    Unless(BorrowedFd<'a>),
}

impl Until<'_> {
    fn wait_writable(&mut self, socket: BorrowedFd<'_>) -> Result<(), CallError> {
        let other = match &self.waiting {
            Waiting::Reading(_) => socket,
            Waiting::Unless(end) => *end,
        };
        let stage = Stage::Sending;
        match self.deadline.wait_writable_or(socket, other) {
            Ok(true) => Ok(()),
            Ok(false) => match &mut self.waiting {
                Waiting::Reading(read) => read().map_err(|error| match error {
                    CallError::Closed {
                        stage: Stage::Waiting,
                    } => CallError::Closed { stage },
                    CallError::Reset {
                        stage: Stage::Waiting,
                    } => CallError::Reset { stage },
                    error => error,
                }),
                Waiting::Unless(_) => Err(CallError::StreamEnded),
            },
            Err(Stop::Interrupted) => Err(CallError::Interrupted),
            Err(Stop::Failed(errno)) => Err(CallError::Io { stage, errno }),
            Err(Stop::Late) => Err(CallError::Timeout {
                after: self.deadline.limit(),
                stage,
            }),
        }
    }
}

/// Writes whole frames to a socket.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    socket: Arc<OwnedFd>,
    head: Vec<u8>,
    tail: Vec<u8>,
    broken: bool,
}

impl FrameWriter {
    pub(crate) fn new(socket: Arc<OwnedFd>) -> Self {
        FrameWriter {
            socket,
            head: Vec::new(),
            tail: Vec::new(),
            broken: false,
        }
    }

    /// Whether the connection was lost, or a frame was left unfinished, so that no other may
    /// follow.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Ends the connection in both directions; whoever waits on it notices.
    pub(crate) fn shut_down(&mut self) {
        self.broken = true;
        // One that is gone already is as good.
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }

    /// Sends the request that opens a stream.
    pub(crate) fn send_request(
        &mut self,
        stream_id: u32,
        opening: Opening,
        call: &Call<'_>,
        until: &mut Until<'_>,
    ) -> Result<(), CallError> {
        let payload = match opening {
            Opening::Unary | Opening::ServerStream => call.payload,
            Opening::ClientStream => &[],
        };
        self.begin();
        call.encode_around(payload.len(), &mut self.head, &mut self.tail);
        self.send(TYPE_REQUEST, opening.flags(), stream_id, payload, until)
    }

    /// Sends one message of a stream.
    pub(crate) fn send_message(
        &mut self,
        stream_id: u32,
        message: &[u8],
        until: &mut Until<'_>,
    ) -> Result<(), CallError> {
        self.begin();
        self.send(TYPE_DATA, 0, stream_id, message, until)
    }

    /// Ends this side of a stream.
    pub(crate) fn send_close(
        &mut self,
        stream_id: u32,
        until: &mut Until<'_>,
    ) -> Result<(), CallError> {
        self.begin();
        let flags = FLAG_REMOTE_CLOSED | FLAG_NO_DATA;
        self.send(TYPE_DATA, flags, stream_id, &[], until)
    }

    /// Empties the buffers, but for room for a header.
    fn begin(&mut self) {
        self.head.clear();
        self.head.resize(HEADER_LENGTH, 0);
        self.tail.clear();
    }

    /// Sends `head`, with the header where room is left for it, then `payload`, then `tail`.
    fn send(
        &mut self,
        type_: u8,
        flags: u8,
        stream_id: u32,
        payload: &[u8],
        until: &mut Until<'_>,
    ) -> Result<(), CallError> {
        let size = self.head.len() - HEADER_LENGTH + payload.len() + self.tail.len();
        let header = header(check_size(size)?, stream_id, type_, flags);
        self.head[..HEADER_LENGTH].copy_from_slice(&header);

        let mut parts = [&self.head, payload, &self.tail].map(IoSlice::new);
        let mut parts = &mut parts[..];
        let mut left = HEADER_LENGTH + size;
        let options = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        while left > 0 {
            let error = match sendmsg::<()>(self.socket.as_raw_fd(), parts, &[], options, None) {
                Ok(count) => {
                    IoSlice::advance_slices(&mut parts, count);
                    left -= count;
                    continue;
                }
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => match until.wait_writable(self.socket.as_fd()) {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                Err(errno) => lost(errno),
            };
            let is_lost = matches!(error.kind(), ErrorKind::Connection | ErrorKind::Protocol);
            self.broken = is_lost || left < HEADER_LENGTH + size;
            return Err(error);
        }
        Ok(())
    }
}

/// Appends a whole request frame to `frames`; on an error nothing.
pub(crate) fn put_request_frame(
    stream_id: u32,
    call: &Call<'_>,
    frames: &mut Vec<u8>,
) -> Result<(), CallError> {
    let start = frames.len();
    let mut tail = Vec::new();
    frames.resize(start + HEADER_LENGTH, 0);
    call.encode_around(call.payload.len(), frames, &mut tail);
    let size = frames.len() - start - HEADER_LENGTH + call.payload.len() + tail.len();
    let length = match check_size(size) {
        Ok(length) => length,
        Err(error) => {
            frames.truncate(start);
            return Err(error);
        }
    };
    frames.extend_from_slice(call.payload);
    frames.append(&mut tail);
    let header = header(length, stream_id, TYPE_REQUEST, 0);
    frames[start..start + HEADER_LENGTH].copy_from_slice(&header);
    Ok(())
}

/// The error of a connection that took no more.
pub(crate) fn lost(errno: Errno) -> CallError {
    let stage = Stage::Sending;
    match errno {
        Errno::EPIPE => CallError::Closed { stage },
        Errno::ECONNRESET => CallError::Reset { stage },
        errno => CallError::Io { stage, errno },
    }
}
