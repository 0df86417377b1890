//! The body of the `bench` sub-command: from its flags and commands to a load test,
//! and from its report to output and exit status.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::time::Duration;

use agent_bundle::Bundle;
use agent_load::{Calls, Command, Failure as CallFailure, Report, StartError};

use crate::cli::{Bench, Source};
use crate::client::{CallError, ConnectOptions};
use crate::error::{Error, Failure, Kind};
use crate::input::{self, Inputs};
use crate::interrupt;
use crate::log::{Level, Logger};
use crate::progress;
use crate::request::{Memory, Request, RequestOptions};
use crate::schema::Schema;
use crate::session::{self, Output, Settings, Work};
use crate::text::escape;

/// How long is measured where nothing says otherwise.
const USUAL: Duration = Duration::from_secs(10);

/// How long, where a number of calls ends it: as good as forever.
const ENDLESS: Duration = Duration::from_secs(366 * 24 * 3600);

/// Runs a load test, and prints its report.
///
/// # Errors
/// A failure that has not been shown yet.
pub(super) fn run(schema: &'static Schema, flags: Bench, logger: Logger) -> Result<u8, Failure> {
    let alone = |error: Error| Failure::new(None, error);
    let address = super::address::find(&flags.address, logger).map_err(alone)?;
    let address = address.ok_or_else(|| alone(super::address::missing()))?;
    let connect = ConnectOptions {
        timeout: flags.connect_timeout,
        sim: super::simulated_agent(),
    };
    let timeout = (!flags.timeout.is_zero()).then_some(flags.timeout);
    let bundle = flags.bundle_dir.as_deref().map(Bundle::new).transpose();
    let requests = RequestOptions {
        automatic: !flags.no_auto_values,
        unknown_fields: false,
        as_is: flags.bundle_as_is,
        image_limit: flags.image_limit,
        bundle: bundle.map_err(|error| alone(error.into()))?,
    };
    let mut settings = Settings::of_requests(requests.clone());
    settings.calls.timeout = timeout;
    settings.calls.metadata = flags.metadata.clone();
    settings.dry_run = false;
    let mut mix = Mix::read(schema, &flags.cmd, settings, &mut Inputs::default())?;
    let options = agent_load::Options {
        address,
        connect,
        connections: flags.connections,
        in_flight: flags.in_flight,
        rate: flags.rate,
        duration: flags.duration.unwrap_or(match flags.calls {
            Some(_) => ENDLESS,
            None => USUAL,
        }),
        warm_up: flags.warmup,
        calls: flags.calls,
        timeout,
        metadata: flags.metadata,
    };
    if let Some(name) = &flags.svg {
        may_write(name).map_err(alone)?;
    }
    // Without it Ctrl-C ends the run without a report, which is all that is lost.
    let _ = interrupt::install();
    #[cfg(feature = "image")]
    mix.unpack_images(&requests, logger)?;
    let line = progress::of_text();
    let mut show = |text| line.set_message(text);
    let show: Option<&mut dyn FnMut(String)> = match line.is_hidden() {
        true => None,
        false => Some(&mut show),
    };
    let report = agent_load::run(&options, &mut mix, show);
    drop(line);
    let report = report.map_err(|error| {
        alone(match error {
            StartError::Connect(error) => error.into(),
            StartError::Watch(_) => Error::new(Kind::Connection, error),
        })
    })?;
    if report.is_interrupted() {
        // That has ended the calls. The report is still to be shown.
        interrupt::clear();
    }
    let shown = Output::default().text(&report.render(flags.output.into()));
    shown.map_err(alone)?;
    if let Some(name) = flags.svg {
        std::fs::write(&name, agent_load::svg(&report)).map_err(|error| {
            let reason = input::reason(&error);
            alone(Error::new(
                Kind::Output,
                format_args!("cannot write {name:?}: {reason}"),
            ))
        })?;
    }
    verdict(&report, report.failed(&flags.fail_if), logger).map_err(alone)
}

/// Sees that a file can be written, before a load test that it is for.
fn may_write(name: &str) -> Result<(), Error> {
    let opened = OpenOptions::new().create(true).append(true).open(name);
    opened.map(drop).map_err(|error| {
        let reason = input::reason(&error);
        Error::usage(format_args!("--svg: cannot write {name:?}: {reason}"))
    })
}

/// The exit status of a load test: that of the first failure only if all calls failed.
fn verdict(report: &Report, failed: Vec<String>, logger: Logger) -> Result<u8, Error> {
    if report.is_interrupted() {
        return Err(interrupt::Interrupted.into());
    }
    let unconnected = "no connection was left, and none could be made";
    if !failed.is_empty() {
        let failed = failed.join(", --fail-if ");
        return Err(Error::new(Kind::Limit, format_args!("--fail-if {failed}")));
    }
    match report.first_failure() {
        _ if report.has_success() => {
            if report.has_lost_connection() {
                logger.log(Level::Warn, unconnected);
            }
            Ok(0)
        }
        _ if report.has_lost_connection() => Err(Error::new(Kind::Connection, unconnected)),
        None => Ok(0),
        Some(failure) => Err(first(failure).within("no call succeeded; the first one")),
    }
}

