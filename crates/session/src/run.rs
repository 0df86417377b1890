//! The commands of a run, one after the other: all that were given at once, or each as it is
//! typed. How often each one runs, and what a failure means for those after it.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Instant;

use super::{Command, FIRST_CALLS, Session, Work, is_one_of, prepare};
use crate::builtin::{Action, Times};
use agent_client::interrupt;
use agent_client::transport::Address;
use agent_client::{CallError, Stage, Status};
use agent_report::error::{Error, Failure, Kind};
use agent_report::log::Level;
use agent_request::input::Inputs;
use agent_text::duration;

/// What another sandbox does.
const ANOTHER_SANDBOX: &str =
    "another sandbox empties the root filesystems of this one's containers";

/// What a command means for the rest of the run.
pub(super) enum Next {
    Go,
    End,
}

/// A failure that ends a run.
struct Stop {
    exit_status: u8,
    /// What kind of failure it was.
    kind: Kind,
}

/// How things stand after a command that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The next command may come.
    Next,
    /// The command was wrong and did not run; the next one may come.
    Refused,
    /// The command was interrupted; another one may follow.
    Interrupted,
    /// It was the last one: `quit`, or the agent is gone.
    Quit,
    /// Nobody takes the output any more; the run ends with this exit status.
    Closed(u8),
}

/// How often a command has run to its end.
struct Tally {
    started: Instant,
    runs: u64,
    failures: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.runs == 1 { "" } else { "s" };
        let time = duration::display(self.started.elapsed());
        write!(
            formatter,
            "{} run{plural}, {} failed, in {time}",
            self.runs, self.failures
        )
    }
}

impl Session {
    /// Runs the commands in order, and gives the exit status. Errors are shown.
    pub fn run(&mut self, commands: &[Command]) -> u8 {
        for command in commands {
            self.warn(command);
        }
        for command in commands {
            match self.carry_out(command) {
                Ok(Next::Go) => {}
                Ok(Next::End) => break,
                Err(stop) => return stop.exit_status,
            }
        }
        self.exit_status()
    }

    /// Reads, checks and runs one command, typed after those that have run. Errors are
    /// shown, and end this command only. One that may do harm runs if `confirms` says so,
    /// which is told what the harm is.
    pub fn typed(
        &mut self,
        text: &str,
        inputs: &mut Inputs,
        confirms: &mut dyn FnMut(&str) -> bool,
    ) -> Turn {
        let prepared = prepare::prepare_one(
            self.schema,
            text,
            self.options.settings.clone(),
            &self.memory,
            inputs,
        );
        match prepared {
            Ok(Some(command))
                if self.makes_another_sandbox(&command) && !confirms(ANOTHER_SANDBOX) =>
            {
                self.logger.say(format_args!("{}: not sent", command.name));
                Turn::Next
            }
            Ok(Some(command)) => self.turn(&command),
            Ok(None) => Turn::Next,
            Err(failure) => {
                self.refuse(&failure);
                Turn::Refused
            }
        }
    }

    /// Whether a command makes a second sandbox in a guest that is not simulated.
    fn makes_another_sandbox(&self, command: &Command) -> bool {
        let is_real = self.options.settings.calls.address != Some(Address::Sim)
            && !self.options.settings.dry_run;
        let makes_one =
            matches!(&command.work, Work::Call(request) if is_one_of(&FIRST_CALLS, request));
        is_real && makes_one && self.has_sandbox
    }

    /// Runs one command that was checked before.
    pub fn turn(&mut self, command: &Command) -> Turn {
        self.warn(command);
        match self.carry_out(command) {
            Ok(Next::Go) => Turn::Next,
            Ok(Next::End) => Turn::Quit,
            Err(Stop {
                kind: Kind::Interrupted,
                ..
            }) => {
                // An answer may still come to the call that was given up.
                self.channel.close();
                Turn::Interrupted
            }
            Err(Stop {
                kind: Kind::Output | Kind::ReaderGone,
                exit_status,
            }) => Turn::Closed(exit_status),
            Err(_) => Turn::Next,
        }
    }

    /// Warns of what a command leaves out.
    fn warn(&self, command: &Command) {
        let Work::Call(request) = &command.work else {
            return;
        };
        let place = command.place.as_ref().map(|place| format!("{place}: "));
        let place = place.unwrap_or_default();
        for warning in request.warnings() {
            let text = format_args!("{place}{}: {warning}", command.name);
            self.logger.log(Level::Warn, text);
        }
    }

