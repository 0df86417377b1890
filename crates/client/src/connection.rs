//! A connection to an agent, and a plain call over it: send the request, read frames until the
//! one that answers it.

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, TryLockError};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, shutdown};

use crate::call::Call;
use crate::deadline::Deadline;
use crate::error::{CallError, ErrorKind, ProtocolError, Stage};
use crate::frame::{FrameReader, FrameType, Header};
use crate::layout::FLAG_REMOTE_CLOSED;
use crate::response::decode_response;
use crate::transport::{self, Address, ConnectError, ConnectOptions};
use crate::writer::{FrameWriter, Opening, Until, Waiting};

/// How many calls may be given up on a connection while the agent has not ended them. Then it
/// can be used no more: what is kept of old calls has a bound, and an agent that leaves so many
/// unanswered is better met on a new one.
pub(crate) const MOST_ABANDONED: usize = 4096;

/// A connection to an agent, for calls to all of its services, one at a time.
///
/// It outlives calls that fail by a status or a timeout. Once the other side has closed it or
/// broken the protocol, [`is_usable`](Self::is_usable) is false, and a new connection is needed.
pub struct Connection {
    socket: Arc<OwnedFd>,
    pub(crate) reader: FrameReader,
    /// Shared with the sending side of a stream, which may outlive the stream.
    pub(crate) writer: Arc<Mutex<FrameWriter>>,
    /// The next call's stream ID, while there is one.
    next_stream_id: Option<u32>,
    /// The streams that frames may come for although nobody waits for them.
    abandoned: BTreeMap<u32, Late>,
    broken: bool,
}

/// Which frames may come for a call that nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// The one response to a plain call.
    Response,
    /// Those of a stream, to its end.
    Stream,
    /// Any number on a stream, even after its end: this side had not closed it, and the agent
    /// may say of each message that it came too late.
    Anything,
}

impl Connection {
    /// Connects to the agent at `address`, trying again while there is no agent
    /// yet, as `options` say.
    ///
    /// # Errors
    /// When no connection came about, or a signal came first.
    pub fn connect(address: &Address, options: &ConnectOptions) -> Result<Self, ConnectError> {
        transport::connect(address, options).map(Connection::new)
    }

    /// A connection over a connected stream socket of any family.
    pub fn new(socket: impl Into<OwnedFd>) -> Self {
        let socket = Arc::new(socket.into());
        Connection {
            reader: FrameReader::new(),
            writer: Arc::new(Mutex::new(FrameWriter::new(Arc::clone(&socket)))),
            socket,
            next_stream_id: Some(1),
            abandoned: BTreeMap::new(),
            broken: false,
        }
    }

    /// Whether another call can be made here. It cannot once the connection was closed, broke
    /// or was left in the middle of a frame, once its stream IDs are used up (after 2³¹ calls)
    /// or thousands of calls were given up that the agent never ended, nor while the sender of
    /// a stream that has ended is still writing.
    pub fn is_usable(&self) -> bool {
        let writer_is_free = || match self.writer.try_lock() {
            Ok(writer) => !writer.is_broken(),
            Err(_) => false,
        };
        !self.broken && self.next_stream_id.is_some() && writer_is_free() && !self.was_closed()
    }

    /// Makes one call and waits for its answer: the response message, encoded.
    ///
    /// # Errors
    /// When the request is too large to send, when the deadline passes, a signal
    /// comes or the connection is lost first, when what comes is not ttRPC, and
    /// when the agent answers with a status other than OK.
    pub fn call(&mut self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let deadline = Deadline::starting_now(call.timeout);
        let stream_id = self.take_stream_id()?;
        self.refuse_early(stream_id)?;
        let sent = self.send(stream_id, &deadline, |writer, until| {
            writer.send_request(stream_id, Opening::Unary, call, until)
        });
        if let Err(error) = sent {
            return self.answer_despite(error, stream_id);
        }
        let answer = self
            .frame_of(stream_id, &deadline)
            .and_then(|header| self.answer(&header));
        if let Err(error) = &answer {
            match error.kind() {
                ErrorKind::Timeout | ErrorKind::Interrupted => {
                    self.abandon(stream_id, Late::Response);
                }
                ErrorKind::Connection | ErrorKind::Protocol => self.break_off(),
                ErrorKind::Status(_) | ErrorKind::TooLarge => {}
            }
        }
        answer
    }

    /// The answer to a plain call, from its frame.
    fn answer(&self, header: &Header) -> Result<Vec<u8>, CallError> {
        match header.frame_type {
            FrameType::Response => decode_response(self.reader.data()),
            FrameType::Data => Err(CallError::Protocol(ProtocolError::UnexpectedData {
                header: header.bytes,
            })),
        }
    }

    /// After the request could not be sent: an agent that closed the connection
    /// may have said why.
    pub(crate) fn answer_despite(
        &mut self,
        error: CallError,
        stream_id: u32,
    ) -> Result<Vec<u8>, CallError> {
        if !matches!(error, CallError::Closed { .. } | CallError::Reset { .. }) {
            return Err(error);
        }
        self.broken = true;
        let stage = Stage::Sending;
        match self.read_early(stream_id) {
            Err(CallError::Reset { .. }) => Err(CallError::Reset { stage }),
            Err(CallError::Closed { .. } | CallError::Io { .. }) | Ok(()) => Err(error),
            Err(told) => Err(told),
        }
    }

