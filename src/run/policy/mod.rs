//! `policy`: reads a policy, asks it about requests, and prints what comes of it.

#[cfg(feature = "node")]
pub(super) mod pod;
mod requests;

use std::io;
use std::process::Command;

use agent_policy::{Agent, Given, JudgeError, Rego, explain, export, show, source};
use serde_json::Value as Json;

use self::requests::requests;
use crate::cli::{
    Audit, Check, Explain, Export, PolicyCommand, PolicyOptions, RequestOptions, Why,
};
use crate::error::{Error, Failure, Kind};
use crate::input::Inputs;
use crate::log::{Level, Logger};
use crate::progress;
use crate::schema::Schema;
use crate::schema::json::string::escape_unprintable;
use crate::session::Output;
use crate::text::escape;

/// Runs a sub-command of `policy`, and gives the exit status.
///
/// # Errors
/// A failure that has not been shown yet.
pub(super) fn run(
    schema: &'static Schema,
    command: PolicyCommand,
    logger: Logger,
) -> Result<u8, Failure> {
    let mut inputs = Inputs::default();
    let result = match command {
        PolicyCommand::Check(options) => {
            let checked = check(schema, &options, &mut inputs, logger);
            return checked.map_err(|mut failure| {
                // Its 1 tells of a denied request.
                if failure.error.kind() == Kind::Output {
                    failure.exit_status = Kind::Usage.exit_status();
                }
                failure
            });
        }
        PolicyCommand::Why(options) => return why(schema, &options, &mut inputs, logger),
        PolicyCommand::Audit(options) => return audit(schema, &options, &mut inputs, logger),
        PolicyCommand::Export(options) => return export(schema, &options, &mut inputs, logger),
        PolicyCommand::Explain(options) => explain(&options, &mut inputs, logger),
    };
    result.map_err(|error| Failure::new(None, error))
}

/// The process that evaluates a policy.
///
/// # Errors
/// When it cannot be what it should.
pub(super) fn engine() -> Result<u8, Error> {
    let worked = agent_policy::work();
    worked
        .map_err(|error| Error::new(Kind::Output, format_args!("the policy's engine: {error}")))?;
    Ok(0)
}

/// How the process is started.
pub(super) fn program() -> io::Result<Command> {
    // By this name it is the same program even where another has taken its place.
    let mut command = Command::new("/proc/self/exe");
    command.arg("policy-engine");
    Ok(command)
}

/// A policy that can be asked, with the name of what it is from.
struct Asked {
    agent: Agent,
    file: String,
}

impl Asked {
    /// Reads the policy that the options name and gives it to an engine; none where they name
    /// none.
    fn new(
        options: &PolicyOptions,
        inputs: &mut Inputs,
        logger: Logger,
    ) -> Result<Option<Self>, Error> {
        let Some((file, text)) = policy(options, inputs, logger)? else {
            return Ok(None);
        };
        let rego = match options.rego_v0 {
            true => Rego::V0,
            false => Rego::V1,
        };
        let agent = Agent::new(program, options.policy_timeout, &text, rego);
        let agent = agent.map_err(|error| match error {
            JudgeError::NotTaken { at: Some(_), .. } => {
                Error::usage(format_args!("{}:{error}", escape::line(&file)))
            }
            error => within(&file, error.into()),
        })?;
        if agent.allows_failures() {
            logger.log(
                Level::Warn,
                format_args!(
                    "{}: AllowRequestsFailingPolicy is true: an agent allows every request",
                    name_of(&file)
                ),
            );
        }
        Ok(Some(Self { agent, file }))
    }
}

