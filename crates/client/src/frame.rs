//! ttRPC frames as they come in: ten bytes of header, checked before anything is
//! allocated for them, then the data. It knows no messages and no calls.
//!
//! A frame that has come in part stays in the buffer when its reader gives up,
//! so the next one goes on where that one stopped.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use ttrpc::proto::{
    MESSAGE_HEADER_LENGTH, MESSAGE_LENGTH_MAX, MESSAGE_TYPE_DATA, MESSAGE_TYPE_REQUEST,
    MESSAGE_TYPE_RESPONSE, MessageHeader,
};

use crate::deadline::Deadline;
use crate::error::{CallError, ProtocolError, Stage};
use crate::interrupt::{self, Stop};
use crate::spin::Spin;
use crate::waiting::Waiting;

/// Bytes of a frame's header.
pub(crate) const HEADER_LENGTH: usize = MESSAGE_HEADER_LENGTH;
/// The largest number of data bytes in a frame.
pub(crate) const LARGEST_DATA: usize = MESSAGE_LENGTH_MAX;
/// What one read takes at most while no larger frame is announced.
const READ_SIZE: usize = 4 * 1024;
/// What a frame from an agent may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameType {
    /// The answer that ends a call.
    Response,
    /// One message of a stream, or its end.
    Data,
}

/// A header that has passed the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of data, within the limit.
    pub(crate) length: usize,
    /// The stream that the frame belongs to.
    pub(crate) stream_id: u32,
    /// What the frame is.
    pub(crate) frame_type: FrameType,
    /// The flags, which only data frames have.
    pub(crate) flags: u8,
    /// The header as it came, for an error to show.
    pub(crate) bytes: [u8; HEADER_LENGTH],
}

impl Header {
    fn check(bytes: [u8; HEADER_LENGTH]) -> Result<Self, ProtocolError> {
        let header = MessageHeader::from(bytes);
        let frame_type = match header.type_ {
            MESSAGE_TYPE_RESPONSE => FrameType::Response,
            MESSAGE_TYPE_DATA => FrameType::Data,
            MESSAGE_TYPE_REQUEST => {
                return Err(ProtocolError::UnexpectedRequest { header: bytes });
            }
            type_ => {
                return Err(ProtocolError::UnknownType {
                    type_,
                    header: bytes,
                });
            }
        };
        let length = header.length as usize;
        if length > LARGEST_DATA {
            return Err(ProtocolError::TooLong {
                length: header.length,
                header: bytes,
            });
        }
        Ok(Header {
            length,
            stream_id: header.stream_id,
            frame_type,
            flags: header.flags,
            bytes,
        })
    }
}

/// Why a read brought no bytes.
enum Received {
    /// There are none yet.
    Nothing,
    /// There will be none.
    Failed(CallError),
}

/// Cuts what a socket delivers into frames.
#[derive(Debug)]
pub(crate) struct FrameReader {
    buffer: Vec<u8>,
    /// Where the bytes begin that belong to no frame handed out before the last.
    start: usize,
    /// Where the received bytes end.
    end: usize,
    /// The size of the frame that was handed out last; it goes with the next read.
    handed_out: usize,
    waiting: Waiting,
    spin: Spin,
}

impl FrameReader {
    pub(crate) fn new() -> Self {
        Self::with_room(READ_SIZE)
    }

    /// A reader that takes up to `size` bytes at once, at least a header's.
    pub(crate) fn with_room(size: usize) -> Self {
        FrameReader {
            buffer: vec![0; size.max(HEADER_LENGTH)],
            start: 0,
            end: 0,
            handed_out: 0,
            waiting: Waiting::First,
            spin: Spin::new(),
        }
    }

    /// The header of the next frame once that has come whole, waiting for it
    /// until `deadline`. [`Self::data`] is then its data. A frame that is whole
    /// only after the deadline stays for the next call of this function.
    pub(crate) fn next(
        &mut self,
        socket: BorrowedFd<'_>,
        deadline: &Deadline,
    ) -> Result<Header, CallError> {
        self.drop_last();
        let header = loop {
            if let Some(bytes) = self.received().first_chunk() {
                break Header::check(*bytes)?;
            }
            self.fill(socket, HEADER_LENGTH, deadline)?;
        };
        let size = HEADER_LENGTH + header.length;
        while self.received().len() < size {
            self.fill(socket, size, deadline)?;
        }
        if deadline.is_over() {
            return Err(CallError::Timeout {
                after: deadline.limit(),
                stage: Stage::Waiting,
            });
        }
        self.handed_out = size;
        Ok(header)
    }