/// The error of the first call that failed.
fn first(failure: &CallFailure) -> Error {
    match failure {
        CallFailure::Status(status) => CallError::Status(status.clone()).into(),
        CallFailure::Wrong(reason) => Error::new(Kind::Protocol, reason),
        CallFailure::Lost(reason) => Error::new(Kind::Connection, reason),
        CallFailure::Timeout | CallFailure::Unanswered | CallFailure::NeverBegan => {
            Error::new(Kind::Timeout, "no answer in time")
        }
    }
}

/// Why a command is not for a load test.
#[derive(Debug, thiserror::Error)]
enum MixError {
    /// There is none.
    #[error("nothing to call: give commands with -c, such as -c Check or -c '9x Check'")]
    Empty,
    /// A weight of nothing.
    #[error("the weight in {0:?} is not a whole number from 1 to 1000000")]
    Weight(String),
    /// It makes no call.
    #[error("a built-in command is not a call, and cannot be measured")]
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

impl From<MixError> for Error {
    fn from(error: MixError) -> Error {
        Error::usage(error)
    }
}

/// The commands of a load test: each with a request that is made afresh for every call
/// where automatic values differ from call to call.
struct Mix {
    commands: Vec<Command>,
    /// For each of the commands.
    requests: Vec<MixRequest>,
    automatic: bool,
}

/// The request of one command.
struct MixRequest {
    request: Request,
    /// The payload, where it is the same for every call.
    payload: Option<Vec<u8>>,
}

impl Mix {
    /// Reads and checks commands, such as `Check` or `9x Check`.
    ///
    /// # Errors
    /// The first mistake, with the command it is in.
    fn read(
        schema: &'static Schema,
        commands: &[String],
        settings: Settings,
        inputs: &mut Inputs,
    ) -> Result<Mix, Failure> {
        let mut weights = Vec::new();
        let mut sources = Vec::new();
        for command in commands {
            let (weight, command) =
                weighted(command).map_err(|error| Failure::new(None, error.into()))?;
            weights.push(weight);
            sources.push(Source::Command(command.to_owned()));
        }
        if sources.is_empty() {
            return Err(Failure::new(None, MixError::Empty.into()));
        }
        let mut mix = Mix {
            commands: Vec::new(),
            requests: Vec::new(),
            automatic: settings.requests.automatic,
        };
        let prepared = session::prepare(schema, &sources, settings, inputs)?;
        for ((checked, weight), command) in prepared.into_iter().zip(weights).zip(commands) {
            mix.add(checked, weight, command)?;
        }
        Ok(mix)
    }

    /// Unpacks the images that the commands name.
    ///
    /// # Errors
    /// The first that cannot be, with the command it is in.
    #[cfg(feature = "image")]
    fn unpack_images(&mut self, options: &RequestOptions, logger: Logger) -> Result<(), Failure> {
        for (mix, command) in self.requests.iter_mut().zip(&self.commands) {
            let failure = |error| Failure::new(Some(command.name.clone()), error);
            if mix.request.unpack_image(options, logger).map_err(failure)? {
                // It was that of an image that was not unpacked.
                mix.payload = None;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        checked: session::Command,
        weight: u32,
        command: &str,
    ) -> Result<(), Failure> {
        let failure = |name: &str, error| Failure::new(Some(name.to_owned()), error);
        let session::Command { name, work, .. } = checked;
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
        let is_taken = self.commands.iter().any(|command| command.name == name);
        self.commands.push(Command {
            // Two commands of one name are told apart by all of their text.
            name: match is_taken {
                true => escape::line(command.trim()).into_owned(),
                false => name,
            },
            weight,
        });
        self.requests.push(MixRequest {
            request,
            payload: (one == other).then_some(one),
        });
        Ok(())
    }
}

impl Calls for Mix {
    fn commands(&self) -> &[Command] {
        &self.commands
    }

    fn request(&mut self, command: usize) -> Result<agent_load::Request<'_>, String> {
        let found = self.requests.get(command);
        let MixRequest {
            request,
            payload: fixed,
        } = found.ok_or("there is no such command")?;
        let payload = match fixed {
            Some(payload) => Cow::Borrowed(payload.as_slice()),
            None => {
                let fresh = payload(request, self.automatic);
                Cow::Owned(fresh.map_err(|error| error.to_string())?)
            }
        };
        Ok(agent_load::Request {
            service: request.rpc.service,
            method: request.rpc.name,
            payload,
        })
    }

    fn judge(&self, command: usize, answer: &[u8]) -> Result<(), String> {
        let Some(MixRequest { request, .. }) = self.requests.get(command) else {
            return Ok(());
        };
        let decoded = session::decode(request.rpc.response, answer);
        decoded.map(drop).map_err(|error| error.to_string())
    }
}

/// A request with automatic values of its own.
fn payload(request: &Request, automatic: bool) -> Result<Vec<u8>, Error> {
    let message = request.complete(&mut Memory::default(), automatic)?;
    session::payload(message.as_ref())
}

/// A command's weight, 1 if none is given, and the rest of it.
fn weighted(command: &str) -> Result<(u32, &str), MixError> {
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
