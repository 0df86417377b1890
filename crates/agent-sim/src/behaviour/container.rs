//! Containers: made, started, paused, resumed, limited and removed.

use crate::fields;
use crate::refusal::internal;
use crate::state::{Container, Limits, Status};
use agent_schema::Reflect;

use super::lookup::{by_text, container, container_id};
use super::storages::{check_devices, check_storages};
use super::{Answer, Context, Outcome, Row, spec};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/CreateContainer", create_container),
    ("grpc.AgentService/StartContainer", start_container),
    ("grpc.AgentService/PauseContainer", pause_container),
    ("grpc.AgentService/ResumeContainer", resume_container),
    ("grpc.AgentService/UpdateContainer", update_container),
    ("grpc.AgentService/RemoveContainer", remove_container),
];

/// Makes a container whose process waits to be started. It needs no sandbox. An
/// ID that is in use is refused late, and costs the container that has it.
fn create_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let id = container_id(request);
    if !is_valid(id) {
        return Err(internal(format!("invalid container ID {id}")));
    }
    let oci = fields::message(request, "OCI").ok_or_else(spec::no_value)?;
    check_devices(request)?;
    check_storages(request)?;
    spec::check(id, oci)?;
    let process = spec::first_process(oci)?;
    let state = &mut context.state;
    if state.containers.remove(id).is_ok() {
        return Err(internal("exec fifo exists"));
    }
    spec::check_first_process(oci, process)?;
    let mut limits = Limits::default();
    let resources =
        fields::message(oci, "Linux").and_then(|linux| fields::message(linux, "Resources"));
    if let Some(resources) = resources {
        spec::set_limits(&mut limits, resources)?;
    }
    let shares_namespace =
        fields::is_true(request, "sandbox_pidns") && state.sandbox.has_process_namespace;
    let launcher = context.launcher;
    let root = spec::root(oci);
    let program = spec::program(process, &root);
    let process = launcher.create(program).map_err(internal)?;
    state.sandbox.has_process_namespace = true;
    let last_words = spec::last_words(oci);
    let mut container = Container::new(id, process, root, limits, last_words, shares_namespace);
    container.has_pid_namespace = spec::has_pid_namespace(oci);
    state.containers.insert(id, container);
    Ok(Outcome::Done)
}

/// Whether an ID is of two characters or more, of which the first is a letter or
/// a digit, and the others may be `_`, `.` and `-` too.
fn is_valid(id: &str) -> bool {
    let mut characters = id.chars();
    characters.next().is_some_and(char::is_alphanumeric)
        && id.len() > 1
        && characters.all(|each| each.is_alphanumeric() || matches!(each, '_' | '.' | '-'))
}

/// Starts a container's process. A second time, or when the process was killed
/// before, the real agent waits forever for a process to be there, and all other
/// calls with it; here only the call itself is not answered until the container
/// goes.
fn start_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let found = context.state.containers.find(container_id(request));
    let container = found.map_err(by_text)?;
    if !container.can_start() {
        return Ok(Outcome::Later(container.change()));
    }
    container.start().map_err(internal)?;
    Ok(Outcome::Done)
}

/// Stops a container that was not paused, started or not.
fn pause_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let container = container(context, request)?;
    if container.status() == Status::Paused {
        return Err(internal(
            "failed to pause container: current status is: Paused",
        ));
    }
    container.pause();
    Ok(Outcome::Done)
}

/// Lets a paused container go on.
fn resume_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let container = container(context, request)?;
    match container.status() {
        Status::Paused => {
            container.resume();
            Ok(Outcome::Done)
        }
        status => {
            let reason = format!("container status is: {status:?}, not paused");
            Err(internal(reason))
        }
    }
}

/// Sets what a container may use.
fn update_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let container = container(context, request)?;
    if let Some(resources) = fields::message(request, "resources") {
        spec::set_limits(&mut container.limits, resources)?;
    }
    Ok(Outcome::Done)
}

/// Kills what runs in a container and forgets it. That takes no time, so a
/// timeout is never reached.
fn remove_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let removed = context.state.containers.remove(container_id(request));
    removed.map_err(by_text)?;
    Ok(Outcome::Done)
}
