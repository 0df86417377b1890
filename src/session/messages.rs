//! The further messages of a stream from the client: the lines of standard
//! input, each of them one message as JSON. What is done with a message is not
//! known here.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::input;
use crate::schema::json::JsonError;
use crate::schema::{Explicit, Message, Plain, Reflect, Schema, json};

/// How long a wait for a line lasts before its caller can look at other things.
const NOTICE: Duration = Duration::from_millis(20);
/// How many lines may be read ahead of what has been taken.
const READ_AHEAD: usize = 16;

/// A line with its number, from 1.
type Line = (usize, io::Result<String>);

/// The lines of standard input, read on a thread of their own from the first
/// time that a stream asks for one: a stream may end while no line has come.
///
/// There are none by default, as where standard input is there for something else.
#[derive(Default)]
pub(super) struct Messages {
    /// Where they come from, until the first one is asked for.
    input: Option<Box<dyn BufRead + Send>>,
    lines: Option<Receiver<Line>>,
}

/// What a wait for a message ended with.
pub(super) enum Coming {
    /// A message, and the number of the line that it stood in.
    Message(usize, Box<dyn Reflect>),
    /// Nothing so far.
    NotYet,
    /// There is no more.
    End,
}

impl Messages {
    /// Messages from the lines of `input`.
    pub(super) fn of(input: impl BufRead + Send + 'static) -> Self {
        Self {
            input: Some(Box::new(input)),
            lines: None,
        }
    }

    /// Waits a moment for the next message, which is of this type.
    ///
    /// # Errors
    /// When a line is not the JSON of one, or cannot be read.
    pub(super) fn next(
        &mut self,
        schema: &'static Schema,
        message: &'static Message,
    ) -> Result<Coming, Error> {
        match self.lines().recv_timeout(NOTICE) {
            Err(RecvTimeoutError::Timeout) => Ok(Coming::NotYet),
            Err(RecvTimeoutError::Disconnected) => Ok(Coming::End),
            Ok((_, Ok(line))) if line.trim().is_empty() => Ok(Coming::NotYet),
            Ok((number, Err(error))) => Err(in_line(number, input::reason(&error))),
            Ok((number, Ok(line))) => match read(schema, message, &line) {
                Ok(message) => Ok(Coming::Message(number, message)),
                Err(error) => Err(in_line(number, error.in_one_line()).at(error.culprit())),
            },
        }
    }

    fn lines(&mut self) -> &mut Receiver<Line> {
        let input = &mut self.input;
        self.lines.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::sync_channel(READ_AHEAD);
            if let Some(input) = input.take() {
                let errors = sender.clone();
                let reading = thread::Builder::new().spawn(move || {
                    let mut lines = (1..).zip(input.lines());
                    while lines.next().is_some_and(|line| sender.send(line).is_ok()) {}
                });
                if let Err(error) = reading {
                    // The receiver is there and has room.
                    let _ = errors.send((1, Err(error)));
                }
            }
            receiver
        })
    }
}

/// One line of JSON as a message.
fn read(
    schema: &'static Schema,
    message: &'static Message,
    line: &str,
) -> Result<Box<dyn Reflect>, JsonError> {
    let mut value = (message.new)();
    json::merge(
        value.as_mut(),
        &mut Explicit::default(),
        &Plain,
        schema,
        line,
    )?;
    Ok(value)
}

/// What is wrong with a message in this line of standard input.
pub(super) fn in_line(line: usize, reason: impl fmt::Display) -> Error {
    Error::usage(format_args!("standard input, line {line}: {reason}"))
}
