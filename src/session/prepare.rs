//! From commands and scripts to steps that can run. Everything is read and
//! checked here, before the first of them does.

use crate::builtin::{Action, BUILT_INS, BuiltIn};
use crate::cli::Source;
use crate::command;
use crate::error::{Error, Failure};
use crate::input::Inputs;
use crate::printer::{Format, escape};
use crate::request::Request;
use crate::schema::{Schema, lookup};

/// One command, ready to run.
#[derive(Debug)]
pub struct Step {
    /// What an error begins with: the command's name, behind a script's place.
    pub name: String,
    /// What it does.
    pub work: Work,
}

/// What a step does.
#[derive(Debug)]
pub enum Work {
    /// A call.
    Call(Request),
    /// A command of the tool's own.
    BuiltIn(Action),
}

/// What will be printed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Printing {
    /// The format.
    pub format: Format,
    /// Requests, as in a dry run, and not responses.
    pub requests: bool,
}

/// Reads and checks everything that was given.
///
/// # Errors
/// The first mistake, with the command it is in.
pub fn prepare(
    schema: &'static Schema,
    sources: &[Source],
    printing: Printing,
    inputs: &mut Inputs,
) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    for source in sources {
        match source {
            Source::Command(text) if text.trim().is_empty() => {
                let message = "an empty command; name an RPC or a built-in command".to_owned();
                return Err(Failure::new(None, Error::Usage(message)));
            }
            Source::Command(text) => steps.push(step(schema, "", text, printing, inputs)?),
            Source::Script(name) => {
                let script = inputs
                    .text(name)
                    .map_err(|error| Failure::new(None, error.into()))?;
                for (number, line) in (1..).zip(script.lines()) {
                    let line = line.trim();
                    if !line.is_empty() && !line.starts_with('#') {
                        let place = format!("{name}:{number}: ");
                        steps.push(step(schema, &place, line, printing, inputs)?);
                    }
                }
            }
        }
    }
    Ok(steps)
}

/// Reads and checks one command.
///
/// # Errors
/// What is wrong with it.
pub fn step(
    schema: &'static Schema,
    place: &str,
    text: &str,
    printing: Printing,
    inputs: &mut Inputs,
) -> Result<Step, Failure> {
    let (name, rest) = command::split_name(text);
    let name_of_step = format!("{place}{}", escape::line(name));
    match work(schema, name, rest, printing, inputs) {
        Ok(work) => Ok(Step {
            name: name_of_step,
            work,
        }),
        // The error of a wrong name has the name in it.
        Err(error @ Error::Lookup(_)) => {
            let place = place.strip_suffix(": ").map(str::to_owned);
            Err(Failure::new(place, error))
        }
        Err(error) => Err(Failure::new(Some(name_of_step), error)),
    }
}

fn work(
    schema: &'static Schema,
    name: &str,
    rest: &str,
    printing: Printing,
    inputs: &mut Inputs,
) -> Result<Work, Error> {
    if let Some(built_in) = BuiltIn::find(name) {
        let action = built_in.action(&command::split_plain(rest)?)?;
        if let Action::Describe(name) = &action {
            lookup::item(schema, name)?;
        }
        return Ok(Work::BuiltIn(action));
    }
    let rpc = lookup::rpc_or(schema, name, BUILT_INS.iter().map(|row| row.name))?;
    let arguments = command::arguments(rest)?;
    let request = Request::read(schema, rpc, arguments, inputs)?;
    let printed = if printing.requests {
        rpc.request
    } else {
        rpc.response
    };
    printing.format.check(printed)?;
    Ok(Work::Call(request))
}
