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
mod run;
mod series;
mod skew;
mod stream;
#[cfg(all(test, own_protos))]
mod tests;

use std::collections::HashSet;
use std::io::{self, BufReader, IsTerminal};

pub use call::{decode, payload};
pub use observer::Observers;
pub use options::{CallOptions, Options, PrintOptions};
pub use output::Output;
pub use prepare::{Checks, Step, Work, prepare};
pub use run::Turn;

use channel::Channel;
use messages::Messages;
use run::Next;
use skew::Skew;

use crate::auto;
use crate::builtin::{self, Action, Times};
use crate::error::Error;
use crate::interrupt;
use crate::log::Logger;
use crate::request::Memory;
use crate::schema::{Schema, describe, lookup};
use crate::transport::Address;

/// RPCs after which, when they succeed, the agent goes away.
const LAST_CALLS: [&str; 1] = ["grpc.AgentService/DestroySandbox"];

/// RPCs that are for once in an agent's life. A second call removes what is in use, also
/// when the agent refuses it.
const FIRST_CALLS: [&str; 1] = ["grpc.AgentService/CreateSandbox"];

/// A run.
pub struct Session {
    schema: &'static Schema,
    options: Options,
    logger: Logger,
    output: Output,
    channel: Channel,
    memory: Memory,
    skew: Skew,
    messages: Messages,
    /// Whether one of [`FIRST_CALLS`] was made.
    has_begun: bool,
    /// What has been warned of in this run.
    warned: HashSet<String>,
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
            skew: Skew::default(),
            messages: match messages_free {
                true => Messages::of(BufReader::new(io::stdin())),
                false => Messages::default(),
            },
            has_begun: false,
            warned: HashSet::new(),
            times: None,
            first_failure: None,
        }
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

    /// What to ask a person before this step runs, where the agent is not a simulated one.
    fn question(&self, step: &Step) -> Option<String> {
        let Work::Call(request) = &step.work else {
            return None;
        };
        let is_real = !matches!(self.options.calls.address, None | Some(Address::Sim));
        let times = self.times.unwrap_or(self.options.repeat);
        let is_again = self.has_begun || times != Times::Count(1);
        let is_first = FIRST_CALLS
            .iter()
            .any(|name| auto::is_of(name, request.rpc));
        let asks = is_first && is_again && is_real && !self.options.dry_run;
        asks.then(|| {
            let name = request.rpc.name;
            format!(
                "A second {name} empties the root filesystems of running containers, even when it \
                 is refused.\nType \"yes\" to call it: "
            )
        })
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
