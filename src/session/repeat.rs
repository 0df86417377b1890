//! One command, run as often as asked: what is counted, and what is said of that when the
//! user ends it.

use std::fmt;
use std::time::Instant;

use super::{Next, Session, Step, Stop};
use crate::builtin::Times;
use crate::duration;
use crate::error::{Failure, Kind};
use crate::interrupt;
use crate::log::say;

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
    /// Runs one step as often as asked, and tells whoever stops a repeated one
    /// how often it ran.
    pub(super) fn repeat(&mut self, step: &Step, times: Times) -> Result<Next, Stop> {
        let mut tally = Tally {
            started: Instant::now(),
            runs: 0,
            failures: 0,
        };
        let result = self.runs(step, times, &mut tally);
        // A signal that nothing has waited for since it came.
        let result = match result {
            Ok(_) if interrupt::is_raised() => Err(self.interrupted()),
            result => result,
        };
        if times != Times::Count(1) && interrupt::is_raised() {
            say(format_args!("{}: {tally}", step.name));
        }
        result
    }

    /// The end of a run by a signal that came in no command.
    fn interrupted(&mut self) -> Stop {
        Stop {
            exit_status: self.show(&Failure::new(None, interrupt::Interrupted.into())),
            kind: Kind::Interrupted,
        }
    }

    fn runs(&mut self, step: &Step, times: Times, tally: &mut Tally) -> Result<Next, Stop> {
        while times.allows(tally.runs) {
            if interrupt::is_raised() {
                return Err(self.interrupted());
            }
            match self.execute(step) {
                Ok(Next::Go) => {}
                Ok(Next::End) => return Ok(Next::End),
                Err(error) => {
                    self.failed(step, error)?;
                    tally.failures += 1;
                }
            }
            tally.runs += 1;
        }
        Ok(Next::Go)
    }
}
