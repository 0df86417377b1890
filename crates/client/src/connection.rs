//! A connection to an agent, and the loop of a plain call over it: send the
//! request, read frames until the one that answers it. It knows no addresses and
//! leaves streams to their own file.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, TryLockError};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, shutdown};
use ttrpc::proto::MessageHeader;

use crate::call::{Call, decode_response};
use crate::deadline::Deadline;
use crate::error::{CallError, ErrorKind, ProtocolError, Stage};
use crate::frame::{FrameReader, FrameType, Header};
use crate::transport::{self, Address, ConnectError, ConnectOptions};
use crate::writer::{FrameWriter, Opening};

/// A connection to an agent, for the calls of all its services.
pub struct Client {
    socket: Arc<OwnedFd>,
    pub(super) reader: FrameReader,
    /// Shared with the sending side of a stream, which may outlive the stream.
    pub(super) writer: Arc<Mutex<FrameWriter>>,
    /// The next call's stream ID, while there is one.
    next_stream_id: Option<u32>,
    /// The streams that frames may come for although nobody waits for them.
    left: BTreeMap<u32, Left>,
    broken: bool,
    /// Whether the last call failed before anything of it was sent.
    unsent: bool,
}

/// What a stream was whose caller has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// A call that was given up: one response may still come.
    Call,
    /// A stream, ended or given up: any number of frames may still come.
    Stream,
}

impl Client {
    /// Connects to the agent at `address`, trying again while there is no agent
    /// yet, as `options` say.
    ///
    /// # Errors
    /// When no connection came about, or a signal came first.
    pub fn connect(address: &Address, options: &ConnectOptions) -> Result<Self, ConnectError> {
        transport::connect(address, options).map(Client::new)
    }

    /// A client on a connected stream socket of any family.
    pub fn new(socket: impl Into<OwnedFd>) -> Self {
        let socket = Arc::new(socket.into());
        Client {
            reader: FrameReader::new(),
            writer: Arc::new(Mutex::new(FrameWriter::new(Arc::clone(&socket)))),
            socket,
            next_stream_id: Some(1),
            left: BTreeMap::new(),
            broken: false,
            unsent: false,
        }
    }

    /// Whether another call can be made here. It cannot once the connection was
    /// closed, broke or was left in the middle of a frame, nor while the sender of
    /// a stream that has ended is still writing.
    pub fn is_usable(&self) -> bool {
        let writer_is_free = || match self.writer.try_lock() {
            Ok(writer) => !writer.is_broken(),
            Err(_) => false,
        };
        !self.broken && self.next_stream_id.is_some() && writer_is_free() && !self.was_closed()
    }

    /// Whether the last call failed because of what had happened to the connection before:
    /// nothing of it was sent, and on another connection it can be made.
    pub fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// Makes one call and waits for its answer: the response message, encoded.
    ///
    /// # Errors
    /// When the request is too large to send, when the deadline passes, a signal
    /// comes or the connection is lost first, when what comes is not ttRPC, and
    /// when the agent answers with a status other than OK.
    pub fn call(&mut self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let answer = self.attempt(call);
        self.unsent = match &answer {
            Err(CallError::Unusable | CallError::StreamIdsUsedUp) => true,
            Err(
                CallError::Closed { stage }
                | CallError::Reset { stage }
                | CallError::Io { stage, .. },
            ) => *stage == Stage::Sending && !self.has_begun(),
            _ => false,
        };
        answer
    }

    fn attempt(&mut self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let deadline = Deadline::starting_now(call.timeout);
        let stream_id = self.take_stream_id()?;
        self.refuse_early(stream_id)?;
        let sent =
            self.send(|writer| writer.send_request(stream_id, Opening::Unary, call, &deadline));
        if let Err(error) = sent {
            return self.answer_despite(error, stream_id);
        }
        self.response(stream_id, &deadline)
    }

    fn has_begun(&self) -> bool {
        let writer = self.writer.try_lock();
        writer.map_or(true, |writer| writer.has_begun())
    }

    /// The response on `stream_id`, which is a plain call.
    fn response(&mut self, stream_id: u32, deadline: &Deadline) -> Result<Vec<u8>, CallError> {
        let answer =
            self.frame_of(stream_id, deadline)
                .and_then(|header| match header.frame_type {
                    FrameType::Response => decode_response(self.reader.data()),
                    FrameType::Data => Err(CallError::Protocol(ProtocolError::UnexpectedData {
                        header: header.bytes,
                    })),
                });
        if let Err(error) = &answer {
            self.after_failure(error, stream_id, Left::Call);
        }
        answer
    }

