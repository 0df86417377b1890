//! One streaming call: messages from standard input on one thread, answers to
//! standard output on another, until both sides have ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Session;
use super::call::payload;
use super::channel::Sender;
use super::messages::{Coming, Messages, in_line};
use agent_client::interrupt;
use agent_client::{self, CallError};
use agent_report::error::{Error, Kind};
use agent_request::input;
use agent_schema::{Rpc, Schema};

impl Session {
    /// Makes a streaming call. `payload` is its first message.
    pub(super) fn stream(&mut self, rpc: &'static Rpc, payload: &[u8]) -> Result<(), Error> {
        let (schema, options) = (self.schema, &self.options);
        let call = options.settings.calls.call_of(rpc, payload);
        let (sender, mut receiver) = self.channel.stream(&options.settings.calls, rpc, &call)?;
        let state = State::default();
        thread::scope(|scope| {
            let sending = sender.map(|sender| {
                let sending = Sending {
                    messages: &mut self.messages,
                    state: &state,
                };
                let send = move || sending.send_all(sender, schema, rpc);
                let spawned = thread::Builder::new().spawn_scoped(scope, send);
                spawned.map_err(|error| {
                    let reason = input::reason(&error);
                    let message =
                        format_args!("no thread could be made to send messages: {reason}");
                    Error::new(Kind::Connection, message)
                })
            });
            let sending = sending.transpose()?;
            let received = loop {
                let answer = match receiver.next() {
                    Ok(Some(answer)) => answer,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error.into()),
                };
                // Then the error is all that there is to say.
                if state.mistaken.load(Ordering::SeqCst) {
                    break Ok(());
                }
                let verbose = options.verbose;
                let response = self.skew.decode(schema, rpc, &answer, verbose, self.logger);
                let printed = response.and_then(|response| {
                    let (output, response) = (&mut self.output, response.as_ref());
                    options
                        .settings
                        .printing
                        .answer(output, schema, response, &answer)
                });
                if printed.is_err() {
                    break printed;
                }
            };
            state.ended.store(true, Ordering::SeqCst);
            // A sender that is blocked in a write goes on when this is gone.
            drop(receiver);
            match sending.map(thread::ScopedJoinHandle::join) {
                // A message that is wrong is why the stream ended early.
                Some(Ok(Err(error))) => Err(error),
                _ => received,
            }
        })
    }

    /// Prints the further messages of a call that streams from the client, as the
    /// requests that they would be.
    pub(super) fn further_requests(&mut self, rpc: &'static Rpc) -> Result<(), Error> {
        loop {
            interrupt::check()?;
            match self.messages.next(self.schema, rpc.request)? {
                Coming::NotYet => {}
                Coming::End => return Ok(()),
                Coming::Message(line, message) => {
                    let length = payload(message.as_ref())?.len();
                    agent_client::check_message_size(length)
                        .map_err(|error| in_line(line, error))?;
                    self.print_request(message.as_ref())?;
                }
            }
        }
    }
}

/// What the two sides of a stream tell each other.
#[derive(Default)]
struct State {
    /// The agent's side has ended.
    ended: AtomicBool,
    /// A message was wrong: no answer counts any more.
    mistaken: AtomicBool,
}

/// The sending side of one stream.
struct Sending<'a> {
    messages: &'a mut Messages,
    state: &'a State,
}

impl Sending<'_> {
    /// Sends every message, until there is no more or the stream has ended. The
    /// client's side is closed then. After a wrong message it is not, as that would
    /// tell the agent that it has got all: the connection is dropped instead.
    fn send_all(
        mut self,
        mut sender: Sender,
        schema: &'static Schema,
        rpc: &'static Rpc,
    ) -> Result<(), Error> {
        match self.send_each(&mut sender, schema, rpc) {
            // The receiving side tells how.
            Ok(()) if self.state.ended.load(Ordering::SeqCst) => Ok(()),
            Err(error) if error.kind() == Kind::Usage => {
                self.state.mistaken.store(true, Ordering::SeqCst);
                sender.abandon();
                Err(error)
            }
            result => match sender.close() {
                Ok(()) | Err(_) => result,
            },
        }
    }

    fn send_each(
        &mut self,
        sender: &mut Sender,
        schema: &'static Schema,
        rpc: &'static Rpc,
    ) -> Result<(), Error> {
        while !self.state.ended.load(Ordering::SeqCst) {
            match self.messages.next(schema, rpc.request)? {
                Coming::NotYet => {}
                Coming::End => break,
                Coming::Message(line, message) => {
                    let payload = payload(message.as_ref())?;
                    agent_client::check_message_size(payload.len())
                        .map_err(|error| in_line(line, error))?;
                    match sender.send(message.as_ref(), &payload) {
                        // The receiving side tells how.
                        Err(CallError::StreamEnded) => return Ok(()),
                        sent => sent?,
                    }
                }
            }
        }
        Ok(())
    }
}
