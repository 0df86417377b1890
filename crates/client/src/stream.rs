//! A call that streams from the client, from the agent, or both ways. Its two
//! sides can be used from two threads. It knows messages only as bytes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED};

use crate::call::{Call, decode_response};
use crate::connection::{Client, Left};
use crate::deadline::Deadline;
use crate::error::{CallError, ProtocolError, Stage};
use crate::frame::FrameType;
use crate::writer::{FrameWriter, Opening, Patience, check_size};

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
    ended: Arc<AtomicBool>,
}

/// The receiving side of a stream.
#[derive(Debug)]
pub struct StreamReceiver<'c> {
    client: &'c mut Client,
    stream_id: u32,
    deadline: Deadline,
    agent_streams: bool,
    has_messages: bool,
    ended: Arc<AtomicBool>,
}

impl Client {
    /// Opens a stream and sends its first message, the call's payload. The call's
    /// timeout covers the whole stream.
    ///
    /// # Errors
    /// As [`Client::call`] has them, but for the agent's status: that comes from
    /// the receiving side.
    pub fn stream(
        &mut self,
        call: &Call<'_>,
        client_streams: bool,
        agent_streams: bool,
    ) -> Result<Stream<'_>, CallError> {
        let deadline = Deadline::starting_now(call.timeout);
        if client_streams {
            // Before the request goes out that the message follows.
            check_size(call.payload.len())?;
        }
        let stream_id = self.take_stream_id()?;
        self.refuse_early(stream_id)?;
        let opened = self.send(|writer| {
            if client_streams {
                writer.send_request(stream_id, Opening::ClientStream, call, &deadline)?;
                writer.send_message(stream_id, call.payload, (&deadline).into())
            } else {
                let opening = if agent_streams {
                    Opening::ServerStream
                } else {
                    Opening::Unary
                };
                writer.send_request(stream_id, opening, call, &deadline)
            }
        });
        if let Err(error) = opened {
            // The request may be out although its first message is not.
            self.leave(stream_id, Left::Stream);
            let later = self.answer_despite(error.clone(), stream_id);
            return Err(later.err().unwrap_or(error));
        }
        let ended = Arc::new(AtomicBool::new(false));
        let sender = client_streams.then(|| StreamSender {
            writer: Arc::clone(&self.writer),
            stream_id,
            deadline,
            ended: Arc::clone(&ended),
        });
        let receiver = StreamReceiver {
            client: self,
            stream_id,
            deadline,
            agent_streams,
            has_messages: false,
            ended,
        };
        Ok(Stream { sender, receiver })
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
        self.write(|writer, stream_id, patience| writer.send_message(stream_id, message, patience))
    }

    /// Says that no message follows. A sender that is only dropped leaves the
    /// agent waiting.
    ///
    /// # Errors
    /// As [`Self::send`] has them.
    pub fn close(self) -> Result<(), CallError> {
        self.write(|writer, stream_id, patience| writer.send_close(stream_id, patience))
    }

    /// Gives the stream up together with its connection, so that the agent does
    /// not take what it has got for all there is. Both sides have ended then.
    pub fn abandon(self) {
        self.ended.store(true, Ordering::SeqCst);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.shut_down();
    }

    fn write(
        &self,
        write: impl FnOnce(&mut FrameWriter, u32, Patience<'_>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ended.load(Ordering::SeqCst) {
            return Err(CallError::StreamEnded);
        }
        if writer.is_broken() {
            return Err(CallError::Unusable);
        }
        let patience = Patience {
            deadline: &self.deadline,
            ended: Some(&self.ended),
        };
        write(&mut writer, self.stream_id, patience)
    }
}

impl StreamReceiver<'_> {
    /// Waits for the next message of the agent, encoded; `None` is the end of the
    /// stream. An agent that does not stream sends exactly one.
    ///
    /// # Errors
    /// As [`Client::call`] has them. The stream has ended then.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        if self.ended.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let message = self.receive();
        match &message {
            Ok(Some(_)) => self.has_messages = true,
            Ok(None) => self.end(),
            Err(error) => {
                self.end();
                self.client
                    .after_failure(error, self.stream_id, Left::Stream);
            }
        }
        message.map_err(on_stream)
    }

    fn receive(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        loop {
            let header = self.client.frame_of(self.stream_id, &self.deadline)?;
            let data = self.client.reader.data();
            match header.frame_type {
                FrameType::Response => {
                    let message = decode_response(data)?;
                    self.end();
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
                        self.end();
                    }
                    return Ok(message);
                }
            }
        }
    }

    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

impl Drop for StreamReceiver<'_> {
    fn drop(&mut self) {
        self.end();
        // Even an agent that ended the stream may answer what came to it later.
        self.client.leave(self.stream_id, Left::Stream);
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
