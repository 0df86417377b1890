//! `policy`: reads a policy, asks it about requests, and prints what comes of it.

mod requests;

use std::io;
use std::process::Command;

use agent_policy::request::is_silent;
use agent_policy::{
    Case, Judge, JudgeError, Rego, Request, Verdict, audit, explain, export, show, source,
};
use serde_json::json;

use self::requests::{Given, requests};
use crate::cli::{Audit, Check, EngineOptions, Explain, Export, PolicyCommand, Why};
use crate::client::status_name;
use crate::error::{Error, Failure, Kind};
use crate::input::Inputs;
use crate::log::{Level, Logger};
use crate::schema::Schema;
use crate::session::Output;
use crate::text::escape;

/// How much of what a policy printed stands on a line of `check`, in characters.
const SHOWN: usize = 200;
/// How many reasons `why` shows as text.
const REASONS: usize = 4;

const PERMISSION_DENIED: i32 = 7;
const INTERNAL: i32 = 13;
const INVALID_ARGUMENT: i32 = 3;

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

/// A policy that can be asked, with the name of its file.
struct Asked {
    judge: Judge,
    file: String,
    rego: Rego,
}

impl Asked {
    /// Reads a policy and gives it to an engine.
    fn new(
        file: &str,
        options: &EngineOptions,
        inputs: &mut Inputs,
        logger: Logger,
    ) -> Result<Self, Error> {
        let text = inputs.text(file)?;
        let text = source::policy(file, &text).map_err(|error| within(file, error.into()))?;
        let rego = rego(options);
        let mut judge = Judge::new(program, options.policy_timeout);
        let allows_failures = judge.set_policy(&text, rego).map_err(|error| match error {
            JudgeError::NotTaken { at: Some(_), .. } => {
                Error::usage(format_args!("{}:{error}", escape::line(file)))
            }
            error => within(file, error.into()),
        })?;
        if allows_failures {
            logger.log(
                Level::Warn,
                format_args!(
                    "{file:?}: AllowRequestsFailingPolicy is true: an agent allows every request"
                ),
            );
        }
        Ok(Self {
            judge,
            file: file.to_owned(),
            rego,
        })
    }

    /// What the agent would answer to a request: nothing, or a status.
    fn answer(&mut self, request: &Request) -> Result<Option<Refusal>, Error> {
        if let Some(failure) = request.failure {
            return Ok(Some(Refusal {
                code: INTERNAL,
                message: failure.to_owned(),
                is_quoted: false,
            }));
        }
        let verdict = self.judge.allow(&request.rule, &request.input)?;
        Ok(match (verdict, &request.policy) {
            (Verdict::Denied(prints), _) => Some(Refusal {
                code: PERMISSION_DENIED,
                message: format!("{} is blocked by policy: {prints}", request.rule),
                is_quoted: true,
            }),
            (Verdict::Failed(message), _) => Some(Refusal {
                code: INTERNAL,
                message,
                is_quoted: true,
            }),
            (Verdict::Allowed, Some(policy)) => match self.judge.set_policy(policy, self.rego) {
                Ok(_) => None,
                Err(JudgeError::NotTaken { error, .. }) => Some(Refusal {
                    code: INVALID_ARGUMENT,
                    message: error,
                    is_quoted: false,
                }),
                Err(error) => return Err(error.into()),
            },
            (Verdict::Allowed, None) => None,
        })
    }
}

fn rego(options: &EngineOptions) -> Rego {
    match options.rego_v0 {
        true => Rego::V0,
        false => Rego::V1,
    }
}

fn within(file: &str, error: Error) -> Error {
    match file {
        "-" => error.within("standard input"),
        file => error.within(format_args!("{file:?}")),
    }
}

/// How an agent refuses a request.
struct Refusal {
    code: i32,
    message: String,
    /// Whether it stands in quotes in the agent's status, with escapes.
    is_quoted: bool,
}

impl Refusal {
    /// The message as it stands in the agent's status.
    fn as_sent(&self) -> String {
        match self.is_quoted {
            true => format!("{:?}", self.message),
            false => self.message.clone(),
        }
    }
}