/// The policy that the options name, after the name of its file.
fn policy(
    options: &PolicyOptions,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<Option<(String, String)>, Error> {
    #[cfg(feature = "node")]
    if let Some(which) = &options.sandbox {
        let text = pod::of_sandbox(which, options.host_root.as_deref(), logger)?;
        return Ok(Some((pod::FILE.to_owned(), text)));
    }
    let _ = logger;
    let Some(file) = &options.policy else {
        return Ok(None);
    };
    let text = inputs.text(file)?;
    let text = source::policy(file, &text).map_err(|error| within(file, error.into()))?;
    Ok(Some((file.clone(), text)))
}

/// What is asked, and which requests it is asked about.
struct Questions {
    asked: Asked,
    requests: Vec<Given>,
}

impl Questions {
    fn read(
        schema: &'static Schema,
        policy: &PolicyOptions,
        requests: &RequestOptions,
        inputs: &mut Inputs,
        logger: Logger,
    ) -> Result<Self, Failure> {
        let alone = |error| Failure::new(None, error);
        let asked = Asked::new(policy, inputs, logger).map_err(alone)?;
        let none = || Error::usage("no policy: give one with -p, or that of a pod with --sandbox");
        let asked = asked.ok_or_else(none).map_err(alone)?;
        let requests = self::requests(schema, requests, inputs, logger)?;
        Ok(Self { asked, requests })
    }
}

fn within(file: &str, error: Error) -> Error {
    error.within(name_of(file))
}

/// How much of a list of requests' numbers is told, in characters.
const MOST_NUMBERS: usize = 60;

/// The numbers of requests, in words.
fn list_of(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    escape::first_line(&numbers.join(", "), MOST_NUMBERS)
}

/// What a file is called in messages.
fn name_of(file: &str) -> String {
    match file {
        "-" => "standard input".to_owned(),
        file => format!("{file:?}"),
    }
}

fn check(
    schema: &'static Schema,
    options: &Check,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let (policy, requests) = (&options.policy, &options.requests);
    let mut questions = Questions::read(schema, policy, requests, inputs, logger)?;
    let agent = &mut questions.asked.agent;
    let mut output = Output::default();
    let mut status = 0;
    let mut number = 0_usize;
    let mut unsaid = Vec::new();
    agent.answer_each(&questions.requests, |given, refusal| {
        number += 1;
        let refusal = refusal.map_err(|error| failed(given, error))?;
        let is_allowed = refusal.is_none();
        let expected = given.case.as_ref().and_then(|case| case.allowed);
        let is_wrong = match (options.expected, expected) {
            (false, _) => !is_allowed,
            (true, Some(expected)) => expected != is_allowed,
            (true, None) => {
                if given.case.is_some() {
                    unsaid.push(number);
                }
                false
            }
        };
        if is_wrong {
            status = 1;
        }
        let line = match options.json {
            true => as_line(&show::answer_as_json(number, given, refusal.as_ref())),
            false => show::answer(number, given, refusal.as_ref()),
        };
        output.line(&line).map_err(alone)
    })?;
    if !unsaid.is_empty() {
        logger.log(
            Level::Warn,
            format_args!(
                "--expected: {} of {number} requests do not say what is expected: {}",
                unsaid.len(),
                list_of(&unsaid)
            ),
        );
    }
    Ok(status)
}

fn why(
    schema: &'static Schema,
    options: &Why,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let (policy, requests) = (&options.policy, &options.requests);
    let mut questions = Questions::read(schema, policy, requests, inputs, logger)?;
    let agent = &mut questions.asked.agent;
    let mut file = questions.asked.file;
    let mut output = Output::default();
    for (number, given) in (1..).zip(&questions.requests) {
        let refusal = agent.ask(given).map_err(|error| failed(given, error))?;
        if Agent::sets_policy(given, refusal.as_ref()) {
            file = format!("policy of request {number}");
        }
        let Some(refusal) = refusal else {
            if !options.json {
                let line = show::answer(number, given, None);
                output.line(&line).map_err(alone)?;
            }
            continue;
        };
        let why = agent.why(given, &refusal);
        let why = why.map_err(|error| failed(given, error))?;
        let text = match options.json {
            true => as_line(&show::why_as_json(number, given, &refusal, &file, &why)) + "\n",
            false => show::why(number, given, &refusal, &file, &why),
        };
        output.text(&text).map_err(alone)?;
    }
    Ok(0)
}

fn audit(
    schema: &'static Schema,
    options: &Audit,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let (policy, requests) = (&options.policy, &options.requests);
    let mut questions = Questions::read(schema, policy, requests, inputs, logger)?;
    let agent = &mut questions.asked.agent;
    let mut output = Output::default();
    let mut is_audited = false;
    for (number, given) in (1..).zip(&questions.requests) {
        let line = progress::of_text();
        let (name, of) = (&given.name, questions.requests.len());
        let audited = agent.audit(schema, given, |done, all| {
            line.set_message(format!("{number} of {of}: {name}: {done} of {all} changes"));
        });
        drop(line);
        let (refusal, findings) = audited.map_err(|error| failed(given, error))?;
        is_audited |= findings.is_some();
        let text = match (options.json, &findings) {
            (true, None) => as_line(&show::answer_as_json(number, given, refusal.as_ref())) + "\n",
            (true, Some(found)) => as_line(&show::findings_as_json(number, given, found)) + "\n",
            (false, None) => show::answer(number, given, refusal.as_ref()) + "\n",
            (false, Some(found)) => show::findings(number, given, found),
        };
        output.text(&text).map_err(alone)?;
    }
    if !is_audited {
        let error = "nothing was audited: an audit needs a request that the policy allows";
        return Err(alone(Error::usage(error)));
    }
    Ok(0)
}

fn export(
    schema: &'static Schema,
    options: &Export,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let asked = Asked::new(&options.policy, inputs, logger).map_err(alone)?;
    let requests = requests(schema, &options.requests, inputs, logger)?;
    let cases = requests.iter().filter_map(|given| given.case.clone());
    let mut cases: Vec<_> = cases.collect();
    if cases.is_empty() {
        let error = Error::usage("an agent does not ask its policy about any of these calls");
        return Err(alone(error));
    }
    if asked.is_none() {
        let unknown = (1..).zip(&requests).filter(|(_, given)| {
            let case = given.case.as_ref();
            case.is_some_and(|case| case.is_unknown)
        });
        let unknown: Vec<usize> = unknown.map(|(number, _)| number).collect();
        if !unknown.is_empty() {
            logger.log(
                Level::Warn,
                format_args!(
                    "{} of {} requests are left out, as it is not said whether they are allowed: \
                     {}; -p asks a policy",
                    unknown.len(),
                    requests.len(),
                    list_of(&unknown)
                ),
            );
        }
        cases.retain(|case| !case.is_unknown);
    }
    if let Some(mut asked) = asked {
        let mut places = cases.iter_mut();
        asked.agent.answer_each(&requests, |given, refusal| {
            let refusal = refusal.map_err(|error| failed(given, error))?;
            if let Some(case) = given.case.as_ref().and_then(|_| places.next()) {
                case.allowed = Some(refusal.is_none());
            }
            Ok::<(), Failure>(())
        })?;
    }
    let text = export::test_cases(&cases).map_err(|error| alone(error.into()))?;
    let text = escape_unprintable(&text);
    Output::default().text(&text).map_err(alone)?;
    Ok(0)
}

fn explain(options: &Explain, inputs: &mut Inputs, logger: Logger) -> Result<u8, Error> {
    let text = inputs.text(&options.file)?;
    let denials = explain::denials(&text);
    if denials.is_empty() {
        let error = Error::usage("there is no denial in it: nothing \"is blocked by policy\"");
        return Err(within(&options.file, error));
    }
    let mut asked = Asked::new(&options.policy, inputs, logger)?;
    let mut output = Output::default();
    for denial in &denials {
        let lines = denial.prints.iter().map(|print| print.line).collect();
        let stops = match &mut asked {
            Some(asked) => Some(asked.agent.stops(lines)?),
            None => None,
        };
        if options.json {
            output.line(&as_line(&show::denial_as_json(denial, stops.as_ref())))?;
            continue;
        }
        let mut text = show::denial(denial, options.full);
        if let (Some(stops), Some(asked)) = (&stops, &asked) {
            text += &show::stops(&asked.file, stops);
        }
        output.text(&text)?;
    }
    Ok(0)
}

/// JSON on a line, fit for a terminal.
fn as_line(object: &Json) -> String {
    escape_unprintable(&object.to_string())
}

fn alone(error: Error) -> Failure {
    Failure::new(None, error)
}

fn failed(given: &Given, error: JudgeError) -> Failure {
    Failure::new(Some(given.name.clone()), error.into())
}