    /// After the request could not be sent: an agent that closed the connection
    /// may have said why.
    pub(super) fn answer_despite(
        &mut self,
        error: CallError,
        stream_id: u32,
    ) -> Result<Vec<u8>, CallError> {
        if !matches!(error, CallError::Closed { .. } | CallError::Reset { .. }) {
            return Err(error);
        }
        let answer = self.response(stream_id, &Deadline::now());
        self.broken = true;
        answer.map_err(|later| match later.kind() {
            ErrorKind::Status(_) | ErrorKind::Protocol => later,
            _ => error,
        })
    }

    /// Refuses an answer that came with the one before, and so before its request.
    /// What a broken connection had brought says nothing any more.
    pub(super) fn refuse_early(&mut self, stream_id: u32) -> Result<(), CallError> {
        match self.reader.coming().filter(|_| !self.broken) {
            Some(header) if MessageHeader::from(header).stream_id == stream_id => {
                self.broken = true;
                Err(CallError::Protocol(ProtocolError::TooEarly {
                    stream_id,
                    header,
                }))
            }
            _ => Ok(()),
        }
    }

    /// The stream ID of a new call. It counts as used even if nothing is sent.
    pub(super) fn take_stream_id(&mut self) -> Result<u32, CallError> {
        let stream_id = self.next_stream_id.ok_or(CallError::StreamIdsUsedUp)?;
        self.next_stream_id = stream_id.checked_add(2);
        Ok(stream_id)
    }

    /// Sends what `send` sends, if frames may still be sent at all.
    pub(super) fn send<T>(
        &mut self,
        send: impl FnOnce(&mut FrameWriter) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        // A writer that is locked serves a stream that has ended; it may be stuck.
        let mut writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
                return Err(CallError::Unusable);
            }
        };
        if self.broken || writer.is_broken() {
            return Err(CallError::Unusable);
        }
        send(&mut writer)
    }

    /// The next frame of `stream_id`. Frames of streams whose callers left are
    /// discarded, and any other frame is a violation.
    pub(super) fn frame_of(
        &mut self,
        stream_id: u32,
        deadline: &Deadline,
    ) -> Result<Header, CallError> {
        loop {
            let header = self.reader.next(self.socket.as_fd(), deadline)?;
            if header.stream_id == stream_id {
                return Ok(header);
            }
            match (self.left.get(&header.stream_id), header.frame_type) {
                (Some(Left::Call), FrameType::Response) => {
                    self.left.remove(&header.stream_id);
                }
                (Some(Left::Stream), _) => {}
                _ => {
                    return Err(CallError::Protocol(ProtocolError::WrongStream {
                        stream_id: header.stream_id,
                        expected: stream_id,
                        header: header.bytes,
                    }));
                }
            }
        }
    }

    /// Notes what a failure on `stream_id` means for the calls that follow.
    pub(super) fn after_failure(&mut self, error: &CallError, stream_id: u32, left: Left) {
        match error.kind() {
            ErrorKind::Timeout | ErrorKind::Interrupted => self.leave(stream_id, left),
            ErrorKind::Connection | ErrorKind::Protocol => self.broken = true,
            ErrorKind::Status(_) | ErrorKind::TooLarge => {}
        }
    }

    /// From now on nobody waits for frames of `stream_id`.
    pub(super) fn leave(&mut self, stream_id: u32, left: Left) {
        self.left.insert(stream_id, left);
    }

    /// Whether the other side has ended the connection, as far as that shows
    /// without reading what came.
    fn was_closed(&self) -> bool {
        let options = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        match recv(self.socket.as_raw_fd(), &mut [0], options) {
            Ok(count) => count == 0,
            Err(errno) => !matches!(errno, Errno::EAGAIN | Errno::EINTR),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A stream's sender that is still at work must not keep the connection.
        if Arc::strong_count(&self.writer) > 1 {
            let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("socket", &self.socket)
            .field("next_stream_id", &self.next_stream_id)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn stream_ids_are_odd_and_run_out() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut client = Client::new(near);
        assert_eq!(client.take_stream_id(), Ok(1));
        assert_eq!(client.take_stream_id(), Ok(3));
        client.next_stream_id = Some(u32::MAX);
        assert!(client.is_usable());
        assert_eq!(client.take_stream_id(), Ok(u32::MAX));
        assert!(!client.is_usable());
        assert_eq!(client.take_stream_id(), Err(CallError::StreamIdsUsedUp));
    }
}