fn check(
    schema: &'static Schema,
    options: &Check,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let alone = |error| Failure::new(None, error);
    let asked = Asked::new(
        &options.policy.policy,
        &options.policy.engine,
        inputs,
        logger,
    );
    let mut asked = asked.map_err(alone)?;
    let requests = requests(schema, &options.requests, inputs)?;
    let mut output = Output::default();
    let mut status = 0;
    for (number, given) in (1..).zip(&requests) {
        let refusal = match &given.case {
            Some(case) => asked.answer(&case.request),
            None => Ok(None),
        };
        let refusal = refusal.map_err(|error| Failure::new(Some(given.name.clone()), error))?;
        let is_allowed = refusal.is_none();
        let is_wrong = match given.case.as_ref().and_then(|case| case.allowed) {
            Some(expected) if options.expected => expected != is_allowed,
            _ => !is_allowed,
        };
        if is_wrong {
            status = 1;
        }
        let line = match options.json {
            true => as_json(number, given, refusal.as_ref()).to_string(),
            false => as_line(number, given, refusal.as_ref()),
        };
        output.line(&line).map_err(alone)?;
    }
    Ok(status)
}

/// A request and what became of it, on a line.
fn as_line(number: usize, given: &Given, refusal: Option<&Refusal>) -> String {
    let verdict = match refusal {
        Some(_) => "denied ",
        None => "allowed",
    };
    let mut line = format!("{number}  {verdict}  {}", given.name);
    let Some(case) = &given.case else {
        return line + "  (no policy is asked)";
    };
    if let Some(description) = &case.description {
        line += &format!("  {:?}", description);
    }
    match case.allowed {
        Some(true) if refusal.is_some() => line += "  (expected to be allowed)",
        Some(false) if refusal.is_none() => line += "  (expected to be denied)",
        _ => {}
    }
    if let Some(Refusal { code, message, .. }) = refusal {
        let name = match is_silent(&case.request.rule) {
            true => "OK, without data",
            false => status_name(*code).unwrap_or_default(),
        };
        let words: Vec<_> = message.split_whitespace().collect();
        let short = escape::first_line(&words.join(" "), SHOWN);
        line += &format!("  code: {name}: {short}");
    }
    line
}

/// The same for scripts.
fn as_json(number: usize, given: &Given, refusal: Option<&Refusal>) -> serde_json::Value {
    let mut object = json!({
        "number": number,
        "request": given.name,
        "verdict": if refusal.is_some() { "denied" } else { "allowed" },
    });
    let mut add = |name: &str, value: serde_json::Value| object[name] = value;
    if let Some(case) = &given.case {
        if let Some(description) = &case.description {
            add("description", json!(description));
        }
        if let Some(expected) = case.allowed {
            add(
                "expected",
                json!(if expected { "allowed" } else { "denied" }),
            );
        }
    }
    if let Some(refusal) = refusal {
        let is_silent = |case: &Case| is_silent(&case.request.rule);
        let code = match given.case.as_ref().is_some_and(is_silent) {
            true => 0,
            false => refusal.code,
        };
        add("code", json!(code));
        add("code_name", json!(status_name(code)));
        add("message", json!(refusal.as_sent()));
    }
    object
}

