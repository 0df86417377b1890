//! One streaming call: messages from standard input on one thread, answers to
//! standard output on another, until both sides have ended.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::call::{decode, print};
use super::{Session, connected};
use crate::client::{CallError, StreamSender};
use crate::error::Error;
use crate::input::{self, InputError};
use crate::schema::{Explicit, Message, Plain, Rpc, Schema, json};

/// How soon the sending side notices that the agent has ended the stream.
const NOTICE: Duration = Duration::from_millis(20);
/// How many lines may be read ahead of what has been sent.
const READ_AHEAD: usize = 16;

/// The lines of standard input, read on a thread of their own from the first
/// time that a stream asks for one: a stream may end while no line has come.
#[derive(Debug)]
pub struct Messages {
    free: bool,
    lines: Option<Receiver<io::Result<String>>>,
}

impl Messages {
    /// Messages from standard input, if it is `free` for them.
    pub fn new(free: bool) -> Self {
        Self { free, lines: None }
    }

    fn lines(&mut self) -> &mut Receiver<io::Result<String>> {
        let free = self.free;
        self.lines.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::sync_channel(READ_AHEAD);
            if free {
                thread::spawn(move || {
                    let mut lines = io::stdin().lock().lines();
                    while lines.next().is_some_and(|line| sender.send(line).is_ok()) {}
                });
            }
            receiver
        })
    }
}

impl Session {
    /// Makes a streaming call. `payload` is its first message.
    pub(super) fn stream(&mut self, rpc: &'static Rpc, payload: &[u8]) -> Result<(), Error> {
        let schema = self.schema;
        let client = connected(&mut self.client, &self.options, self.logger)?;
        let call = self.options.call_of(rpc, payload);
        let stream = client.stream(&call, rpc.client_streaming, rpc.server_streaming)?;
        let (sender, mut receiver) = stream.split();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let sending = sender.map(|sender| {
                let lines = Lines {
                    lines: self.messages.lines(),
                    ended: &ended,
                };
                scope.spawn(move || lines.send_all(sender, schema, rpc.request))
            });
            let received = loop {
                let answer = match receiver.next_message() {
                    Ok(Some(answer)) => answer,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error.into()),
                };
                let format = self.options.format;
                let printed = decode(rpc.response, &answer).and_then(|response| {
                    let response = response.as_ref();
                    print(&mut self.output, schema, &self.options, format, response)
                });
                if printed.is_err() {
                    break printed;
                }
            };
            ended.store(true, Ordering::SeqCst);
            // A sender that is blocked in a write goes on when this is gone.
            drop(receiver);
            match sending.map(thread::ScopedJoinHandle::join) {
                // A message that is wrong is why the stream ended early.
                Some(Ok(Err(error))) => Err(error),
                _ => received,
            }
        })
    }
}

/// The lines that one stream sends.
struct Lines<'a> {
    lines: &'a mut Receiver<io::Result<String>>,
    ended: &'a AtomicBool,
}

impl Lines<'_> {
    /// Sends a message for each line, until there is no more or the stream has
    /// ended. The client's side is closed then, after a wrong line too.
    fn send_all(
        self,
        mut sender: StreamSender,
        schema: &'static Schema,
        message: &'static Message,
    ) -> Result<(), Error> {
        let result = loop {
            if self.ended.load(Ordering::SeqCst) {
                return Ok(());
            }
            match self.lines.recv_timeout(NOTICE) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
                Ok(Ok(line)) if line.trim().is_empty() => {}
                Ok(line) => match encoded(schema, message, line) {
                    Ok(payload) => match sender.send(&payload) {
                        Ok(()) => {}
                        // The receiving side tells how.
                        Err(CallError::StreamEnded) => return Ok(()),
                        Err(error) => break Err(error.into()),
                    },
                    Err(error) => break Err(error),
                },
            }
        };
        match sender.close() {
            Ok(()) | Err(_) => result,
        }
    }
}

/// One line of JSON as an encoded message.
fn encoded(
    schema: &'static Schema,
    message: &'static Message,
    line: io::Result<String>,
) -> Result<Vec<u8>, Error> {
    let line = line.map_err(|error| InputError::Read {
        name: "-".to_owned(),
        reason: input::reason(&error),
    })?;
    let mut value = (message.new)();
    json::merge(
        value.as_mut(),
        &mut Explicit::default(),
        &Plain,
        schema,
        &line,
    )?;
    let mut payload = Vec::new();
    value.encode_into(&mut payload).map_err(Error::Encode)?;
    Ok(payload)
}
