//! From the text of commands and scripts to commands that can run. Everything is read and
//! checked here, before the first of them does.

use super::Settings;
use super::call::payload;
use crate::builtin::{Action, BUILT_INS, BuiltIn};
use agent_examples as examples;
use agent_report::error::{Error, Failure};
use agent_request::input::Inputs;
use agent_request::{Memory, Request};
use agent_schema::command::{self, Hash};
use agent_schema::lookup::LookupError;
use agent_schema::path;
use agent_schema::{Rpc, Schema, lookup};

/// Where commands come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command itself.
    Command(String),
    /// A file of commands.
    Script(String),
}

/// One command, ready to run.
#[derive(Debug)]
pub struct Command {
    /// Where in a script it stands.
    pub place: Option<String>,
    /// The command's name.
    pub name: String,
    /// What it does.
    pub work: Work,
}

/// What a command does.
#[derive(Debug)]
pub enum Work {
    /// A call.
    Call(Request),
    /// A command of the tool's own.
    BuiltIn(Action),
}

impl Command {
    /// Whether it is a `repeat`, of the command after it.
    fn is_repeat(&self) -> bool {
        matches!(self.work, Work::BuiltIn(Action::Repeat(_)))
    }

    /// What ended this command.
    pub fn failure(&self, error: Error) -> Failure {
        Failure::new(Some(self.name.clone()), error).at(self.place.clone())
    }
}

/// Reads and checks everything that was given.
///
/// # Errors
/// The first mistake, with the command it is in.
pub fn prepare(
    schema: &'static Schema,
    sources: &[Source],
    settings: Settings,
    inputs: &mut Inputs,
) -> Result<Vec<Command>, Failure> {
    let mut reader = Reader::new(schema, settings, Memory::default(), inputs);
    for source in sources {
        match source {
            Source::Command(text) if text.trim().is_empty() => {
                let message = "an empty command; name an RPC or a built-in command".to_owned();
                return Err(Failure::new(None, Error::usage(message)));
            }
            Source::Command(text) => reader.command(None, text, Hash::Word)?,
            Source::Script(name) => reader.script(name)?,
        }
    }
    match reader.commands.last() {
        Some(command) if command.is_repeat() => Err(command.failure(nothing_to_repeat())),
        _ => Ok(reader.commands),
    }
}

/// Reads and checks one command, typed after those that have run. `None` for a
/// line that holds none.
///
/// # Errors
/// What is wrong with it.
pub(super) fn prepare_one(
    schema: &'static Schema,
    text: &str,
    settings: Settings,
    memory: &Memory,
    inputs: &mut Inputs,
) -> Result<Option<Command>, Failure> {
    let mut reader = Reader::new(schema, settings, memory.clone(), inputs);
    if !is_skipped(text) {
        reader.command(None, text, Hash::Comment)?;
    }
    Ok(reader.commands.pop())
}

/// Whether a line of a script holds no command.
fn is_skipped(line: &str) -> bool {
    let text = line.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// Whether what stands for a command is what follows a command's name.
fn is_argument(text: &str) -> bool {
    let is_document = text.starts_with("json:") || text.starts_with("file:");
    is_document || text.starts_with('{') || path::setter_path(text).is_some()
}

/// The error of arguments that were not quoted together with their command.
fn unquoted(last: &Command, text: &str) -> Error {
    let whole = format!("{} {text}", last.name);
    let quote = if whole.contains('\'') { '"' } else { '\'' };
    Error::usage(format_args!(
        "{text:?} is not a command: if it belongs to {name}, quote both as one, as in -c {quote}{whole}{quote}",
        name = last.name
    ))
}

/// Reads commands one after the other.
struct Reader<'a> {
    schema: &'static Schema,
    settings: Settings,
    inputs: &'a mut Inputs,
    /// What a run would remember; random IDs are all of one length.
    memory: Memory,
    commands: Vec<Command>,
}

impl<'a> Reader<'a> {
    fn new(
        schema: &'static Schema,
        settings: Settings,
        memory: Memory,
        inputs: &'a mut Inputs,
    ) -> Self {
        inputs.wait_at_most(settings.calls.timeout);
        Self {
            schema,
            settings,
            inputs,
            memory,
            commands: Vec::new(),
        }
    }

