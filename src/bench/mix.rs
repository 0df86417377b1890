//! What a load test calls: commands, each with a weight, and a request made
//! afresh for every call where the automatic values differ from call to call. It
//! knows no time and no connections.

use super::tally::End;
use crate::cli::Source;
use crate::error::{Error, Failure};
use crate::input::Inputs;
use crate::request::{Memory, Request};
use crate::schema::{Rpc, Schema};
use crate::session::{self, Step, Work};

/// Why a command is not for a load test.
#[derive(Debug, thiserror::Error)]
pub enum MixError {
    /// There is none.
    #[error("nothing to call: give commands with -c, such as -c Check or -c '9x Check'")]
    Empty,
    /// A weight of nothing.
    #[error("the weight in {0:?} is not a whole number from 1 to 1000000")]
    Weight(String),
    /// It makes no call.
    #[error("a built-in command makes no call to measure")]
    BuiltIn,
    /// It makes more than one message.
    #[error("{0} streams, and a load test makes calls with one request and one answer")]
    Stream(&'static str),
    /// It makes a call for every piece of a file.
    #[error(
        "several calls are needed for this, and a load test makes one; give the request's own fields"
    )]
    Series,
}

/// Commands by weight.
#[derive(Debug)]
pub struct Mix {
    entries: Vec<Entry>,
    metadata: Vec<(String, String)>,
    automatic: bool,
}

/// One command of a mix.
#[derive(Debug)]
struct Entry {
    /// How a report calls it.
    label: String,
    request: Request,
    weight: i64,
    /// How far it is behind its share; the one that is furthest is next.
    credit: i64,
    /// The payload, where it is the same for every call.
    payload: Option<Vec<u8>>,
}

impl Mix {
    /// Reads and checks commands, such as `Check` or `9x Check`.
    ///
    /// # Errors
    /// The first mistake, with the command it is in.
    pub fn read(
        schema: &'static Schema,
        commands: &[String],
        options: &session::Options,
        inputs: &mut Inputs,
    ) -> Result<Mix, Failure> {
        let mut weights = Vec::new();
        let mut sources = Vec::new();
        for command in commands {
            let (weight, command) =
                weighted(command).map_err(|error| Failure::new(None, Error::Mix(error)))?;
            weights.push(weight);
            sources.push(Source::Command(command.to_owned()));
        }
        if sources.is_empty() {
            return Err(Failure::new(None, Error::Mix(MixError::Empty)));
        }
        let steps = session::prepare(schema, &sources, options, inputs)?;
        let mut mix = Mix {
            entries: Vec::new(),
            metadata: options.metadata.clone(),
            automatic: options.automatic,
        };
        for ((step, weight), command) in steps.into_iter().zip(weights).zip(commands) {
            mix.add(step, weight, command)?;
        }
        Ok(mix)
    }

    fn add(&mut self, step: Step, weight: i64, command: &str) -> Result<(), Failure> {
        let failure = |name: &str, error| Failure::new(Some(name.to_owned()), error);
        let Step { name, work, .. } = step;
        let request = match work {
            Work::Call(request) => request,
            Work::BuiltIn(_) => return Err(failure(&name, MixError::BuiltIn.into())),
        };
        if request.rpc.is_streaming() {
            return Err(failure(&name, MixError::Stream(request.rpc.name).into()));
        }
        if request.series().is_some() {
            return Err(failure(&name, MixError::Series.into()));
        }
        // Two requests with random values in them are never equal.
        let fresh = || payload(&request, self.automatic).map_err(|error| failure(&name, error));
        let (one, other) = (fresh()?, fresh()?);
        let is_taken = self.entries.iter().any(|entry| entry.label == name);
        self.entries.push(Entry {
            // Two commands of one name are told apart by all of their text.
            label: match is_taken {
                true => crate::text::escape::line(command.trim()).into_owned(),
                false => name,
            },
            request,
            weight,
            credit: 0,
            payload: (one == other).then_some(one),
        });
        Ok(())
    }

    /// The names of the commands, in the order given.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.label.as_str())
    }

    /// Their weights.
    pub fn weights(&self) -> impl Iterator<Item = i64> {
        self.entries.iter().map(|entry| entry.weight)
    }

    /// What is sent beside each request.
    pub(super) fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// The command whose turn it is: each has its share of any few calls in a
    /// row, not just in the long run.
    pub(super) fn next(&mut self) -> usize {
        let total: i64 = self.weights().sum();
        for entry in &mut self.entries {
            entry.credit += entry.weight;
        }
        let furthest = self.entries.iter().enumerate();
        // Of equals the first.
        let furthest = furthest.rev().max_by_key(|(_, entry)| entry.credit);
        let Some((index, _)) = furthest else { return 0 };
        if let Some(entry) = self.entries.get_mut(index) {
            entry.credit -= total;
        }
        index
    }

    /// What a command's answer means.
    pub(super) fn judge(&self, index: usize, answer: &[u8]) -> End {
        let Some(entry) = self.entries.get(index) else {
            return End::Ok;
        };
        match session::decode(entry.request.rpc.response, answer) {
            Ok(_) => End::Ok,
            Err(error) => End::Wrong(error.to_string()),
        }
    }

    /// A request of a command.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn request(&self, index: usize) -> Result<(&'static Rpc, Vec<u8>), Error> {
        let entry = self.entries.get(index).ok_or(MixError::Empty)?;
        let payload = match &entry.payload {
            Some(payload) => payload.clone(),
            None => payload(&entry.request, self.automatic)?,
        };
        Ok((entry.request.rpc, payload))
    }
}

/// A request with automatic values of its own.
fn payload(request: &Request, automatic: bool) -> Result<Vec<u8>, Error> {
    let message = request.complete(&mut Memory::default(), automatic)?;
    session::payload(message.as_ref())
}

/// A command's weight, 1 if none is given, and the rest of it.
fn weighted(command: &str) -> Result<(i64, &str), MixError> {
    let text = command.trim_start();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let after = rest
        .strip_prefix('x')
        .filter(|after| after.starts_with(char::is_whitespace));
    let Some(rest) = after.filter(|_| !number.is_empty()) else {
        return Ok((1, command));
    };
    match number.parse() {
        Ok(weight @ 1..=1_000_000) => Ok((weight, rest)),
        _ => Err(MixError::Weight(command.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_stands_before_the_command() {
        for (command, weight, rest) in [
            ("Check", 1, "Check"),
            ("9x Check", 9, " Check"),
            (" 20x\tCheck a=1", 20, "\tCheck a=1"),
            ("9xCheck", 1, "9xCheck"),
            ("x Check", 1, "x Check"),
        ] {
            assert!(
                matches!(weighted(command), Ok(found) if found == (weight, rest)),
                "{command}"
            );
        }
        for command in ["0x Check", "1000001x Check", "99999999999999999999x Check"] {
            assert!(
                matches!(weighted(command), Err(MixError::Weight(_))),
                "{command}"
            );
        }
    }
}
