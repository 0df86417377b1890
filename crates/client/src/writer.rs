//! Frames on their way out: the payload goes to the socket straight from its
//! caller's memory, beside an envelope in a buffer that is used again. It knows
//! nothing of answers.

use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, send, sendmsg, shutdown};
use ttrpc::proto::{
    FLAG_NO_DATA, FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN, MESSAGE_TYPE_DATA, MESSAGE_TYPE_REQUEST,
};

use crate::call::Call;
use crate::deadline::Deadline;
use crate::error::{CallError, Stage};
use crate::frame::{HEADER_LENGTH, LARGEST_DATA};
use crate::interrupt::{self, Stop};

/// Up to which size a frame's parts are copied together: the kernel takes one part
/// sooner than three.
const SMALL: usize = 4 * 1024;

/// How soon a write on a stream notices that the stream has ended.
const NOTICE: Duration = Duration::from_millis(50);

/// How long a write may block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience<'a> {
    /// The deadline of its call.
    pub(super) deadline: &'a Deadline,
    /// Set, by another thread, when the stream has ended that it belongs to.
    pub(super) ended: Option<&'a AtomicBool>,
}

impl<'a> From<&'a Deadline> for Patience<'a> {
    fn from(deadline: &'a Deadline) -> Self {
        Patience {
            deadline,
            ended: None,
        }
    }
}

impl Patience<'_> {
    /// Whether a write may block for as long as it takes: only a signal ends it.
    fn is_endless(self) -> bool {
        self.ended.is_none() && self.deadline.is_endless() && interrupt::may_block()
    }

    fn wait_writable(self, socket: BorrowedFd<'_>) -> Result<(), Halt> {
        let Some(ended) = self.ended else {
            return self.deadline.wait_writable(socket).map_err(Halt::Stop);
        };
        loop {
            if ended.load(Ordering::SeqCst) {
                return Err(Halt::StreamEnded);
            }
            match self.deadline.at_most(NOTICE).wait_writable(socket) {
                Err(Stop::Late) if self.deadline.remaining() != Some(Duration::ZERO) => {}
                outcome => return outcome.map_err(Halt::Stop),
            }
        }
    }
}

/// Why a write stopped.
enum Halt {
    Stop(Stop),
    StreamEnded,
}

/// How a request begins its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
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

/// Writes whole frames to a socket.
#[derive(Debug)]
pub(super) struct FrameWriter {
    socket: Arc<OwnedFd>,
    head: Vec<u8>,
    tail: Vec<u8>,
    broken: bool,
    /// Whether anything of the last frame was taken by the socket.
    begun: bool,
}

impl FrameWriter {
    pub(super) fn new(socket: Arc<OwnedFd>) -> Self {
        FrameWriter {
            socket,
            head: Vec::new(),
            tail: Vec::new(),
            broken: false,
            begun: false,
        }
    }

    /// Whether a frame was left unfinished, so that no other may follow.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether anything of the last frame may have reached the other side.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Ends the connection in both directions; whoever waits on it notices.
    pub(super) fn shut_down(&mut self) {
        self.broken = true;
        // One that is gone already is as good.
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }

    /// Sends the request that opens a stream.
    pub(super) fn send_request(
        &mut self,
        stream_id: u32,
        opening: Opening,
        call: &Call<'_>,
        deadline: &Deadline,
    ) -> Result<(), CallError> {
        let payload = match opening {
            Opening::Unary | Opening::ServerStream => call.payload,
            Opening::ClientStream => &[],
        };
        self.head.clear();
        self.head.extend_from_slice(&[0; HEADER_LENGTH]);
        self.tail.clear();
        call.encode_around(payload.len(), &mut self.head, &mut self.tail)
            // A vector takes everything, so this cannot come up.
            .map_err(|_| CallError::Unusable)?;
        self.send(
            MESSAGE_TYPE_REQUEST,
            opening.flags(),
            stream_id,
            payload,
            deadline.into(),
        )
    }

    /// Sends one message of a stream.
    pub(super) fn send_message(
        &mut self,
        stream_id: u32,
        message: &[u8],
        patience: Patience<'_>,
    ) -> Result<(), CallError> {
        self.send_data(0, stream_id, message, patience)
    }

    /// Ends this side of a stream.
    pub(super) fn send_close(
        &mut self,
        stream_id: u32,
        patience: Patience<'_>,
    ) -> Result<(), CallError> {
        self.send_data(FLAG_REMOTE_CLOSED | FLAG_NO_DATA, stream_id, &[], patience)
    }

