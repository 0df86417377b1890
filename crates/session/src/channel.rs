//! The way to the agent: a connection that is made when the first call needs it, and again
//! after it was lost, but never within a call. Whoever observes the calls is told of them here.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use super::observer::Observers;
use super::patience::{Patience, Wait};
use super::{CallOptions, missing_address};
use agent_client::{Call, CallError, Connection, Stage, StreamReceiver, StreamSender};
use agent_report::error::Error;
use agent_request::conveniences::Piece;
use agent_schema::{Reflect, Rpc};

/// A connection and its observers.
pub(super) struct Channel {
    connection: Option<Connection>,
    /// Whether the agent has answered anything on it.
    is_answered: bool,
    observers: Observers,
    patience: Patience,
    time: Stopwatch,
}

/// The time of a call, to its last answer.
#[derive(Debug, Clone, Copy)]
struct Stopwatch {
    started: Instant,
    answered: Instant,
}

impl Stopwatch {
    fn start() -> Self {
        let now = Instant::now();
        Stopwatch {
            started: now,
            answered: now,
        }
    }

    fn note_answer(&mut self) {
        self.answered = Instant::now();
    }

    fn time(&self) -> Duration {
        self.answered - self.started
    }
}

impl Channel {
    /// A channel that has not connected yet.
    pub(super) fn new(observers: Observers) -> Self {
        Channel {
            connection: None,
            is_answered: false,
            observers,
            patience: Patience::new(),
            time: Stopwatch::start(),
        }
    }

    /// Begins a call, or a stream, whose request is this: [`call`](Self::call) or
    /// [`stream`](Self::stream) follows, and [`end`](Self::end).
    pub(super) fn begin(&mut self, call: &Call<'_>, message: &dyn Reflect) {
        self.time = Stopwatch::start();
        self.observers.tell(|it| it.call(call, message));
    }

    /// Tells something of the request.
    pub(super) fn note(&self, text: &str) {
        self.observers.tell(|it| it.note(text));
    }

    /// Makes the call that was begun.
    pub(super) fn call(
        &mut self,
        options: &CallOptions,
        call: &Call<'_>,
    ) -> Result<Vec<u8>, Error> {
        self.connect(options)?;
        Ok(self.answer(call)?)
    }

    /// Begins a series of calls that send so many bytes, all of them over one connection:
    /// [`piece`](Self::piece) makes each, and [`end`](Self::end) follows.
    pub(super) fn begin_series(
        &mut self,
        options: &CallOptions,
        call: &Call<'_>,
        total: u64,
    ) -> Result<(), Error> {
        self.time = Stopwatch::start();
        self.observers.tell(|it| it.series(call, total));
        self.connect(options)
    }

    /// Makes the call of a series that sends this piece.
    pub(super) fn piece(
        &mut self,
        call: &Call<'_>,
        piece: &Piece<'_>,
    ) -> Result<Vec<u8>, CallError> {
        self.observers.tell(|it| it.piece(piece));
        self.answer(call)
    }

    /// Opens the stream that was begun.
    pub(super) fn stream(
        &mut self,
        options: &CallOptions,
        rpc: &'static Rpc,
        call: &Call<'_>,
    ) -> Result<(Option<Sender>, Receiver<'_>), Error> {
        self.connect(options)?;
        // Who types messages knows what is waited for.
        let is_typed = rpc.client_streaming && io::stdin().is_terminal();
        let wait = (!is_typed).then(|| self.patience.call(call.timeout));
        let connection = self.connection.as_mut().ok_or(CallError::Unusable)?;
        let stream = connection.stream(call, rpc.client_streaming, rpc.server_streaming)?;
        let (sender, receiver) = stream.split();
        let sender = sender.map(|sender| Sender {
            sender,
            observers: self.observers.clone(),
        });
        let receiver = Receiver {
            receiver,
            observers: self.observers.clone(),
            is_answered: &mut self.is_answered,
            time: &mut self.time,
            wait,
        };
        Ok((sender, receiver))
    }

    /// The time since the last call was begun.
    pub(super) fn elapsed(&self) -> Duration {
        self.time.started.elapsed()
    }

    /// Whether there is, or was, a connection on which nothing was ever answered.
    pub(super) fn is_unanswered(&self) -> bool {
        self.connection.is_some() && !self.is_answered
    }

    /// Tells how what was begun has ended.
    pub(super) fn end<T>(&self, rpc: &'static Rpc, outcome: &Result<T, Error>) {
        let status = match outcome {
            Ok(_) => Some(0),
            Err(error) => error.status().map(|status| status.code),
        };
        let time = self.time.time();
        self.observers.tell(|it| it.end(rpc.name, status, time));
    }

    /// The connection, if there is one that can be used: for a call that nobody is told of.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut().filter(|it| it.is_usable())
    }

    /// Ends the connection. The next call makes another one.
    pub(super) fn close(&mut self) {
        self.connection = None;
    }

    /// Makes a connection, if there is none that can be used.
    fn connect(&mut self, options: &CallOptions) -> Result<(), Error> {
        if self.connection().is_some() {
            return Ok(());
        }
        self.close();
        let address = options.address.as_ref().ok_or_else(missing_address)?;
        let told = || format!("still connecting to {address}; Ctrl-C gives up").into();
        let wait = self.patience.begin(told);
        self.connection = Some(Connection::connect(address, &options.connect)?);
        self.is_answered = false;
        drop(wait);
        self.observers.tell(|it| it.connected(address));
        Ok(())
    }

    fn answer(&mut self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let wait = self.patience.call(call.timeout);
        let connection = self.connection.as_mut().ok_or(CallError::Unusable)?;
        let answer = connection.call(call);
        self.time.note_answer();
        drop(wait);
        self.is_answered |= !ends_at_once(&answer);
        let answer = answer?;
        self.observers.tell(|it| it.answer(&answer));
        Ok(answer)
    }
}

/// The sending side of a stream.
pub(super) struct Sender {
    sender: StreamSender,
    observers: Observers,
}

impl Sender {
    /// Sends one more message, which is `encoded` so.
    pub(super) fn send(&mut self, message: &dyn Reflect, encoded: &[u8]) -> Result<(), CallError> {
        self.observers.tell(|it| it.message(message, encoded));
        self.sender.send(encoded)
    }

    /// Says that no message follows.
    pub(super) fn close(self) -> Result<(), CallError> {
        self.sender.close()
    }

    /// Gives the stream up, and the connection with it.
    pub(super) fn abandon(self) {
        self.sender.abandon();
    }
}

/// The receiving side of a stream.
pub(super) struct Receiver<'c> {
    receiver: StreamReceiver<'c>,
    observers: Observers,
    is_answered: &'c mut bool,
    time: &'c mut Stopwatch,
    /// The wait for the first answer.
    wait: Option<Wait>,
}

impl Receiver<'_> {
    /// The next message, encoded; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        let answer = self.receiver.next_message();
        *self.is_answered |= !ends_at_once(&answer);
        self.time.note_answer();
        self.wait = None;
        if let Ok(Some(message)) = &answer {
            self.observers.tell(|it| it.answer(message));
        }
        answer
    }
}

/// Whether the connection ended before a byte came.
fn ends_at_once<T>(answer: &Result<T, CallError>) -> bool {
    use CallError::{Closed, Reset};
    use Stage::{Sending, Waiting};
    matches!(
        answer,
        Err(Closed {
            stage: Sending | Waiting
        } | Reset {
            stage: Sending | Waiting
        })
    )
}
