//! A run of `connect`: commands in order, values remembered from one to the
//! next, one connection for all of them. The only place that knows every stage
//! from a command's text to a printed response.

mod call;
mod channel;
mod messages;
mod observer;
mod options;
mod output;
mod patience;
mod prepare;
mod repeat;
mod series;
mod skew;
mod stream;
mod turn;

use std::io::{self, IsTerminal};

pub use call::{decode, payload};
pub use observer::Observers;
pub use options::{CallOptions, Options, PrintOptions, RequestOptions};
pub use output::Output;
pub use prepare::{Checks, Step, Work, prepare};
pub use turn::Turn;

use channel::Channel;

use crate::auto;
use crate::builtin::{self, Action, Times};
use crate::error::{Error, Failure, Kind};
use crate::interrupt;
use crate::log::{Logger, say};
use crate::request::Memory;
use crate::schema::{Schema, describe, lookup};

/// RPCs after which, when they succeed, the agent goes away.
const LAST_CALLS: [&str; 1] = ["grpc.AgentService/DestroySandbox"];

/// What a step means for the rest of the run.
enum Next {
    Go,
    End,
}

/// A failure that ends a run.
struct Stop {
    exit_status: u8,
    /// What kind of failure it was.
    kind: Kind,
}

/// A run.
pub struct Session {
    schema: &'static Schema,
    options: Options,
    logger: Logger,
    output: Output,
    channel: Channel,
    memory: Memory,
    skew: skew::Skew,
    messages: messages::Messages,
    /// How often the next command runs, where `repeat` tells.
    times: Option<Times>,
    first_failure: Option<u8>,
}

impl Session {
    /// A run that has not connected yet. `observers` are told of its calls; `messages_free`
    /// tells whether standard input is there for a stream's messages.
    pub fn new(
        schema: &'static Schema,
        options: Options,
        observers: Observers,
        logger: Logger,
        messages_free: bool,
    ) -> Self {
        Self {
            schema,
            options,
            logger,
            output: Output::default(),
            channel: Channel::new(observers),
            memory: Memory::default(),
            skew: skew::Skew::default(),
            messages: messages::Messages::new(messages_free),
            times: None,
            first_failure: None,
        }
    }

    /// Runs the steps in order, and gives the exit status. Errors are shown.
    pub fn run(&mut self, steps: &[Step]) -> u8 {
        for step in steps {
            match self.step(step) {
                Ok(Next::Go) => {}
                Ok(Next::End) => break,
                Err(stop) => return stop.exit_status,
            }
        }
        self.exit_status()
    }

    /// The exit status of what has run so far: that of the first failure.
    pub fn exit_status(&self) -> u8 {
        self.first_failure.unwrap_or(0)
    }

    /// Runs one step as often as the one before it or the options say.
    fn step(&mut self, step: &Step) -> Result<Next, Stop> {
        if let Work::BuiltIn(Action::Repeat(count)) = step.work {
            self.times = Some(count);
            return Ok(Next::Go);
        }
        let times = self.times.take().unwrap_or(self.options.repeat);
        self.repeat(step, times)
    }

    fn failed(&mut self, step: &Step, error: Error) -> Result<(), Stop> {
        let kind = error.kind();
        let mut failure = step.failure(error);
        // With a deadline of our own, the agent's word for it is the same thing.
        if kind == Kind::Status(call::DEADLINE_EXCEEDED) && self.options.calls.timeout.is_some() {
            failure.exit_status = Kind::Timeout.exit_status();
        }
        let ends = matches!(kind, Kind::Interrupted | Kind::Output | Kind::ReaderGone);
        let exit_status = self.show(&failure);
        let first = *self.first_failure.get_or_insert(exit_status);
        if self.options.ignore_errors && !ends {
            return Ok(());
        }
        let exit_status = if ends { exit_status } else { first };
        Err(Stop { exit_status, kind })
    }

    fn show(&self, failure: &Failure) -> u8 {
        let is_stopped = failure.error.kind() == Kind::Interrupted;
        if self.options.prompt && is_stopped && io::stderr().is_terminal() {
            // The terminal has shown the keys of it, and stands behind them.
            say("");
        }
        failure.show(self.options.error_format, self.options.verbose);
        failure.exit_status
    }

    fn execute(&mut self, step: &Step) -> Result<Next, Error> {
        match &step.work {
            Work::Call(request) => {
                self.call(request)?;
                let last = LAST_CALLS.iter().any(|name| auto::is_of(name, request.rpc))
                    && !self.options.dry_run;
                Ok(if last { Next::End } else { Next::Go })
            }
            Work::BuiltIn(action) => self.built_in(action),
        }
    }

    fn built_in(&mut self, action: &Action) -> Result<Next, Error> {
        match action {
            Action::Echo(text) => self.output.line(text)?,
            Action::Help => {
                self.output.text(&builtin::help())?;
                if self.options.prompt && io::stdin().is_terminal() {
                    self.output.text(crate::prompt::KEYS)?;
                }
            }
            Action::List => self.output.text(&describe::list(self.schema))?,
            Action::Describe(name) => {
                let item = lookup::item(self.schema, name)?;
                let notes = auto::RowNotes {
                    schema: self.schema,
                };
                let text = describe::describe(self.schema, item, &notes);
                self.output.text(&text)?;
            }
            Action::Sleep(_) if self.options.dry_run => {}
            Action::Sleep(time) => interrupt::sleep(*time)?,
            Action::Quit => return Ok(Next::End),
            // The next step's business, and dealt with before this one runs.
            Action::Repeat(_) => {}
        }
        Ok(Next::Go)
    }
}

/// The error of a run that needs an address and has none.
pub fn missing_address() -> Error {
    Error::usage(
        "no server address: give --server-address or set KATA_AGENT_SERVER_ADDRESS, for example \
         unix:///run/agent.sock, vsock://3:1024, hvsock:///run/vc/vm/ID/clh.sock:1024 or sim://"
            .to_owned(),
    )
}
