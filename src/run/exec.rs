//! The body of the `exec` sub-command: which container it is, and what comes of its end.

use std::time::Duration;

use agent_node::{Container, Host, SelectError, Survey};

use super::sandboxes;
use crate::auto;
use crate::cli;
use crate::client::ConnectOptions;
use crate::error::{Error, Failure, Kind};
use crate::exec::{self, Ended, Exec, NOT_RUN, Process, exec};
use crate::log::{Level, Logger};
use crate::schema::Schema;
use crate::transport::Address;

/// The exit statuses of a program that cannot be run, and of one that is not there, as shells
/// have them.
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// The status of an agent that could not start a process.
const INTERNAL: i32 = 13;

/// Runs a process in a container, and gives its exit status.
///
/// # Errors
/// A failure that has not been shown yet, with an exit status that is not the process's own.
pub(super) fn run(
    schema: &'static Schema,
    options: &cli::Exec,
    logger: Logger,
) -> Result<u8, Failure> {
    run_in(schema, options, logger).map_err(|error| {
        let exit_status = exit_status(&error);
        Failure {
            exit_status,
            ..Failure::new(None, error)
        }
    })
}

fn run_in(schema: &'static Schema, options: &cli::Exec, logger: Logger) -> Result<u8, Error> {
    let host = sandboxes::host(options.address.on_host.host_root.as_deref())?;
    let target = target(options, &host, logger)?;
    let container = target.container.as_ref();
    let own = container.and_then(|container| host.config(container));
    let file = container.map(|it| it.bundle.join("config.json").to_string_lossy().into_owned());
    let file = file.unwrap_or_default();
    let user = options
        .user
        .as_deref()
        .map(|user| host.user(container, user));
    let user = user
        .transpose()
        .map_err(|error| Error::usage(format_args!("--user: {error}")))?;
    let given = options.env.iter().map(|given| exec::environment(given));
    let environment: Vec<Option<String>> = given.collect::<Result<_, _>>()?;
    let environment: Vec<String> = environment.into_iter().flatten().collect();
    if let Some(folder) = options.workdir.as_deref().filter(|it| !it.starts_with('/')) {
        return Err(Error::usage(format_args!(
            "--workdir: {folder:?} is not an absolute path"
        )));
    }
    let exec_id = match &options.exec_id {
        Some(id) if id.is_empty() || *id == target.id => {
            let whose = if id.is_empty() {
                ""
            } else {
                "is the container's own ID, and "
            };
            return Err(Error::usage(format_args!(
                "--exec-id: {id:?} {whose}stands for its first process; give another one"
            )));
        }
        Some(id) => id.clone(),
        None => auto::random_id()?,
    };
    let connect = ConnectOptions {
        timeout: options.connect_timeout,
        sim: super::simulated_agent(),
    };
    let wanted = Exec {
        container_id: &target.id,
        exec_id: &exec_id,
        process: Process {
            command: &options.command,
            terminal: options.tty,
            user,
            folder: options.workdir.as_deref(),
            environment: &environment,
        },
        config: own.as_ref().map(|own| (file.as_str(), own)),
        input: options.interactive,
        detach_keys: &options.detach_keys,
        timeout: options.timeout.filter(|limit| *limit != Duration::ZERO),
    };
    match exec(schema, &target.address, &connect, &wanted, logger)? {
        Ended::Status(status) => Ok(status),
        Ended::Detached => {
            let id = &target.id;
            logger.say(format_args!(
                "detached; the process lives on as exec ID {exec_id} of the container {id}"
            ));
            Ok(0)
        }
    }
}

/// Where a process is to be run.
struct Target {
    address: Address,
    /// The container's ID.
    id: String,
    /// What is known of the container on this host.
    container: Option<Container>,
}

fn target(options: &cli::Exec, host: &Host, logger: Logger) -> Result<Target, Error> {
    let which = options.container.as_str();
    let known = |address, container: &Container| Target {
        address,
        id: container.id.clone(),
        container: Some(container.clone()),
    };
    // A container that is not known here may be known to the agent all the same.
    let unknown = |address, error: SelectError| match error {
        SelectError::NoContainer(_) | SelectError::NothingSeen(_) if !which.contains('/') => {
            Ok(Target {
                address,
                id: which.to_owned(),
                container: None,
            })
        }
        error => Err(Error::from(error)),
    };
    if let Some(name) = &options.address.on_host.sandbox {
        let survey = sandboxes::survey(host, logger);
        let sandbox = survey.sandbox(name)?;
        let address = sandboxes::address(sandbox)?;
        return match survey.container_in(sandbox, which) {
            Ok(container) => Ok(known(address, container)),
            Err(error) => unknown(address, error),
        };
    }
    if let Some(address) = options.address.given() {
        let address = address.parse()?;
        let survey: Survey = host.glance();
        return match survey.container(which) {
            Ok((_, container)) => Ok(known(address, container)),
            Err(error) => unknown(address, error),
        };
    }
    let survey = sandboxes::survey(host, logger);
    let (sandbox, container) = survey.container(which)?;
    logger.log(
        Level::Debug,
        format_args!(
            "the container {} is in the sandbox {}",
            container.id, sandbox.id
        ),
    );
    Ok(known(sandboxes::address(sandbox)?, container))
}

fn exit_status(error: &Error) -> u8 {
    // What a policy says may have any words, and a backtrace too.
    let status = error.status().filter(|status| status.code == INTERNAL);
    let message = status.and_then(|status| status.message.lines().next());
    let message = message.unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match error.kind() {
        Kind::Interrupted | Kind::ReaderGone => error.kind().exit_status(),
        _ if says(&["was not found", "no such file", "enoent"]) => NOT_FOUND,
        _ if says(&["permission denied", "eacces", "not executable"]) => NOT_RUNNABLE,
        _ => NOT_RUN,
    }
}