    /// The header of the next frame if that has come whole, reading only what is
    /// there already.
    pub(crate) fn next_at_once(
        &mut self,
        socket: BorrowedFd<'_>,
    ) -> Result<Option<Header>, CallError> {
        self.drop_last();
        loop {
            let mut wanted = HEADER_LENGTH;
            if let Some(bytes) = self.received().first_chunk() {
                let header = Header::check(*bytes)?;
                wanted += header.length;
                if self.received().len() >= wanted {
                    self.handed_out = wanted;
                    return Ok(Some(header));
                }
            }
            self.make_room(wanted);
            match self.receive(socket, MsgFlags::MSG_DONTWAIT) {
                Ok(()) => {}
                Err(Received::Nothing) => return Ok(None),
                Err(Received::Failed(error)) => return Err(error),
            }
        }
    }

    /// The data of the frame that was told of last.
    pub(crate) fn data(&self) -> &[u8] {
        let data_start = self.start + HEADER_LENGTH;
        let data_end = self.start + self.handed_out;
        self.buffer.get(data_start..data_end).unwrap_or_default()
    }

    /// The header of the next frame as far as it is here already, whole and unread.
    pub(crate) fn coming(&self) -> Option<[u8; HEADER_LENGTH]> {
        let bytes = self.received().get(self.handed_out..)?;
        bytes.first_chunk().copied()
    }

    fn received(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn drop_last(&mut self) {
        self.start += std::mem::take(&mut self.handed_out);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// One read, into a buffer with room for the `size` bytes of a frame.
    fn fill(
        &mut self,
        socket: BorrowedFd<'_>,
        size: usize,
        deadline: &Deadline,
    ) -> Result<(), CallError> {
        self.make_room(size);
        let may_look = !interrupt::is_raised() && !deadline.is_over();
        if self.waiting != Waiting::First
            && may_look
            && let Some(received) = self.look(socket)
        {
            return received;
        }
        if self.waiting.in_read(socket, deadline) {
            match self.receive(socket, MsgFlags::empty()) {
                Ok(()) => return Ok(()),
                Err(Received::Nothing) => {}
                Err(Received::Failed(error)) => return Err(error),
            }
        }
        loop {
            deadline
                .wait_readable(socket)
                .map_err(|stop| self.stopped(stop, deadline))?;
            if self.waiting == Waiting::First {
                self.waiting = Waiting::in_reads(socket, None);
            }
            match self.receive(socket, MsgFlags::MSG_DONTWAIT) {
                Ok(()) => return Ok(()),
                Err(Received::Nothing) => {}
                Err(Received::Failed(error)) => return Err(error),
            }
        }
    }

    /// What one read brings, if that is soon.
    fn look(&mut self, socket: BorrowedFd<'_>) -> Option<Result<(), CallError>> {
        let mut spin = std::mem::replace(&mut self.spin, Spin::new());
        let found = spin.find(|| match self.receive(socket, MsgFlags::MSG_DONTWAIT) {
            Ok(()) => Some(Ok(())),
            Err(Received::Nothing) => None,
            Err(Received::Failed(error)) => Some(Err(error)),
        });
        self.spin = spin;
        found
    }

    fn make_room(&mut self, size: usize) {
        if self.buffer.len() - self.start < size {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < size {
                // Zeros that are added to a vector are written one by one; new ones come
                // from the system as they are.
                let mut larger = vec![0; size];
                larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
                self.buffer = larger;
            }
        }
    }

    /// One read.
    fn receive(&mut self, socket: BorrowedFd<'_>, flags: MsgFlags) -> Result<(), Received> {
        let room = &mut self.buffer[self.end..];
        match recv(socket.as_raw_fd(), room, flags) {
            Ok(0) => Err(Received::Failed(CallError::Closed {
                stage: self.stage(),
            })),
            Ok(count) => {
                self.end += count;
                Ok(())
            }
            Err(Errno::EINTR | Errno::EAGAIN) => Err(Received::Nothing),
            Err(Errno::ECONNRESET) => Err(Received::Failed(CallError::Reset {
                stage: self.stage(),
            })),
            Err(errno) => Err(Received::Failed(CallError::Io {
                stage: self.stage(),
                errno,
            })),
        }
    }

    fn stopped(&self, stop: Stop, deadline: &Deadline) -> CallError {
        let stage = self.stage();
        match stop {
            Stop::Late => CallError::Timeout {
                after: deadline.limit(),
                stage,
            },
            Stop::Interrupted => CallError::Interrupted,
            Stop::Failed(errno) => CallError::Io { stage, errno },
        }
    }

    fn stage(&self) -> Stage {
        let received = self.received();
        match received.first_chunk::<HEADER_LENGTH>() {
            None if received.is_empty() => Stage::Waiting,
            None => Stage::Header(received.to_vec()),
            Some(bytes) => Stage::Data {
                received: received.len() - HEADER_LENGTH,
                expected: MessageHeader::from(bytes).length as usize,
            },
        }
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
