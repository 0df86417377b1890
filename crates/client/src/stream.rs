//! A call that streams from the client, from the agent, or both ways. Its two sides can be used
//! from two threads.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;

use crate::call::Call;
use crate::connection::{Connection, Late};
use crate::deadline::Deadline;
use crate::error::{CallError, ErrorKind, ProtocolError, Stage};
use crate::frame::{FrameType, check_size};
use crate::layout::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED};
use crate::response::decode_response;
use crate::writer::{FrameWriter, Opening, Until, Waiting};

/// An open stream. The connection makes no other call until it is dropped.
#[derive(Debug)]
pub struct Stream<'c> {
    sender: Option<StreamSender>,
    receiver: StreamReceiver<'c>,
}

/// The sending side of a stream from the client. It may move to another thread
/// and outlive the stream.
#[derive(Debug)]
pub struct StreamSender {
    writer: Arc<Mutex<FrameWriter>>,
    stream_id: u32,
    deadline: Deadline,
    state: Arc<State>,
    /// Its other end is closed when the stream ends, for a write that waits.
    end: PipeReader,
}

/// The receiving side of a stream.
#[derive(Debug)]
pub struct StreamReceiver<'c> {
    connection: &'c mut Connection,
    stream_id: u32,
    deadline: Deadline,
    agent_streams: bool,
    has_messages: bool,
    state: Arc<State>,
    /// Closed when the stream ends. There is none where the client does not stream.
    open: Option<PipeWriter>,
}

/// What the two sides know of each other.
#[derive(Debug, Default)]
struct State {
    /// The stream has ended: the agent has ended it, or nobody receives any more.
    has_ended: AtomicBool,
    /// The client has closed its side.
    is_closed: AtomicBool,
}

impl State {
    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }
}

impl Connection {
    /// Opens a stream and sends its first message, the call's payload. `client_streams` and
    /// `agent_streams` tell who sends several messages, as the RPC's definition says. The
    /// call's timeout covers the whole stream.
    ///
    /// # Errors
    /// As [`Connection::call`] has them, but for the agent's status: that comes from
    /// the receiving side.
    pub fn stream(
        &mut self,
        call: &Call<'_>,
        client_streams: bool,
        agent_streams: bool,
    ) -> Result<Stream<'_>, CallError> {
        let deadline = Deadline::starting_now(call.timeout);
        let ends = match client_streams {
            // Looked at before the request goes out that the message follows.
            true => {
                check_size(call.payload.len())?;
                Some(io::pipe().map_err(no_pipe)?)
            }
            false => None,
        };
        let stream_id = self.take_stream_id()?;
        self.refuse_early(stream_id)?;
        let opening = match (client_streams, agent_streams) {
            (true, _) => Opening::ClientStream,
            (false, true) => Opening::ServerStream,
            (false, false) => Opening::Unary,
        };
        let opened = self.send(stream_id, &deadline, |writer, until| {
            writer.send_request(stream_id, opening, call, until)?;
            match opening {
                Opening::ClientStream => writer.send_message(stream_id, call.payload, until),
                Opening::ServerStream | Opening::Unary => Ok(()),
            }
        });
        if let Err(error) = opened {
            // The request may be out although its first message is not.
            self.abandon(stream_id, Late::Anything);
            let later = self.answer_despite(error.clone(), stream_id);
            return Err(later.err().unwrap_or(error));
        }
        let state = Arc::new(State::default());
        let (end, open) = ends.unzip();
        let sender = end.map(|end| StreamSender {
            writer: Arc::clone(&self.writer),
            stream_id,
            deadline,
            state: Arc::clone(&state),
            end,
        });
        let receiver = StreamReceiver {
            connection: self,
            stream_id,
            deadline,
            agent_streams,
            has_messages: false,
            state,
            open,
        };
        Ok(Stream { sender, receiver })
    }
}

fn no_pipe(error: io::Error) -> CallError {
    CallError::Io {
        stage: Stage::Sending,
        errno: Errno::from_raw(error.raw_os_error().unwrap_or_default()),
    }
}

/// Whether one message of a stream, this many bytes long, can be sent.
///
/// # Errors
/// [`CallError::TooLarge`] if it cannot.
pub fn check_message_size(length: usize) -> Result<(), CallError> {
    check_size(length).map(drop)
}

impl<'c> Stream<'c> {
    /// The two sides. There is a sender only where the client streams.
    pub fn split(self) -> (Option<StreamSender>, StreamReceiver<'c>) {
        (self.sender, self.receiver)
    }
}

