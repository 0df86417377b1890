//! The further messages of a stream from the client: standard input is a stream of JSON
//! values, each of them one message.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use serde_json::value::RawValue;

use agent_report::error::Error;
use agent_report::log::{Level, Logger};
use agent_request::PassedOver;
use agent_request::input;
use agent_schema::json::JsonError;
use agent_schema::{Dialect, Explicit, Message, Plain, Reflect, Schema, json};

/// How long a wait for a value lasts before its caller can look at other things.
const NOTICE: Duration = Duration::from_millis(20);
/// How many values may be read ahead of what has been taken.
const READ_AHEAD: usize = 16;

/// A value's text, with the number of the line that it begins in, from 1.
type Text = (usize, Result<Box<RawValue>, Broken>);

/// Why no value can be read.
enum Broken {
    Io(io::Error),
    Json(JsonError),
}

/// The values of standard input, read on a thread of their own from the first
/// time that a stream asks for one: a stream may end while none has come.
///
/// There are none by default, as where standard input is there for something else.
#[derive(Default)]
pub(super) struct Messages {
    /// Where they come from, until the first one is asked for.
    input: Option<Box<dyn BufRead + Send>>,
    texts: Option<Receiver<Text>>,
    /// Where fields are passed over that this build does not know: who warns of them.
    lenient: Option<Logger>,
}

/// What a wait for a message ended with.
pub(super) enum Coming {
    /// A message, and the number of the line that it begins in.
    Message(usize, Box<dyn Reflect>),
    /// Nothing so far.
    NotYet,
    /// There is no more.
    End,
}

impl Messages {
    /// Messages from the values in `input`.
    pub(super) fn of(input: impl BufRead + Send + 'static) -> Self {
        Self {
            input: Some(Box::new(input)),
            ..Self::default()
        }
    }

    /// The same, with fields passed over that this build does not know, and warned of.
    pub(super) fn passing_over(self, logger: Logger) -> Self {
        Self {
            lenient: Some(logger),
            ..self
        }
    }

    /// Waits a moment for the next message, which is of this type.
    ///
    /// # Errors
    /// When a value is not the JSON of one, or none can be read.
    pub(super) fn next(
        &mut self,
        schema: &'static Schema,
        message: &'static Message,
    ) -> Result<Coming, Error> {
        let (line, text) = match self.texts().recv_timeout(NOTICE) {
            Err(RecvTimeoutError::Timeout) => return Ok(Coming::NotYet),
            Err(RecvTimeoutError::Disconnected) => return Ok(Coming::End),
            Ok(text) => text,
        };
        let wrong = |error: JsonError| in_line(line, error.in_one_line()).at(error.culprit());
        let text = text.map_err(|broken| match broken {
            Broken::Io(error) => in_line(line, input::reason(&error)),
            Broken::Json(error) => wrong(error),
        })?;
        let read = |dialect: &dyn Dialect| read(schema, message, dialect, text.get());
        let message = match self.lenient {
            None => read(&Plain),
            Some(logger) => {
                let passed = PassedOver::default();
                let message = read(&passed);
                for warning in passed.warnings() {
                    let warning = format_args!("standard input, line {line}: {warning}");
                    logger.log(Level::Warn, warning);
                }
                message
            }
        };
        Ok(Coming::Message(line, message.map_err(wrong)?))
    }

    fn texts(&mut self) -> &mut Receiver<Text> {
        let input = &mut self.input;
        self.texts.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::sync_channel(READ_AHEAD);
            if let Some(input) = input.take() {
                let errors = sender.clone();
                let reading = thread::Builder::new().spawn(move || send_texts(input, &sender));
                if let Err(error) = reading {
                    // The receiver is there and has room.
                    let _ = errors.send((1, Err(Broken::Io(error))));
                }
            }
            receiver
        })
    }
}

/// Reads values until there are no more, one is broken, or nobody takes them.
fn send_texts(input: Box<dyn BufRead + Send>, sender: &SyncSender<Text>) {
    let progress = Rc::new(Progress::default());
    let values = serde_json::Deserializer::from_reader(Counted {
        input,
        progress: Rc::clone(&progress),
    });
    let mut values = values.into_iter::<Box<RawValue>>();
    loop {
        progress.bytes.set(0);
        let text = match values.next() {
            None => return,
            Some(Ok(value)) => {
                // The end of a number shows only in what follows it.
                let within = value.get().matches('\n').count();
                let after = usize::from(progress.last.get() == b'\n');
                (1 + progress.lines.get() - within - after, Ok(value))
            }
            Some(Err(error)) if error.is_io() => {
                (1 + progress.lines.get(), Err(Broken::Io(error.into())))
            }
            Some(Err(error)) => {
                let line = error.line();
                (line, Err(Broken::Json(JsonError::syntax(&error))))
            }
        };
        let is_last = text.1.is_err();
        if sender.send(text).is_err() || is_last {
            return;
        }
    }
}

/// How far a reader of values is.
#[derive(Default)]
struct Progress {
    /// Lines that have ended.
    lines: Cell<usize>,
    /// The byte read last.
    last: Cell<u8>,
    /// How many were read since the last value.
    bytes: Cell<u64>,
}

/// Counts what is read, and gives up a value that is larger than any message.
struct Counted {
    input: Box<dyn BufRead + Send>,
    progress: Rc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        let Progress { lines, last, bytes } = &*self.progress;
        lines.set(lines.get() + read.iter().filter(|byte| **byte == b'\n').count());
        last.set(read.last().copied().unwrap_or_default());
        bytes.set(bytes.get() + length as u64);
        match bytes.get() > input::LIMIT {
            true => Err(io::Error::other("the message is too large")),
            false => Ok(length),
        }
    }
}

/// One value as a message.
fn read(
    schema: &'static Schema,
    message: &'static Message,
    dialect: &dyn Dialect,
    text: &str,
) -> Result<Box<dyn Reflect>, JsonError> {
    let mut value = (message.new)();
    let explicit = &mut Explicit::default();
    json::merge(value.as_mut(), explicit, dialect, schema, text)?;
    Ok(value)
}

/// What is wrong with a message that begins in this line of standard input.
pub(super) fn in_line(line: usize, reason: impl fmt::Display) -> Error {
    Error::usage(format_args!("standard input, line {line}: {reason}"))
}