    fn script(&mut self, name: &str) -> Result<(), Failure> {
        let text = self.inputs.text(name);
        let text = text.map_err(|error| Failure::new(None, error.into()))?;
        for (number, line) in (1..).zip(text.lines()) {
            if !is_skipped(line) {
                self.command(Some(format!("{name}:{number}")), line, Hash::Comment)?;
            }
        }
        Ok(())
    }

    fn command(&mut self, place: Option<String>, text: &str, hash: Hash) -> Result<(), Failure> {
        let (name, end) = command::name(text);
        let work = self.work(name, text, end, hash);
        let name = name.to_owned();
        match work {
            Ok(work) => {
                self.commands.push(Command { place, name, work });
                Ok(())
            }
            // The error of a wrong name has the name in it.
            Err(Mistake::Name(error)) => {
                let error = match self.commands.last() {
                    Some(last) if place.is_none() && is_argument(text) => unquoted(last, text),
                    _ => error.into(),
                };
                Err(Failure::new(None, error).at(place))
            }
            Err(Mistake::Other(error)) => Err(Failure::new(Some(name), error).at(place)),
        }
    }

    /// What the command called `name` does; its words stand from `end` on.
    fn work(&mut self, name: &str, text: &str, end: usize, hash: Hash) -> Result<Work, Mistake> {
        if let Some(built_in) = BuiltIn::find(name) {
            let words = command::split_plain(text, end, hash).map_err(Error::from)?;
            let action = built_in.action(&words).map_err(Error::from)?;
            match &action {
                Action::Describe(name) => {
                    lookup::item(self.schema, name).map_err(Mistake::Name)?;
                }
                Action::List(service) => {
                    lookup::services(self.schema, service.as_deref()).map_err(Mistake::Name)?;
                }
                Action::Template(name) => {
                    lookup::request(self.schema, name).map_err(Mistake::Name)?;
                }
                Action::Examples(Some(name)) => {
                    examples::find(self.schema, name).map_err(Error::usage)?;
                }
                Action::Set(setting) => {
                    self.settings.set(setting)?;
                    self.inputs.wait_at_most(self.settings.calls.timeout);
                }
                _ => {}
            }
            let is_repeat = matches!(action, Action::Repeat(_));
            if is_repeat && self.commands.last().is_some_and(Command::is_repeat) {
                return Err(nothing_to_repeat().into());
            }
            return Ok(Work::BuiltIn(action));
        }
        let built_ins = BUILT_INS.iter().map(|row| row.name);
        let rpc = lookup::rpc_or(self.schema, name, built_ins).map_err(Mistake::Name)?;
        Ok(Work::Call(self.request(rpc, text, end, hash)?))
    }

    /// The request of a call of `rpc`.
    fn request(
        &mut self,
        rpc: &'static Rpc,
        text: &str,
        end: usize,
        hash: Hash,
    ) -> Result<Request, Error> {
        let arguments = command::arguments(text, end, hash)?;
        let options = &self.settings.requests;
        #[cfg_attr(
            not(feature = "image"),
            expect(unused_mut, reason = "an image is filled in")
        )]
        let mut request = Request::read(self.schema, rpc, arguments, options, self.inputs)?;
        #[cfg(feature = "image")]
        request.check_image(self.settings.dry_run)?;
        self.settings.printing.format.check(rpc.response)?;
        let message = request.complete(&mut self.memory, options.automatic)?;
        let length = match request.series() {
            Some(series) => series.largest(message)?,
            None => payload(message.as_ref())?.len(),
        };
        self.settings.calls.call_of(rpc, &[]).check_size(length)?;
        Ok(request)
    }
}

/// What is wrong with a command.
enum Mistake {
    /// It names what there is not.
    Name(LookupError),
    /// Something in the command that its name stands for.
    Other(Error),
}

impl From<Error> for Mistake {
    fn from(error: Error) -> Self {
        Mistake::Other(error)
    }
}

/// The error of a `repeat` that no command follows.
pub(super) fn nothing_to_repeat() -> Error {
    Error::usage("the command to repeat must follow")
}