    fn send_data(
        &mut self,
        flags: u8,
        stream_id: u32,
        message: &[u8],
        patience: Patience<'_>,
    ) -> Result<(), CallError> {
        self.head.clear();
        self.head.extend_from_slice(&[0; HEADER_LENGTH]);
        self.tail.clear();
        self.send(MESSAGE_TYPE_DATA, flags, stream_id, message, patience)
    }

    /// Sends `head`, whose first bytes are room for the header, then `payload`,
    /// then `tail`.
    fn send(
        &mut self,
        type_: u8,
        flags: u8,
        stream_id: u32,
        payload: &[u8],
        patience: Patience<'_>,
    ) -> Result<(), CallError> {
        self.begun = false;
        let size = self.head.len() - HEADER_LENGTH + payload.len() + self.tail.len();
        let header = header(check_size(size)?, stream_id, type_, flags);
        self.head[..HEADER_LENGTH].copy_from_slice(&header);

        let is_small = size <= SMALL;
        if is_small {
            self.head.extend_from_slice(payload);
            self.head.append(&mut self.tail);
        }
        let mut parts = [&self.head, payload, &self.tail].map(IoSlice::new);
        let mut parts = &mut parts[..if is_small { 1 } else { 3 }];
        let mut left = HEADER_LENGTH + size;
        let socket = self.socket.as_fd();
        // There is room for a small one, nearly always.
        let may_block = !is_small && patience.is_endless();
        while left > 0 {
            let options = match may_block && !interrupt::is_raised() {
                true => MsgFlags::MSG_NOSIGNAL,
                false => MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
            };
            let sent = match &*parts {
                [whole] => send(socket.as_raw_fd(), whole, options),
                parts => sendmsg::<()>(socket.as_raw_fd(), parts, &[], options, None),
            };
            let outcome = match sent {
                Ok(count) => {
                    IoSlice::advance_slices(&mut parts, count);
                    left -= count;
                    self.begun = true;
                    continue;
                }
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => patience.wait_writable(socket),
                Err(errno) => Err(Halt::Stop(Stop::Failed(errno))),
            };
            if let Err(halt) = outcome {
                self.broken = self.begun || matches!(halt, Halt::Stop(Stop::Failed(_)));
                return Err(match halt {
                    Halt::Stop(stop) => stopped(stop, patience.deadline),
                    Halt::StreamEnded => CallError::StreamEnded,
                });
            }
        }
        Ok(())
    }
}

/// Appends a whole request frame to `frames`; on an error nothing.
pub(super) fn request_frame(
    stream_id: u32,
    call: &Call<'_>,
    frames: &mut Vec<u8>,
) -> Result<(), CallError> {
    let start = frames.len();
    let mut tail = Vec::new();
    frames.resize(start + HEADER_LENGTH, 0);
    let encoded = call.encode_around(call.payload.len(), frames, &mut tail);
    let size = frames.len() - start - HEADER_LENGTH + call.payload.len() + tail.len();
    // A vector takes everything, so the first cannot come up.
    let length = encoded
        .map_err(|_| CallError::Unusable)
        .and_then(|()| check_size(size));
    match length {
        Ok(length) => {
            frames.extend_from_slice(call.payload);
            frames.append(&mut tail);
            let header = header(length, stream_id, MESSAGE_TYPE_REQUEST, 0);
            frames[start..start + HEADER_LENGTH].copy_from_slice(&header);
            Ok(())
        }
        Err(error) => {
            frames.truncate(start);
            Err(error)
        }
    }
}

fn header(length: u32, stream_id: u32, type_: u8, flags: u8) -> [u8; HEADER_LENGTH] {
    let [l0, l1, l2, l3] = length.to_be_bytes();
    let [s0, s1, s2, s3] = stream_id.to_be_bytes();
    [l0, l1, l2, l3, s0, s1, s2, s3, type_, flags]
}

/// The size of a frame's data as a header states it, if it is within the limit.
pub(super) fn check_size(size: usize) -> Result<u32, CallError> {
    u32::try_from(size)
        .ok()
        .filter(|_| size <= LARGEST_DATA)
        .ok_or(CallError::TooLarge {
            size,
            limit: LARGEST_DATA,
        })
}

fn stopped(stop: Stop, deadline: &Deadline) -> CallError {
    let stage = Stage::Sending;
    match stop {
        Stop::Late => CallError::Timeout {
            after: deadline.limit(),
            stage,
        },
        Stop::Interrupted => CallError::Interrupted,
        Stop::Failed(Errno::EPIPE) => CallError::Closed { stage },
        Stop::Failed(Errno::ECONNRESET) => CallError::Reset { stage },
        Stop::Failed(errno) => CallError::Io { stage, errno },
    }
}
