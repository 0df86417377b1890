//! ttRPC frames: ten bytes of header, then the data. A header is checked before anything is
//! allocated for the data that it announces.
//!
//! A frame that has come in part stays in the buffer when its reader gives up,
//! so the next one goes on where that one stopped.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use crate::deadline::Deadline;
use crate::error::{CallError, ProtocolError, Stage};
use crate::interrupt::Stop;
use crate::layout::{HEADER_LENGTH, LARGEST_DATA, TYPE_DATA, TYPE_REQUEST, TYPE_RESPONSE};

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
        let [l0, l1, l2, l3, s0, s1, s2, s3, type_, flags] = bytes;
        let frame_type = match type_ {
            TYPE_RESPONSE => FrameType::Response,
            TYPE_DATA => FrameType::Data,
            TYPE_REQUEST => return Err(ProtocolError::UnexpectedRequest { header: bytes }),
            type_ => {
                return Err(ProtocolError::UnknownType {
                    type_,
                    header: bytes,
                });
            }
        };
        let announced = u32::from_be_bytes([l0, l1, l2, l3]);
        let length = announced as usize;
        if length > LARGEST_DATA {
            return Err(ProtocolError::TooLong {
                length: announced,
                header: bytes,
            });
        }
        Ok(Header {
            length,
            stream_id: u32::from_be_bytes([s0, s1, s2, s3]),
            frame_type,
            flags,
            bytes,
        })
    }
}

/// The header of a frame that is sent.
pub(crate) fn header(length: u32, stream_id: u32, type_: u8, flags: u8) -> [u8; HEADER_LENGTH] {
    let [l0, l1, l2, l3] = length.to_be_bytes();
    let [s0, s1, s2, s3] = stream_id.to_be_bytes();
    [l0, l1, l2, l3, s0, s1, s2, s3, type_, flags]
}

/// The size of a frame's data as a header states it, if it is within the limit.
pub(crate) fn check_size(size: usize) -> Result<u32, CallError> {
    u32::try_from(size)
        .ok()
        .filter(|_| size <= LARGEST_DATA)
        .ok_or(CallError::TooLarge {
            size,
            limit: LARGEST_DATA,
        })
}

/// Cuts what a socket delivers into frames.
#[derive(Debug)]
pub(crate) struct FrameReader {
    buffer: Vec<u8>,
    /// Where the frame begins that was handed out last, or the one that is to be next.
    start: usize,
    /// Where the received bytes end.
    end: usize,
    /// The size of the frame that was handed out last; it is dropped with the next one.
    handed_out: usize,
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
            if let Some(header) = self.whole()? {
                break header;
            }
            deadline
                .wait_readable(socket)
                .map_err(|stop| self.stopped(stop, deadline))?;
            self.read(socket)?;
        };
        if deadline.is_over() {
            return Err(CallError::Timeout {
                after: deadline.limit(),
                stage: Stage::Waiting,
            });
        }
        Ok(self.hand_out(header))
    }

    /// The header of the next frame if that has come whole, reading only what is
    /// there already.
    pub(crate) fn next_at_once(
        &mut self,
        socket: BorrowedFd<'_>,
    ) -> Result<Option<Header>, CallError> {
        self.drop_last();
        loop {
            if let Some(header) = self.whole()? {
                return Ok(Some(self.hand_out(header)));
            }
            if !self.read(socket)? {
                return Ok(None);
            }
        }
    }

    /// The data of the frame that was handed out last.
    pub(crate) fn data(&self) -> &[u8] {
        let data_start = self.start + HEADER_LENGTH;
        let data_end = self.start + self.handed_out;
        self.buffer.get(data_start..data_end).unwrap_or_default()
    }

    /// The stream ID and the header of the frame after that, if the header is here already.
    pub(crate) fn coming(&self) -> Option<(u32, [u8; HEADER_LENGTH])> {
        let header: [u8; HEADER_LENGTH] = *self.received().get(self.handed_out..)?.first_chunk()?;
        let [_, _, _, _, s0, s1, s2, s3, _, _] = header;
        Some((u32::from_be_bytes([s0, s1, s2, s3]), header))
    }

    fn received(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The header of the next frame if that is here as a whole.
    fn whole(&self) -> Result<Option<Header>, ProtocolError> {
        let received = self.received();
        let Some(bytes) = received.first_chunk() else {
            return Ok(None);
        };
        let header = Header::check(*bytes)?;
        Ok((received.len() >= HEADER_LENGTH + header.length).then_some(header))
    }

    fn hand_out(&mut self, header: Header) -> Header {
        self.handed_out = HEADER_LENGTH + header.length;
        header
    }

    fn drop_last(&mut self) {
        self.start += std::mem::take(&mut self.handed_out);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Reads what is there, and tells whether that was anything. The header of the next frame,
    /// if it is here, has passed the checks.
    fn read(&mut self, socket: BorrowedFd<'_>) -> Result<bool, CallError> {
        self.make_room(HEADER_LENGTH + self.announced().unwrap_or(0));
        let room = &mut self.buffer[self.end..];
        match recv(socket.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => Err(CallError::Closed {
                stage: self.stage(),
            }),
            Ok(count) => {
                self.end += count;
                Ok(true)
            }
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(false),
            Err(Errno::ECONNRESET) => Err(CallError::Reset {
                stage: self.stage(),
            }),
            Err(errno) => Err(CallError::Io {
                stage: self.stage(),
                errno,
            }),
        }
    }

    fn make_room(&mut self, size: usize) {
        if self.buffer.len() - self.start < size {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < size {
                self.buffer.resize(size, 0);
            }
        }
    }

    /// The length of the next frame's data, once its header is here.
    fn announced(&self) -> Option<usize> {
        let length = self.received().first_chunk::<HEADER_LENGTH>()?;
        length
            .first_chunk()
            .map(|length| u32::from_be_bytes(*length) as usize)
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
        match self.announced() {
            None if received.is_empty() => Stage::Waiting,
            None => Stage::Header(received.to_vec()),
            Some(expected) => Stage::Data {
                received: received.len() - HEADER_LENGTH,
                expected,
            },
        }
    }
}

#[cfg(test)]
mod tests;
