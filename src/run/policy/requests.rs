//! The requests that a policy is asked about: of commands, of recordings, of a guest's log and
//! of test cases.

#[cfg(feature = "tap")]
use std::collections::HashMap;

use agent_bundle::Bundle;
use agent_policy::request::{self, is_asked};
#[cfg(feature = "tap")]
use agent_policy::verdict_of;
use agent_policy::{Case, Given, Request};
#[cfg(feature = "tap")]
use agent_tap::recording::{Kind, Reader};

use super::{name_of, within};
use crate::cli::{RequestOptions, RequestSource, Source};
use crate::error::{Error, Failure};
use crate::input::Inputs;
use crate::log::{Level, Logger};
use crate::request::Memory;
#[cfg(feature = "tap")]
use crate::run::recordings::misread;
use crate::schema::{Reflect, Rpc, Schema};
use crate::session::{self, Command, Settings, Work};

/// Of how many fields that are passed over a file is warned of.
const WARNINGS: usize = 16;

/// Everything that a policy is to be asked about, in the order given.
///
/// # Errors
/// The first mistake.
pub(super) fn requests(
    schema: &'static Schema,
    options: &RequestOptions,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<Vec<Given>, Failure> {
    let alone = |error: Error| Failure::new(None, error);
    if options.sources.is_empty() {
        return Err(alone(Error::usage(
            "no requests: give commands with -c or --script, or a file of requests",
        )));
    }
    let bundle = options.bundle_dir.as_deref().map(Bundle::new).transpose();
    let making = crate::request::RequestOptions {
        automatic: !options.no_auto_values,
        bundle: bundle.map_err(|error| alone(error.into()))?,
        ..crate::request::RequestOptions::default()
    };
    let mut memory = Memory::default();
    let mut found = Vec::new();
    let is_command =
        |source: &RequestSource| matches!(source, RequestSource::Commands(Source::Command(_)));
    // Commands that stand beside each other are read together.
    let groups = options
        .sources
        .chunk_by(|a, b| is_command(a) && is_command(b));
    for group in groups {
        let (file, read) = match group {
            [RequestSource::File(name)] => {
                let text = inputs.text(name).map_err(|error| alone(error.into()))?;
                let read = of_file(schema, name, &text, logger).map_err(alone)?;
                warn(logger, name, &read);
                (Some(name), read)
            }
            commands => {
                let sources = commands.iter().filter_map(|source| match source {
                    RequestSource::Commands(source) => Some(source.clone()),
                    RequestSource::File(_) => None,
                });
                let sources: Vec<_> = sources.collect();
                let read = of_commands(schema, &sources, &making, inputs, &mut memory)?;
                let script = commands.iter().find_map(|source| match source {
                    RequestSource::Commands(Source::Script(name)) => Some(name),
                    _ => None,
                });
                (script, read)
            }
        };
        if let Some(file) = file
            && read.is_empty()
        {
            let error = Error::usage("there are no requests in it");
            return Err(alone(within(file, error)));
        }
        found.extend(read);
    }
    Ok(found)
}

/// Warns of what a file has that its requests have no field for.
fn warn(logger: Logger, file: &str, requests: &[Given]) {
    let file = name_of(file);
    let cases = (1..).zip(requests.iter().filter_map(|given| given.case.as_ref()));
    let passed_over = cases.flat_map(|(number, case)| {
        let paths = case.passed_over.iter();
        paths.map(move |path| (number, &case.request.rule, path))
    });
    let mut more = 0;
    for (place, (number, rule, path)) in passed_over.enumerate() {
        if place >= WARNINGS {
            more += 1;
            continue;
        }
        let said = format_args!(
            "{file}: request {number}: {rule}: {path}: this build has no such field; it is \
             passed over"
        );
        logger.log(Level::Warn, said);
    }
    if more > 0 {
        logger.log(Level::Warn, format_args!("{file}: {more} more such fields"));
    }
}

/// The requests that commands make.
fn of_commands(
    schema: &'static Schema,
    sources: &[Source],
    making: &crate::request::RequestOptions,
    inputs: &mut Inputs,
    memory: &mut Memory,
) -> Result<Vec<Given>, Failure> {
    let settings = Settings::of_requests(making.clone());
    let mut found = Vec::new();
    for step in session::prepare(schema, sources, settings, inputs)? {
        let made = of_step(&step, making.automatic, memory);
        found.extend(made.map_err(|error| step.failure(error))?);
    }
    Ok(found)
}

fn of_step(step: &Command, automatic: bool, memory: &mut Memory) -> Result<Vec<Given>, Error> {
    let Work::Call(request) = &step.work else {
        let message = "a built-in command is not a call that a policy is asked about";
        return Err(Error::usage(message));
    };
    let given = |message: &dyn Reflect| given(step.name.clone(), request.rpc, message);
    let message = request.complete(memory, automatic)?;
    let Some(series) = request.series() else {
        return Ok(vec![given(message.as_ref())?]);
    };
    let mut pieces = series.start(message)?;
    let mut all = Vec::new();
    while let Some(piece) = pieces.next()? {
        let message = session::decode(request.rpc.request, piece.payload)?;
        all.push(given(message.as_ref())?);
    }
    Ok(all)
}

/// The requests of a file.
fn of_file(
    schema: &'static Schema,
    name: &str,
    text: &str,
    logger: Logger,
) -> Result<Vec<Given>, Error> {
    #[cfg(feature = "tap")]
    if let Ok((reader, _)) = Reader::new(text.as_bytes()) {
        return of_recording(schema, name, reader, logger);
    }
    #[cfg(not(feature = "tap"))]
    let _ = logger;
    let cases = request::cases(schema, text);
    let cases = cases
        .map_err(|error| within(name, error.into()))?
        .into_iter();
    let given = cases.map(|case| Given {
        name: case.request.rule.clone(),
        case: Some(case),
    });
    Ok(given.collect())
}

/// The requests of a recording. What the agent's policy made of each is what is expected of it.
#[cfg(feature = "tap")]
fn of_recording(
    schema: &'static Schema,
    name: &str,
    mut reader: Reader<&[u8]>,
    logger: Logger,
) -> Result<Vec<Given>, Error> {
    let warn = |said| logger.log(Level::Warn, format_args!("{}: {said}", name_of(name)));
    let mut found: Vec<Given> = Vec::new();
    let mut places = HashMap::new();
    for record in reader.by_ref() {
        let record = record.map_err(|error| misread(&name_of(name), &error))?;
        let call = (record.connection, record.stream);
        match record.kind {
            Kind::Request => {
                let (Some(service), Some(method), Some(payload)) =
                    (record.service, record.method, record.payload)
                else {
                    continue;
                };
                let mut rpcs = schema.services.iter().flat_map(|each| each.rpcs);
                let rpc = rpcs.find(|rpc| rpc.service == service && rpc.name == method);
                let rpc = rpc.ok_or_else(|| {
                    let reason = format_args!("this build has no RPC {service}/{method}");
                    within(name, Error::usage(reason))
                })?;
                let message = session::decode(rpc.request, &payload.0).map_err(|error| {
                    within(name, error.within(format_args!("{service}/{method}")))
                })?;
                places.insert(call, found.len());
                let given = given(method, rpc, message.as_ref());
                let mut given = given.map_err(|error| within(name, error))?;
                if let Some(case) = &mut given.case {
                    case.is_unknown = true;
                }
                found.push(given);
            }
            // What a rule of the proxy answered says nothing of the policy.
            Kind::Response if !record.faults.is_empty() => {
                places.remove(&call);
            }
            Kind::Response => {
                let asked = places.remove(&call).and_then(|place| found.get_mut(place));
                if let Some(case) = asked.and_then(|given| given.case.as_mut()) {
                    let has_payload = record.payload.is_some_and(|payload| !payload.0.is_empty());
                    let message = record.status.as_ref().map_or("", |status| &status.message);
                    case.allowed = verdict_of(&case.request.rule, message, has_payload);
                    case.is_unknown = case.allowed.is_none();
                }
            }
            Kind::Lost => warn("frames are missing in the recording"),
            _ => {}
        }
    }
    if reader.is_cut() {
        warn("the last line is not whole, and is left out");
    }
    Ok(found)
}

/// A request of an RPC.
fn given(name: String, rpc: &Rpc, message: &dyn Reflect) -> Result<Given, Error> {
    let case = match is_asked(rpc) {
        true => Some(Case {
            request: Request::of(message)?,
            description: None,
            allowed: None,
            is_unknown: false,
            passed_over: Vec::new(),
        }),
        false => None,
    };
    Ok(Given { name, case })
}