    /// Refuses an answer that is here before its request. Late frames of other streams are
    /// discarded, and what a broken connection had brought says nothing any more.
    pub(crate) fn refuse_early(&mut self, stream_id: u32) -> Result<(), CallError> {
        if self.broken {
            return Ok(());
        }
        let early = loop {
            match self.reader.next_at_once(self.socket.as_fd()) {
                Ok(Some(header)) if header.stream_id == stream_id => break Some(header.bytes),
                Ok(Some(header)) => match self.is_for(stream_id, &header) {
                    Ok(_) => {}
                    Err(violation) => {
                        self.broken = true;
                        return Err(violation.into());
                    }
                },
                // A connection that has ended is noticed when the request is sent.
                Ok(None) | Err(_) => {
                    let coming = self
                        .reader
                        .coming()
                        .filter(|(early, _)| *early == stream_id);
                    break coming.map(|(_, header)| header);
                }
            }
        };
        match early {
            None => Ok(()),
            Some(header) => {
                self.broken = true;
                Err(ProtocolError::TooEarly { stream_id, header }.into())
            }
        }
    }

    /// Reads what has come while a request is on its way. Only an error can be the honest
    /// answer to a request that has not been sent whole: that one is returned, and anything
    /// else is refused.
    fn read_early(&mut self, stream_id: u32) -> Result<(), CallError> {
        while let Some(header) = self.reader.next_at_once(self.socket.as_fd())? {
            if self.is_for(stream_id, &header)? {
                self.broken = true;
                self.answer(&header)?;
                let header = header.bytes;
                return Err(ProtocolError::TooEarly { stream_id, header }.into());
            }
        }
        Ok(())
    }

    /// The stream ID of a new call. It counts as used even if nothing is sent.
    pub(crate) fn take_stream_id(&mut self) -> Result<u32, CallError> {
        let stream_id = self.next_stream_id.ok_or(CallError::StreamIdsUsedUp)?;
        self.next_stream_id = stream_id.checked_add(2);
        Ok(stream_id)
    }

    /// Sends what `send` sends, if frames may still be sent at all. While the socket takes no
    /// more, what comes is read: an agent that answers early may have stopped reading.
    pub(crate) fn send(
        &mut self,
        stream_id: u32,
        deadline: &Deadline,
        send: impl FnOnce(&mut FrameWriter, &mut Until<'_>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let writer = Arc::clone(&self.writer);
        // A writer that is locked serves a stream that has ended; it may be stuck.
        let mut writer = match writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
                return Err(CallError::Unusable);
            }
        };
        if self.broken || writer.is_broken() {
            return Err(CallError::Unusable);
        }
        let mut read = || self.read_early(stream_id);
        let waiting = Waiting::Reading(&mut read);
        send(&mut writer, &mut Until { deadline, waiting })
    }

    /// The next frame of `stream_id`. Late frames of other streams are discarded.
    pub(crate) fn frame_of(
        &mut self,
        stream_id: u32,
        deadline: &Deadline,
    ) -> Result<Header, CallError> {
        loop {
            let header = self.reader.next(self.socket.as_fd(), deadline)?;
            if self.is_for(stream_id, &header)? {
                return Ok(header);
            }
        }
    }

    /// Whether a frame belongs to `stream_id`. If it does not, it may be a late one of a call
    /// that was given up, and is a violation otherwise.
    fn is_for(&mut self, stream_id: u32, header: &Header) -> Result<bool, ProtocolError> {
        if header.stream_id == stream_id {
            return Ok(true);
        }
        let ends_stream = match header.frame_type {
            FrameType::Response => true,
            FrameType::Data => header.flags & FLAG_REMOTE_CLOSED != 0,
        };
        let is_last = match (self.abandoned.get(&header.stream_id), header.frame_type) {
            (Some(Late::Response), FrameType::Response) => true,
            (Some(Late::Stream), _) => ends_stream,
            (Some(Late::Anything), _) => false,
            (Some(Late::Response), FrameType::Data) | (None, _) => {
                return Err(ProtocolError::WrongStream {
                    stream_id: header.stream_id,
                    expected: stream_id,
                    header: header.bytes,
                });
            }
        };
        if is_last {
            self.abandoned.remove(&header.stream_id);
        }
        Ok(false)
    }

    /// No other call can be made here.
    pub(crate) fn break_off(&mut self) {
        self.broken = true;
    }

    /// From now on nobody waits for frames of `stream_id`, and they may still come.
    pub(crate) fn abandon(&mut self, stream_id: u32, late: Late) {
        self.abandoned.insert(stream_id, late);
        self.broken |= self.abandoned.len() >= MOST_ABANDONED;
    }

    /// Whether the other side has ended the connection and nothing of its is left to read.
    fn was_closed(&self) -> bool {
        let options = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        match recv(self.socket.as_raw_fd(), &mut [0], options) {
            Ok(count) => count == 0,
            Err(errno) => !matches!(errno, Errno::EAGAIN | Errno::EINTR),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A stream's sender that is still at work must not keep the connection.
        if Arc::strong_count(&self.writer) > 1 {
            let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
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
        let mut connection = Connection::new(near);
        assert_eq!(connection.take_stream_id(), Ok(1));
        assert_eq!(connection.take_stream_id(), Ok(3));
        connection.next_stream_id = Some(u32::MAX);
        assert!(connection.is_usable());
        assert_eq!(connection.take_stream_id(), Ok(u32::MAX));
        assert!(!connection.is_usable());
        assert_eq!(connection.take_stream_id(), Err(CallError::StreamIdsUsedUp));
    }
}
