//! A run of `connect`: commands in order, values remembered from one to the
//! next, one connection for all of them. The only place that knows every stage
//! from a command's text to a printed response.

#![forbid(unsafe_code)]
// The printing macros panic when nobody reads; `log::say` and `Output` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod builtin;
pub mod by_name;
mod call;
mod channel;
mod hint;
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
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io::{self, BufReader, IsTerminal};
use std::time::Duration;

pub use call::{decode, payload};
pub use observer::Observers;
pub use options::{CallOptions, Options, PrintOptions, Settings};
pub use output::Output;
pub use prepare::{Command, Source, Work, prepare};
pub use run::Turn;

use channel::Channel;
use messages::Messages;
use run::Next;
use skew::Skew;

use crate::builtin::{Action, Setting, Times};
use agent_client::interrupt;
use agent_examples as examples;
use agent_report::error::Error;
use agent_report::log::{Level, Logger};
use agent_request::auto;
use agent_request::{Memory, Request, RowNotes};
use agent_schema::{Schema, describe, lookup, template};

/// RPCs after which, when they succeed, the agent goes away.
const LAST_CALLS: [&str; 1] = ["grpc.AgentService/DestroySandbox"];

/// RPCs that make a sandbox. Another one in it empties the root filesystems of the containers
/// that are there.
const FIRST_CALLS: [&str; 1] = ["grpc.AgentService/CreateSandbox"];

fn is_one_of(names: &[&str], request: &Request) -> bool {
    names.iter().any(|name| auto::is_of(name, request.rpc))
}

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
    /// What has been warned of in this run.
    warned: HashSet<String>,
    /// How often the next command runs, where `repeat` tells.
    times: Option<Times>,
    /// Whether a call has made a sandbox.
    has_sandbox: bool,
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
        let messages = match messages_free {
            true => Messages::of(BufReader::new(io::stdin())),
            false => Messages::default(),
        };
        let messages = match options.settings.requests.unknown_fields {
            true => messages.passing_over(logger),
            false => messages,
        };
        Self {
            schema,
            options,
            logger,
            output: Output::default(),
            channel: Channel::new(observers),
            memory: Memory::default(),
            skew: Skew::default(),
            messages,
            warned: HashSet::new(),
            times: None,
            has_sandbox: false,
            first_failure: None,
        }
    }

    fn execute(&mut self, command: &Command) -> Result<Next, Error> {
        match &command.work {
            Work::Call(request) => {
                self.call(request)?;
                self.has_sandbox |= is_one_of(&FIRST_CALLS, request);
                let last = is_one_of(&LAST_CALLS, request) && !self.options.settings.dry_run;
                Ok(if last { Next::End } else { Next::Go })
            }
            Work::BuiltIn(action) => self.built_in(action),
        }
    }

    /// Warns of a time that may be meant in seconds.
    fn warn_of_hasty(&self, time: Duration) {
        if !time.is_zero() && time < Duration::from_millis(1) {
            let text = format_args!("this is {time:?}: a number without a unit is nanoseconds");
            self.logger.log(Level::Warn, text);
        }
    }

    fn built_in(&mut self, action: &Action) -> Result<Next, Error> {
        match action {
            Action::Echo(text) => self.output.line(text)?,
            Action::Help => {
                self.output.text(&builtin::help())?;
                if self.options.prompt && io::stdin().is_terminal() {
                    self.output.text(builtin::KEYS)?;
                }
            }
            Action::List(service) => {
                let services = lookup::services(self.schema, service.as_deref())?;
                self.output.text(&describe::list(&services))?;
            }
            Action::HelpOn(name) => self.output.text(&builtin::help_on(name))?,
            Action::Examples(name) => {
                let text = match name {
                    None => examples::list(self.schema),
                    Some(name) => {
                        let topic = examples::find(self.schema, name).map_err(Error::usage)?;
                        examples::topic(self.schema, topic)
                    }
                };
                self.output.text(&text)?;
            }
            Action::Template(name) => {
                let message = lookup::request(self.schema, name)?;
                self.output.line(&template(message))?;
            }
            Action::Set(setting) => {
                if let Setting::Timeout(Some(time)) = setting {
                    self.warn_of_hasty(*time);
                }
                self.options.settings.set(setting)?;
            }
            Action::Describe(name) => {
                let item = lookup::item(self.schema, name)?;
                let notes = RowNotes {
                    schema: self.schema,
                    are_typed: true,
                };
                let text = describe::describe(self.schema, item, &notes);
                self.output.text(&text)?;
            }
            Action::Sleep(_) if self.options.settings.dry_run => {}
            Action::Sleep(time) => {
                self.warn_of_hasty(*time);
                interrupt::sleep(*time)?;
            }
            Action::Quit => return Ok(Next::End),
            // The next command's business, and dealt with before this one runs.
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
