//! The body of the `sandboxes` sub-command, and the sandboxes that `--sandbox` stands for.

use std::fs;
use std::time::Duration;

use agent_node::{Container, Host, Sandbox, Survey, Unread};
use serde_json::{Value, json};

use super::columns::in_columns;
use crate::cli::{self, ListFormat, Sandboxes};
use crate::error::{Error, Kind};
use crate::log::{Level, Logger};
use crate::schema::json::string::escape_unprintable;
use crate::text::{self, escape};
use crate::transport::Address;

/// How long a shim may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The fewest characters of an ID that the table shows.
const SHORT_ID: usize = 12;

/// Lists the sandboxes of a host.
///
/// # Errors
/// When standard output takes no more.
pub(super) fn run(options: &Sandboxes, logger: Logger) -> Result<u8, Error> {
    let survey = survey(&host(Some(&options.host_root))?, logger);
    if survey.sandboxes.is_empty() {
        logger.say(match survey.is_partial() {
            true => "there is no Kata sandbox that this user may see",
            false => "there is no Kata sandbox on this host",
        });
    }
    for sandbox in &survey.sandboxes {
        if let Some(advice) = sandbox.advice() {
            let text = format!("{}: {advice}", sandbox.id);
            logger.log(Level::Warn, escape::line(&text));
        }
    }
    super::print(&match options.output {
        ListFormat::Text => table(&survey),
        ListFormat::Json => {
            let list: Vec<Value> = survey.sandboxes.iter().map(as_json).collect();
            escape_unprintable(&format!("{:#}\n", Value::Array(list)))
        }
    })
}

/// The host whose files are below this folder, which is `/` unless it is given.
///
/// # Errors
/// When there is no such folder.
pub(super) fn host(root: Option<&str>) -> Result<Host, Error> {
    let root = root.unwrap_or("/");
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => Ok(Host::new(root)),
        Ok(_) => Err(Error::usage(format_args!(
            "--host-root: {root:?} is not a folder"
        ))),
        Err(error) => {
            let reason = text::reason(&error);
            Err(Error::usage(format_args!(
                "--host-root: {root:?}: {reason}"
            )))
        }
    }
}

/// What there is on a host.
pub(super) fn survey(host: &Host, logger: Logger) -> Survey {
    let survey = host.survey(PATIENCE);
    warn_of_unread(&survey, logger);
    survey
}

/// The address of the agent whose sandbox the options name; `None` where they name none.
///
/// # Errors
/// When there is no such sandbox, or no address of its agent.
pub(super) fn of(options: &cli::OnHost, logger: Logger) -> Result<Option<Address>, Error> {
    let Some(which) = &options.sandbox else {
        return Ok(None);
    };
    let survey = survey(&host(options.host_root.as_deref())?, logger);
    address(survey.sandbox(which)?).map(Some)
}

/// The address of a sandbox's agent.
///
/// # Errors
/// When it is not known, or there is no agent.
pub(super) fn address(sandbox: &Sandbox) -> Result<Address, Error> {
    match (&sandbox.address, sandbox.advice()) {
        (Some(address), _) if !sandbox.is_gone() => Ok(address.clone()),
        (_, Some(advice)) => Err(Error::new(
            Kind::Connection,
            format_args!("the sandbox {}: {advice}", sandbox.id),
        )),
        (_, None) => Err(Error::new(
            Kind::Connection,
            format_args!("the sandbox {} has no address of an agent", sandbox.id),
        )),
    }
}

fn warn_of_unread(survey: &Survey, logger: Logger) {
    let warn = |unread: &Unread, more: &str, advice: &str| {
        let path = unread.path.display();
        let text = format!(
            "cannot read {path}: {}{more}; sandboxes or containers may be missing here{advice}",
            unread.reason
        );
        logger.log(Level::Warn, escape::line(&text));
    };
    for unread in survey.unread.iter().filter(|unread| !unread.is_denied) {
        warn(unread, "", "");
    }
    // One remedy for all of them, and there may be hundreds.
    let denied = survey.unread.iter().filter(|unread| unread.is_denied);
    let denied: Vec<&Unread> = denied.collect();
    if let [first, others @ ..] = denied.as_slice() {
        let more = match others.len() {
            0 => String::new(),
            1 => ", nor another place".to_owned(),
            count => format!(", nor {count} other places"),
        };
        warn(first, &more, ": run this as root");
    }
}

fn table(survey: &Survey) -> String {
    let length = id_length(survey);
    let mut rows = vec![
        [
            "ID",
            "POD",
            "RUNTIME",
            "HYPERVISOR",
            "STATE",
            "CONTAINERS",
            "ADDRESS",
        ]
        .map(str::to_owned),
    ];
    for sandbox in &survey.sandboxes {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let containers = sandbox.containers.iter().filter(|it| !it.is_sandbox);
        let mut containers: Vec<_> = containers.map(|it| label(it, length)).collect();
        containers.sort_unstable();
        rows.push([
            short(&sandbox.id, length).to_owned(),
            or_dash(sandbox.pod.as_ref().map(ToString::to_string)),
            sandbox.runtime.name().to_owned(),
            or_dash(sandbox.hypervisor.clone()),
            sandbox.state().name().to_owned(),
            or_dash(Some(containers.join(",")).filter(|text| !text.is_empty())),
            or_dash(sandbox.address.as_ref().map(ToString::to_string)),
        ]);
    }
    in_columns(rows)
}

/// A container's name in its pod, or its ID.
fn label(container: &Container, length: usize) -> String {
    let name = container.name.as_deref();
    name.unwrap_or_else(|| short(&container.id, length))
        .to_owned()
}

fn short(id: &str, length: usize) -> &str {
    id.get(..length).unwrap_or(id)
}

/// How much of the IDs tells them all apart.
fn id_length(survey: &Survey) -> usize {
    let ids = survey.sandboxes.iter().map(|sandbox| sandbox.id.as_str());
    let ids: Vec<&str> = ids.collect();
    let shared = ids.windows(2).map(|pair| match pair {
        [one, other] => {
            let pairs = one.bytes().zip(other.bytes());
            pairs.take_while(|(one, other)| one == other).count()
        }
        _ => 0,
    });
    shared
        .map(|shared| shared + 1)
        .max()
        .unwrap_or(0)
        .max(SHORT_ID)
}

fn as_json(sandbox: &Sandbox) -> Value {
    let containers = sandbox.containers.iter().map(|container| {
        json!({
            "id": container.id,
            "name": container.name,
            "is_sandbox": container.is_sandbox,
            "bundle": container.bundle.to_string_lossy(),
        })
    });
    json!({
        "id": sandbox.id,
        "pod": sandbox.pod.as_ref().map(|pod| json!({
            "namespace": pod.namespace,
            "name": pod.name,
        })),
        "runtime": sandbox.runtime.name(),
        "hypervisor": sandbox.hypervisor,
        "process": sandbox.process.map(|process| json!({
            "id": process.id,
            "is_alive": process.is_alive,
        })),
        "address": sandbox.address.as_ref().map(ToString::to_string),
        "state": sandbox.state().name(),
        "advice": sandbox.advice(),
        "folder": sandbox.folder.to_string_lossy(),
        "containers": containers.collect::<Vec<_>>(),
    })
}
