//! Many calls at a time on one connection, without ever blocking: its owner polls the socket
//! and drives it. It has no clock; giving a call up is the owner's decision.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};

use crate::call::Call;
use crate::connection::MOST_ABANDONED;
use crate::error::{CallError, ProtocolError};
use crate::frame::{FrameReader, FrameType};
use crate::response::decode_response;
use crate::transport::{self, Address, ConnectError, ConnectOptions};
use crate::writer::{lost, put_request_frame};

/// What one read takes at most: many small frames at once.
const READ_SIZE: usize = 64 * 1024;

/// A connection for many calls at a time, of which the owner tells one from the other by a `T`.
#[derive(Debug)]
pub struct Multiplexer<T> {
    socket: OwnedFd,
    reader: FrameReader,
    /// Frames on their way out, and how much of them is gone.
    outgoing: Vec<u8>,
    gone: usize,
    next_stream_id: Option<u32>,
    /// By stream ID; `None` for a call that was given up.
    calls: HashMap<u32, Option<T>>,
    /// How many of them were given up.
    abandoned: usize,
    /// Whether there were too many of those.
    too_many: bool,
}

impl<T> Multiplexer<T> {
    /// Connects, which may block as long as the options say.
    ///
    /// # Errors
    /// When there is no connection in time, or a signal came.
    pub fn connect(address: &Address, options: &ConnectOptions) -> Result<Self, ConnectError> {
        transport::connect(address, options).map(Self::new)
    }

    /// Makes calls over a connected stream socket of any family.
    pub fn new(socket: impl Into<OwnedFd>) -> Self {
        Multiplexer {
            socket: socket.into(),
            reader: FrameReader::with_room(READ_SIZE),
            outgoing: Vec::new(),
            gone: 0,
            next_stream_id: Some(1),
            calls: HashMap::new(),
            abandoned: 0,
            too_many: false,
        }
    }

    /// Lets the next call have this stream ID, which is odd, instead of counting from 1: for a
    /// test of what happens when the IDs are used up.
    pub fn use_stream_ids_from(&mut self, stream_id: u32) {
        self.next_stream_id = Some(stream_id | 1);
    }

    /// Whether another call can be started. It cannot once the stream IDs are used up (after
    /// 2³¹ calls), or thousands of calls were given up that the agent had not answered;
    /// answers to the calls in flight come all the same.
    pub fn is_usable(&self) -> bool {
        self.next_stream_id.is_some() && !self.too_many
    }

    /// How many calls wait for their answers, without those that were given up.
    pub fn in_flight(&self) -> usize {
        self.calls.len() - self.abandoned
    }

    /// Puts a call's request behind what is to be sent, and gives its stream ID.
    ///
    /// # Errors
    /// When the request is over the limit, or [`is_usable`](Self::is_usable) is false.
    pub fn start(&mut self, call: &Call<'_>, tag: T) -> Result<u32, CallError> {
        let stream_id = self.next_stream_id.ok_or(CallError::StreamIdsUsedUp)?;
        if !self.is_usable() {
            return Err(CallError::Unusable);
        }
        put_request_frame(stream_id, call, &mut self.outgoing)?;
        self.next_stream_id = stream_id.checked_add(2);
        self.calls.insert(stream_id, Some(tag));
        Ok(stream_id)
    }

    /// Gives a call up: its answer is discarded when it comes. `None` if the call
    /// has been answered or given up before.
    pub fn give_up(&mut self, stream_id: u32) -> Option<T> {
        let tag = self.calls.get_mut(&stream_id)?.take()?;
        self.abandoned += 1;
        self.too_many |= self.abandoned >= MOST_ABANDONED;
        Some(tag)
    }

    /// Sends as much as the socket takes.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn send(&mut self) -> Result<(), CallError> {
        let options = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        while let Some(rest) = self
            .outgoing
            .get(self.gone..)
            .filter(|rest| !rest.is_empty())
        {
            match send(self.socket.as_raw_fd(), rest, options) {
                Ok(count) => self.gone += count,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(()),
                Err(errno) => return Err(lost(errno)),
            }
        }
        self.outgoing.clear();
        self.gone = 0;
        Ok(())
    }

    /// Whether something waits for the socket to take it.
    pub fn is_sending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Reads what has come, and hands out each answer of a call that was not
    /// given up.
    ///
    /// # Errors
    /// When the connection is lost, or what came is not ttRPC: no call on it will
    /// be answered any more.
    pub fn receive(
        &mut self,
        mut answered: impl FnMut(T, Result<Vec<u8>, CallError>),
    ) -> Result<(), CallError> {
        while let Some(header) = self.reader.next_at_once(self.socket.as_fd())? {
            if header.frame_type == FrameType::Data {
                return Err(ProtocolError::UnexpectedData {
                    header: header.bytes,
                }
                .into());
            }
            match self.calls.remove(&header.stream_id) {
                None => {
                    return Err(ProtocolError::UnknownStream {
                        stream_id: header.stream_id,
                        header: header.bytes,
                    }
                    .into());
                }
                Some(None) => self.abandoned -= 1,
                Some(Some(tag)) => match decode_response(self.reader.data()) {
                    Err(error @ CallError::Protocol(_)) => {
                        // For the owner to see what becomes of this call too.
                        self.calls.insert(header.stream_id, Some(tag));
                        return Err(error);
                    }
                    answer => answered(tag, answer),
                },
            }
        }
        Ok(())
    }

    /// Ends the connection, and gives back the calls that were not answered.
    pub fn into_calls(self) -> impl Iterator<Item = T> {
        self.calls.into_values().flatten()
    }
}

impl<T> AsFd for Multiplexer<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    const CALL: Call<'static> = Call {
        service: "s",
        method: "m",
        payload: &[],
        metadata: &[],
        timeout: None,
    };

    #[test]
    fn stream_ids_run_out() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut multiplexer = Multiplexer::new(near);
        multiplexer.use_stream_ids_from(u32::MAX);
        assert!(multiplexer.is_usable());
        assert_eq!(multiplexer.start(&CALL, 'a'), Ok(u32::MAX));
        assert!(!multiplexer.is_usable());
        assert_eq!(
            multiplexer.start(&CALL, 'b'),
            Err(CallError::StreamIdsUsedUp)
        );
        assert_eq!(multiplexer.in_flight(), 1);
    }

    #[test]
    fn what_is_kept_of_calls_that_were_given_up_has_a_bound() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut multiplexer = Multiplexer::new(near);
        let kept = multiplexer.start(&CALL, 'a').unwrap();
        for _ in 0..MOST_ABANDONED {
            assert!(multiplexer.is_usable());
            let stream_id = multiplexer.start(&CALL, 'b').unwrap();
            assert_eq!(multiplexer.give_up(stream_id), Some('b'));
            assert_eq!(multiplexer.give_up(stream_id), None);
        }
        assert!(!multiplexer.is_usable());
        assert_eq!(multiplexer.start(&CALL, 'c'), Err(CallError::Unusable));
        assert_eq!(multiplexer.in_flight(), 1);
        assert_eq!(multiplexer.give_up(kept), Some('a'));
    }
}