    /// Forgets a `repeat` whose command has come and could not run.
    pub fn forget_repeat(&mut self) {
        self.times = None;
    }

    /// Notes that no command follows.
    pub fn ended(&mut self) {
        if self.times.take().is_some() {
            let name = Some("repeat".to_owned());
            self.refuse(&Failure::new(name, prepare::nothing_to_repeat()));
        }
    }

    /// Shows a failure that kept a command from running.
    pub fn refuse(&mut self, failure: &Failure) {
        self.show(failure);
        self.first_failure.get_or_insert(failure.exit_status);
    }

    /// The exit status of what has run so far: that of the first failure.
    pub fn exit_status(&self) -> u8 {
        self.first_failure.unwrap_or(0)
    }

    /// Runs one command as often as the one before it or the options say, and tells whoever
    /// stops a repeated one how often it ran.
    fn carry_out(&mut self, command: &Command) -> Result<Next, Stop> {
        if let Work::BuiltIn(Action::Repeat(times)) = command.work {
            self.times = Some(times);
            return Ok(Next::Go);
        }
        let times = self.times.take().unwrap_or(self.options.repeat);
        let mut tally = Tally {
            started: Instant::now(),
            runs: 0,
            failures: 0,
        };
        let result = self.repeat(command, times, &mut tally);
        // A signal that nothing has waited for since it came.
        let result = match result {
            Ok(_) if interrupt::is_raised() => Err(self.interrupted()),
            result => result,
        };
        if times != Times::Count(1) && interrupt::is_raised() {
            self.logger.say(format_args!("{}: {tally}", command.name));
        }
        result
    }

    fn repeat(&mut self, command: &Command, times: Times, tally: &mut Tally) -> Result<Next, Stop> {
        while times.allows(tally.runs) {
            if interrupt::is_raised() {
                return Err(self.interrupted());
            }
            match self.execute(command) {
                Ok(Next::Go) => {}
                Ok(Next::End) => return Ok(Next::End),
                Err(error) => {
                    self.failed(command, error)?;
                    tally.failures += 1;
                }
            }
            tally.runs += 1;
        }
        Ok(Next::Go)
    }

    /// Shows why a command failed, and tells whether the run goes on.
    fn failed(&mut self, command: &Command, error: Error) -> Result<(), Stop> {
        let error = self.deadline_of_both(command, error);
        let kind = error.kind();
        let is_deadline_exceeded = error.status().is_some_and(Status::is_deadline_exceeded);
        let mut failure = command.failure(error);
        // With a deadline of our own, the agent's word for it is the same thing.
        if is_deadline_exceeded && self.options.settings.calls.timeout.is_some() {
            failure.exit_status = Kind::Timeout.exit_status();
        }
        self.show(&failure);
        let first = *self.first_failure.get_or_insert(failure.exit_status);
        let ends = matches!(kind, Kind::Interrupted | Kind::Output | Kind::ReaderGone);
        if self.options.ignore_errors && !ends {
            return Ok(());
        }
        let exit_status = if ends { failure.exit_status } else { first };
        Err(Stop { exit_status, kind })
    }

    /// The agent knows the deadline too, and chance decides who is first to tell that it has
    /// passed: its word for that becomes ours.
    fn deadline_of_both(&self, command: &Command, error: Error) -> Error {
        let (Work::Call(request), Some(after)) =
            (&command.work, self.options.settings.calls.timeout)
        else {
            return error;
        };
        let elapsed = self.channel.elapsed();
        let is_of_deadline = |status: &Status| status.is_of_deadline(after, elapsed);
        if !error.status().is_some_and(is_of_deadline) {
            return error;
        }
        let is_stream = request.rpc.client_streaming || request.rpc.server_streaming;
        let stage = if is_stream {
            Stage::Streaming
        } else {
            Stage::Waiting
        };
        CallError::Timeout { after, stage }.into()
    }

    /// The end of a run by a signal that came in no command.
    fn interrupted(&self) -> Stop {
        let failure = Failure::new(None, interrupt::Interrupted.into());
        self.show(&failure);
        Stop {
            exit_status: failure.exit_status,
            kind: Kind::Interrupted,
        }
    }

    fn show(&self, failure: &Failure) {
        let is_stopped = failure.error.kind() == Kind::Interrupted;
        if self.options.prompt && is_stopped && io::stderr().is_terminal() {
            // The terminal has shown the keys of it, and stands behind them.
            self.logger.say("");
        }
        let (format, verbose) = (self.options.error_format, self.options.verbose);
        failure.show(format, verbose, |text| self.logger.say(text));
    }
}
