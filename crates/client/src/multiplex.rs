//! Many calls at a time on one connection, without ever blocking: its owner polls the socket
//! and drives it. It has no clock; giving a call up is the owner's decision.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};

use crate::call::Call;
use crate::connection::MOST_ABANDONED;
use crate::error::{CallError, ProtocolError};
use crate::frame::{FrameReader, FrameType, Header};
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
    /// The requests that are not sent whole: stream IDs, and where their frames are in
    /// `outgoing`.
    unsent: VecDeque<(u32, Range<usize>)>,
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
    pub(crate) fn new(socket: impl Into<OwnedFd>) -> Self {
        Multiplexer {
            socket: socket.into(),
            reader: FrameReader::with_room(READ_SIZE),
            outgoing: Vec::new(),
            gone: 0,
            unsent: VecDeque::new(),
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
        let start = self.outgoing.len();
        put_request_frame(stream_id, call, &mut self.outgoing)?;
        let frame = start..self.outgoing.len();
        self.unsent.push_back((stream_id, frame));
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
                Ok(count) => {
                    self.gone += count;
                    let is_sent = |(_, frame): &(u32, Range<usize>)| frame.end <= self.gone;
                    let sent = self.unsent.iter().take_while(|it| is_sent(it)).count();
                    self.unsent.drain(..sent);
                }
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
            let early = self.early(header.stream_id);
            if early == Some(Early::BeforeRequest) {
                return Err(too_early(&header).into());
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
                    // Only an error can be the honest answer to a part of a request.
                    Ok(_) if early == Some(Early::WithinRequest) => {
                        self.calls.insert(header.stream_id, Some(tag));
                        return Err(too_early(&header).into());
                    }
                    answer => answered(tag, answer),
                },
            }
        }
        Ok(())
    }

    /// Whether a frame that came for this call came before its request was sent.
    fn early(&self, stream_id: u32) -> Option<Early> {
        let (_, frame) = self
            .unsent
            .iter()
            .find(|(unsent, _)| *unsent == stream_id)?;
        Some(if frame.start < self.gone {
            Early::WithinRequest
        } else {
            Early::BeforeRequest
        })
    }

    /// Ends the connection, and gives back the calls that were not answered.
    pub fn into_calls(self) -> impl Iterator<Item = T> {
        self.calls.into_values().flatten()
    }
}

/// How much of a request had not been sent when a frame came for its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Early {
    /// All of it.
    BeforeRequest,
    /// Its end.
    WithinRequest,
}

fn too_early(header: &Header) -> ProtocolError {
    ProtocolError::TooEarly {
        stream_id: header.stream_id,
        header: header.bytes,
    }
}

impl<T> AsFd for Multiplexer<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
#[expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]
mod tests {
    use std::io::Write as _;
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

    /// A response frame for a stream: OK without a message, or NOT_FOUND.
    fn response(stream_id: u8, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(data.len()).unwrap();
        let header = [0, 0, 0, length, 0, 0, 0, stream_id, 2, 0];
        [&header[..], data].concat()
    }

    const NOT_FOUND: &[u8] = &[0x0a, 2, 8, 5];

    #[test]
    fn an_answer_to_a_request_that_was_not_sent_is_refused() {
        let payload = vec![0; 1 << 20];
        let long = Call {
            payload: &payload,
            ..CALL
        };
        // What is sent before the answer comes, what comes, and whether it is an answer.
        let cases = [
            ("nothing", response(1, &[]), false),
            ("nothing", response(1, NOT_FOUND), false),
            ("a part of the first", response(1, &[]), false),
            ("a part of the first", response(1, NOT_FOUND), true),
            ("a part of the first", response(3, NOT_FOUND), false),
        ];
        for (sent, frame, is_answer) in cases {
            let (near, mut far) = UnixStream::pair().unwrap();
            let mut multiplexer = Multiplexer::new(near);
            assert_eq!(multiplexer.start(&long, 'a'), Ok(1));
            assert_eq!(multiplexer.start(&CALL, 'b'), Ok(3));
            if sent != "nothing" {
                multiplexer.send().unwrap();
                assert!(multiplexer.is_sending(), "the socket took it all");
            }
            far.write_all(&frame).unwrap();

            let mut answers = Vec::new();
            let received = multiplexer.receive(|tag, answer| answers.push((tag, answer)));
            if is_answer {
                assert_eq!(received, Ok(()), "{sent}, {frame:?}");
                let [('a', Err(CallError::Status(status)))] = &answers[..] else {
                    panic!("{sent}, {frame:?}: {answers:?}");
                };
                assert_eq!(status.code, 5);
            } else {
                let Err(CallError::Protocol(ProtocolError::TooEarly { .. })) = received else {
                    panic!("{sent}, {frame:?}: {received:?}");
                };
                assert_eq!(answers, []);
                assert_eq!(multiplexer.in_flight(), 2);
            }
        }
    }

    #[test]
    fn an_answer_to_a_request_that_was_sent_is_taken_while_the_next_is_queued() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut multiplexer = Multiplexer::new(near);
        multiplexer.start(&CALL, 'a').unwrap();
        multiplexer.send().unwrap();
        multiplexer.start(&CALL, 'b').unwrap();
        far.write_all(&response(1, &[])).unwrap();
        let mut answers = Vec::new();
        let received = multiplexer.receive(|tag, answer| answers.push((tag, answer)));
        assert_eq!(received, Ok(()));
        assert_eq!(answers, [('a', Ok(Vec::new()))]);
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