fn why(
    schema: &'static Schema,
    options: &Why,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let alone = |error| Failure::new(None, error);
    let asked = Asked::new(
        &options.policy.policy,
        &options.policy.engine,
        inputs,
        logger,
    );
    let mut asked = asked.map_err(alone)?;
    let requests = requests(schema, &options.requests, inputs)?;
    let mut output = Output::default();
    for (number, given) in (1..).zip(&requests) {
        let Some(case) = &given.case else { continue };
        let failed = |error: Error| Failure::new(Some(given.name.clone()), error);
        let refusal = asked.answer(&case.request).map_err(failed)?;
        let Some(refusal) = refusal else {
            if !options.json {
                output.line(&as_line(number, given, None)).map_err(alone)?;
            }
            continue;
        };
        let reasons = match refusal.code {
            // The policy allowed the change of itself; what it was changed to is no policy.
            INVALID_ARGUMENT => Vec::new(),
            _ => {
                match asked.judge.why(&case.request.rule, &case.request.input) {
                    Ok(reasons) => reasons,
                    // An error ended the evaluation, and is in the agent's message.
                    Err(JudgeError::Cannot(_)) => Vec::new(),
                    Err(error) => return Err(failed(error.into())),
                }
            }
        };
        if options.json {
            let mut object = as_json(number, given, Some(&refusal));
            object["reasons"] = json!(reasons);
            output.line(&object.to_string()).map_err(alone)?;
            continue;
        }
        let short = Refusal {
            message: match refusal.code {
                PERMISSION_DENIED => format!("{} is blocked by policy", case.request.rule),
                _ => refusal.message,
            },
            ..refusal
        };
        let mut text = as_line(number, given, Some(&short));
        text.push('\n');
        let file = escape::line(&asked.file).into_owned();
        let shown: Vec<_> = reasons
            .iter()
            .take(REASONS)
            .map(|each| show::reason(&file, each))
            .collect();
        text.push_str(&shown.join("  or\n"));
        if reasons.len() > REASONS {
            text += &format!("  and {} more, which --json has\n", reasons.len() - REASONS);
        }
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
    let alone = |error| Failure::new(None, error);
    let asked = Asked::new(
        &options.policy.policy,
        &options.policy.engine,
        inputs,
        logger,
    );
    let mut asked = asked.map_err(alone)?;
    let requests = requests(schema, &options.requests, inputs)?;
    let mut output = Output::default();
    for (number, given) in (1..).zip(&requests) {
        let Some(case) = &given.case else { continue };
        let failed = |error: Error| Failure::new(Some(given.name.clone()), error);
        let request = &case.request;
        let would = asked.judge.would_allow(&request.rule, &request.input);
        if would.map_err(|error| failed(error.into()))? != Verdict::Allowed {
            let refusal = asked.answer(request).map_err(failed)?;
            let line = match options.json {
                true => as_json(number, given, refusal.as_ref()).to_string(),
                false => as_line(number, given, refusal.as_ref()),
            };
            output.line(&line).map_err(alone)?;
            continue;
        }
        let line = crate::progress::of_text();
        let found = audit::audit(&mut asked.judge, schema, request, |done, all| {
            line.set_message(format!(
                "{number} of {}: {}: {done} of {all} changes",
                requests.len(),
                given.name
            ));
        });
        drop(line);
        let found = found.map_err(|error| failed(error.into()))?;
        // The request itself is what the next one comes after.
        asked.answer(request).map_err(failed)?;
        let text = match options.json {
            true => {
                let mut object = as_json(number, given, None);
                object["tried"] = json!(found.tried);
                object["allowed"] = json!(found.allowed);
                format!("{object}\n")
            }
            false => format!(
                "{}: {} of {} changes are still allowed\n{}",
                as_line(number, given, None),
                found.allowed.len(),
                found.tried,
                show::findings(&found)
            ),
        };
        output.text(&text).map_err(alone)?;
    }
    Ok(0)
}

fn export(
    schema: &'static Schema,
    options: &Export,
    inputs: &mut Inputs,
    logger: Logger,
) -> Result<u8, Failure> {
    let alone = |error| Failure::new(None, error);
    let asked = options.policy.as_ref();
    let asked = asked.map(|file| Asked::new(file, &options.engine, inputs, logger));
    let mut asked = asked.transpose().map_err(alone)?;
    let requests = requests(schema, &options.requests, inputs)?;
    let mut cases: Vec<_> = requests
        .into_iter()
        .filter_map(|given| given.case)
        .collect();
    if let Some(asked) = &mut asked {
        for case in &mut cases {
            let refusal = asked.answer(&case.request);
            let refusal =
                refusal.map_err(|error| Failure::new(Some(case.request.rule.clone()), error))?;
            case.allowed = Some(refusal.is_none());
        }
    }
    let text = export::test_cases(&cases).map_err(|error| alone(error.into()))?;
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
    let asked = options.policy.as_ref();
    let asked = asked.map(|file| Asked::new(file, &options.engine, inputs, logger));
    let mut asked = asked.transpose()?;
    let mut output = Output::default();
    for denial in &denials {
        let lines = denial.prints.iter().map(|print| print.line).collect();
        let stops = match &mut asked {
            Some(asked) => Some(asked.judge.stops(lines)?),
            None => None,
        };
        if options.json {
            let mut object = json!(denial);
            if let Some(stops) = stops {
                object["stops"] = json!(stops);
            }
            output.line(&object.to_string())?;
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
