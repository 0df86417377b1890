//! Containers: made, started, paused, resumed, limited and removed.

use std::path::PathBuf;

use crate::call::Call;
use crate::process::LaunchError;
use crate::protos::agent::{
    CreateContainerRequest, PauseContainerRequest, RemoveContainerRequest, ResumeContainerRequest,
    StartContainerRequest, UpdateContainerRequest,
};
use crate::protos::empty::Empty;
use crate::refusal::internal;
use crate::state::{Container, Limits, Status};

use super::lookup::{by_text, container};
use super::storages::{check_devices, check_storages};
use super::{done, spec};

/// Makes a container whose process waits to be started. It needs no sandbox. An
/// ID that is in use is refused late, and costs the container that has it.
pub(crate) async fn create(
    call: Call<'_>,
    request: CreateContainerRequest,
) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let id = &request.container_id;
    if !is_valid(id) {
        return Err(internal(format!("invalid container ID {id}")));
    }
    let oci = request.OCI.as_ref().ok_or_else(spec::no_value)?;
    check_devices(&request.devices)?;
    check_storages(&request.storages)?;
    spec::check(id, oci)?;
    let process = oci.Process.as_ref().ok_or_else(spec::no_value)?;
    if sandbox.containers.remove(id).is_ok() {
        return Err(internal("exec fifo exists"));
    }
    spec::check_first_process(oci, process)?;
    if let Some(name) = spec::unknown_capability(process) {
        let reason = format!("there is no capability {name:?}");
        return call.never(sandbox, reason).await;
    }
    let mut limits = Limits::default();
    spec::set_limits(&mut limits, &oci.Linux.Resources)?;
    let root = PathBuf::from(&oci.Root.Path);
    let mut program = spec::program(process, &root);
    if let [name, ..] = program.args.as_slice()
        && !call.agent.options.run_processes
        && program.path().is_none()
        && !name.contains('/')
    {
        return Err(internal(LaunchError::NotFound(name.clone())));
    }
    call.agent.look_for(&mut program).map_err(internal)?;
    let process = call.agent.options.launcher().create(program);
    let process = process.map_err(internal)?;
    let shares_namespace = request.sandbox_pidns && sandbox.has_process_namespace;
    sandbox.has_process_namespace = true;
    let last_words = spec::last_words(oci);
    let mut container = Container::new(id, process, root, limits, last_words, shares_namespace);
    container.has_pid_namespace = spec::has_pid_namespace(oci);
    container.has_proc = spec::has_proc(oci);
    sandbox.containers.insert(id, container);
    done()
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
/// before, the agent waits for a process that is not there; without `/proc`, for one
/// that cannot begin.
pub(crate) async fn start(call: Call<'_>, request: StartContainerRequest) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let container = sandbox.containers.find(&request.container_id);
    let container = container.map_err(by_text)?;
    if !container.can_start() {
        let reason = "the container's process was started before, or has ended";
        return call.never(sandbox, reason).await;
    }
    if !container.has_proc {
        return call.never(sandbox, "nothing is mounted on /proc").await;
    }
    container.start().map_err(internal)?;
    done()
}

/// Stops a container that was not paused, started or not.
pub(crate) async fn pause(call: Call<'_>, request: PauseContainerRequest) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let container = container(&mut sandbox, &request.container_id)?;
    if container.status() == Status::Paused {
        return Err(internal(
            "failed to pause container: current status is: Paused",
        ));
    }
    container.pause();
    done()
}

/// Lets a paused container go on.
pub(crate) async fn resume(
    call: Call<'_>,
    request: ResumeContainerRequest,
) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let container = container(&mut sandbox, &request.container_id)?;
    match container.status() {
        Status::Paused => container.resume(),
        status => {
            let reason = format!("container status is: {status:?}, not paused");
            return Err(internal(reason));
        }
    }
    done()
}

/// Sets what a container may use.
pub(crate) async fn update(
    call: Call<'_>,
    request: UpdateContainerRequest,
) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let container = container(&mut sandbox, &request.container_id)?;
    spec::set_limits(&mut container.limits, &request.resources)?;
    done()
}

/// Kills what runs in a container and forgets it. That takes no time, so a
/// timeout is never reached.
pub(crate) async fn remove(
    call: Call<'_>,
    request: RemoveContainerRequest,
) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let removed = sandbox.containers.remove(&request.container_id);
    removed.map_err(by_text)?;
    done()
}