impl StreamSender {
    /// Sends one more message, encoded.
    ///
    /// # Errors
    /// When the message is too large, when the stream has ended or ends while it
    /// is sent, and when it cannot be sent in time or at all.
    pub fn send(&mut self, message: &[u8]) -> Result<(), CallError> {
        self.write(|writer, until| writer.send_message(self.stream_id, message, until))
    }

    /// Says that no message follows. A sender that is only dropped leaves the
    /// agent waiting.
    ///
    /// # Errors
    /// As [`Self::send`] has them.
    pub fn close(self) -> Result<(), CallError> {
        self.write(|writer, until| writer.send_close(self.stream_id, until))?;
        self.state.is_closed.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Gives the stream up together with its connection, so that the agent does
    /// not take what it has got for all there is. Both sides have ended then.
    pub fn abandon(self) {
        self.state.has_ended.store(true, Ordering::SeqCst);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.shut_down();
    }

    fn write(
        &self,
        write: impl FnOnce(&mut FrameWriter, &mut Until<'_>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.has_ended() {
            return Err(CallError::StreamEnded);
        }
        if writer.is_broken() {
            return Err(CallError::Unusable);
        }
        let mut until = Until {
            deadline: &self.deadline,
            waiting: Waiting::Unless(self.end.as_fd()),
        };
        write(&mut writer, &mut until)
    }
}

impl StreamReceiver<'_> {
    /// Waits for the next message of the agent, encoded; `None` is the end of the
    /// stream. An agent that does not stream sends exactly one.
    ///
    /// # Errors
    /// As [`Connection::call`] has them. The stream has ended then.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        if self.state.has_ended() {
            return Ok(None);
        }
        let message = self.receive();
        match &message {
            Ok(Some(_)) => self.has_messages = true,
            Ok(None) => {}
            Err(error) => {
                let kind = error.kind();
                if matches!(kind, ErrorKind::Connection | ErrorKind::Protocol) {
                    self.connection.break_off();
                }
                self.end(matches!(kind, ErrorKind::Status(_)));
            }
        }
        message.map_err(on_stream)
    }

    fn receive(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        loop {
            let header = self.connection.frame_of(self.stream_id, &self.deadline)?;
            let data = self.connection.reader.data();
            match header.frame_type {
                FrameType::Response => {
                    let message = decode_response(data)?;
                    self.end(true);
                    // After messages an empty response is the bare end; alone it
                    // is the answer of an agent that does not stream.
                    let is_bare_end = self.agent_streams && self.has_messages && message.is_empty();
                    return Ok((!is_bare_end).then_some(message));
                }
                FrameType::Data if !self.agent_streams => {
                    return Err(CallError::Protocol(ProtocolError::UnexpectedData {
                        header: header.bytes,
                    }));
                }
                FrameType::Data => {
                    let is_last = header.flags & FLAG_REMOTE_CLOSED != 0;
                    let has_message = header.flags & FLAG_NO_DATA == 0;
                    if !has_message && !data.is_empty() {
                        return Err(CallError::Protocol(ProtocolError::DataDenied {
                            length: data.len(),
                            header: header.bytes,
                        }));
                    }
                    if !is_last && !has_message {
                        continue;
                    }
                    let message = has_message.then(|| data.to_vec());
                    if is_last {
                        self.end(true);
                    }
                    return Ok(message);
                }
            }
        }
    }

    /// Ends the stream on this side; the agent may have ended it already.
    fn end(&mut self, agent_has_ended: bool) {
        if self.state.has_ended.swap(true, Ordering::SeqCst) {
            return;
        }
        let client_is_open = self.open.take().is_some() && !self.state.is_closed();
        let late = match (client_is_open, agent_has_ended) {
            (true, _) => Late::Anything,
            (false, false) => Late::Stream,
            (false, true) => return,
        };
        self.connection.abandon(self.stream_id, late);
    }
}

impl Drop for StreamReceiver<'_> {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// The error as it reads on a stream, which has one deadline for all of it.
fn on_stream(error: CallError) -> CallError {
    match error {
        CallError::Timeout { after, .. } => CallError::Timeout {
            after,
            stage: Stage::Streaming,
        },
        CallError::Closed {
            stage: Stage::Waiting,
        } => CallError::Closed {
            stage: Stage::Streaming,
        },
        CallError::Reset {
            stage: Stage::Waiting,
        } => CallError::Reset {
            stage: Stage::Streaming,
        },
        other => other,
    }
}
