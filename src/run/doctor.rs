//! The body of the `doctor` sub-command: whom it examines, and how that is shown.

use agent_node::{Host, SelectError, Survey};
use serde_json::{Value, json};

use super::columns::in_columns;
use super::sandboxes;
use crate::cli::{self, ListFormat};
use crate::client::ConnectOptions;
use crate::doctor::{Examination, Outcome, Patient, Stage, examine};
use crate::error::{Error, Failure, Kind};
use crate::log::Logger;
use crate::schema::Schema;
use crate::schema::json::string::escape_unprintable;

/// What to do where this user may not see all.
const AS_ROOT: &str = "run this as root";

/// The exit status where a stage failed.
const FAILED: u8 = 1;

/// Examines a sandbox or an agent, and shows what was found.
///
/// # Errors
/// The first stage that failed.
pub(super) fn run(
    schema: &'static Schema,
    options: &cli::Asked,
    logger: Logger,
) -> Result<u8, Failure> {
    let alone = |error| Failure::new(None, error);
    let examination = Examination {
        schema,
        connect: ConnectOptions {
            timeout: options.connect_timeout,
            sim: super::simulated_agent(),
        },
        patience: options.patience(),
    };
    // Without it Ctrl-C ends the run without a word, which is all that is lost.
    let _ = crate::interrupt::install();
    let on_host = &options.address.on_host;
    let stages = match (&on_host.sandbox, options.address.given()) {
        (None, Some(text)) => {
            let address = text.parse().map_err(|error| alone(Error::from(error)))?;
            examine(&Patient::Address(address), &examination)
        }
        (which, _) => {
            let host = sandboxes::host(on_host.host_root.as_deref()).map_err(alone)?;
            let survey = sandboxes::survey(&host, logger);
            let patient = patient(&host, &survey, which.as_deref()).map_err(alone)?;
            let stages = examine(&patient, &examination);
            #[cfg(feature = "policy")]
            let stages = with_policy(stages, &patient, schema);
            stages
        }
    };
    crate::interrupt::check().map_err(|interrupted| alone(interrupted.into()))?;
    super::print(&match options.output {
        ListFormat::Text => text(&stages),
        ListFormat::Json => as_json(&stages),
    })
    .map_err(|error| Failure {
        exit_status: if error.kind() == Kind::Output {
            2
        } else {
            error.kind().exit_status()
        },
        ..Failure::new(None, error)
    })?;
    match first_failed(&stages) {
        None => Ok(0),
        Some(stage) => Err(Failure {
            exit_status: FAILED,
            ..alone(Error::new(
                Kind::Connection,
                format_args!("the stage \"{}\" failed: {}", stage.name, stage.found),
            ))
        }),
    }
}

/// Whom to examine: the sandbox that was named, or the only one.
fn patient<'a>(
    host: &'a Host,
    survey: &'a Survey,
    which: Option<&str>,
) -> Result<Patient<'a>, Error> {
    let missing = |found: String, advice: &str| Patient::Missing {
        found,
        advice: advice.to_owned(),
    };
    let list = "see what there is with \"kata-agent-ctl sandboxes\", and whether the pod's \
                runtime class is one of Kata's";
    match which {
        Some(which) => match survey.sandbox(which) {
            Ok(sandbox) => Ok(Patient::Sandbox(host, sandbox)),
            Err(error @ (SelectError::NoSandbox(_) | SelectError::OtherRuntime { .. })) => {
                Ok(missing(error.to_string(), list))
            }
            Err(error @ SelectError::NothingSeen(_)) => Ok(missing(error.to_string(), AS_ROOT)),
            Err(error) => Err(error.into()),
        },
        None => match survey.sandboxes.as_slice() {
            [only] => Ok(Patient::Sandbox(host, only)),
            [] if survey.is_partial() => {
                let found = "this host has no Kata sandbox that this user may see";
                Ok(missing(found.to_owned(), AS_ROOT))
            }
            [] => Ok(missing("this host has no Kata sandbox".to_owned(), list)),
            several => Err(Error::usage(format_args!(
                "this host has {} sandboxes: name one with --sandbox, as \"kata-agent-ctl \
                 sandboxes\" lists them",
                several.len()
            ))),
        },
    }
}

/// The stages, where the last one, about the policy, also tells of that which the pod brought.
/// An agent cannot be asked what its policy never allows.
#[cfg(feature = "policy")]
fn with_policy(
    mut stages: Vec<Stage>,
    patient: &Patient<'_>,
    schema: &'static Schema,
) -> Vec<Stage> {
    if let Patient::Sandbox(_, sandbox) = patient
        && let Some(stage) = stages.last_mut()
        && let Some(said) = super::policy::pod::said(schema, sandbox)
    {
        stage.found = format!("{}; {said}", stage.found);
    }
    stages
}

fn first_failed(stages: &[Stage]) -> Option<&Stage> {
    stages.iter().find(|stage| stage.outcome == Outcome::Failed)
}

fn text(stages: &[Stage]) -> String {
    let mut rows = Vec::new();
    for stage in stages {
        let (outcome, name) = (stage.outcome.name().to_owned(), stage.name.to_owned());
        rows.push([outcome, name, stage.found.clone()]);
        if !stage.advice.is_empty() {
            rows.push([
                String::new(),
                String::new(),
                format!("to do: {}", stage.advice),
            ]);
        }
    }
    in_columns(rows)
}

fn as_json(stages: &[Stage]) -> String {
    let list = stages.iter().map(|stage| {
        json!({
            "stage": stage.name,
            "outcome": stage.outcome.name(),
            "found": stage.found,
            "advice": Some(&stage.advice).filter(|advice| !advice.is_empty()),
        })
    });
    let list: Vec<Value> = list.collect();
    let failed = first_failed(stages).map(|stage| stage.name);
    escape_unprintable(&format!(
        "{:#}\n",
        json!({"failed": failed, "stages": list})
    ))
}
