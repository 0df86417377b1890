//! Commands that are typed one by one: each is read, checked and run before the
//! next one is known, and a failure ends that command only. Where they are
//! typed is not known here.

use super::{Next, Session, Step, Stop, prepare};
use crate::error::{Failure, Kind};
use crate::input::Inputs;

/// How things stand after a command.
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

impl Session {
    /// Reads, checks and runs one command. Errors are shown.
    pub fn typed(&mut self, text: &str, inputs: &mut Inputs) -> Turn {
        let prepared = prepare::prepare_one(
            self.schema,
            text,
            self.options.checks(),
            &self.memory,
            inputs,
        );
        match prepared {
            Ok(Some(step)) => self.turn(&step),
            Ok(None) => Turn::Next,
            Err(failure) => {
                self.refuse(&failure);
                Turn::Refused
            }
        }
    }

    /// Runs one step that was checked before.
    pub fn turn(&mut self, step: &Step) -> Turn {
        match self.step(step) {
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
        let exit_status = self.show(failure);
        self.first_failure.get_or_insert(exit_status);
    }
}
