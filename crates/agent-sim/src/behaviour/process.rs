//! Processes of a container: executed, signalled, waited for.

use nix::libc;

use crate::call::Call;
use crate::protos::agent::{
    ExecProcessRequest, SignalProcessRequest, WaitProcessRequest, WaitProcessResponse,
};
use crate::protos::empty::Empty;
use crate::refusal::internal;

use super::lookup::{by_status, by_text};
use super::{done, spec};

/// Runs a program in a container, started or not. In a paused one it waits for
/// what would have to run.
pub(crate) async fn exec(call: Call<'_>, request: ExecProcessRequest) -> ttrpc::Result<Empty> {
    let process = request.process.as_ref();
    let process =
        process.ok_or_else(|| internal("Unable to parse process from ExecProcessRequest"))?;
    let mut sandbox = call.sandbox().await;
    let container = sandbox.containers.find(&request.container_id);
    let container = container.map_err(by_text)?;
    let exec_id = &request.exec_id;
    if container.has(exec_id) {
        let reason = format!("exec_id '{exec_id}' already exists");
        return Err(internal(reason));
    }
    if !container.takes_processes() {
        return Err(internal("failed to fork temporary process: ENOMEM"));
    }
    if container.is_frozen() {
        return call.never(sandbox, "the container is paused").await;
    }
    if container.has_pid_namespace {
        return Err(internal("failed to join pidns"));
    }
    let mut program = spec::program(process, &container.root);
    if program.args.is_empty() {
        program.args.push("sh".to_owned());
    }
    call.agent.look_for(&mut program).map_err(internal)?;
    let process = call.agent.options.launcher().create(program);
    let process = process.map_err(internal)?;
    container.execute(exec_id, process).map_err(internal)?;
    done()
}

/// Sends a signal. An empty ID means a container's first process, and for
/// SIGKILL all of them.
pub(crate) async fn signal(call: Call<'_>, request: SignalProcessRequest) -> ttrpc::Result<Empty> {
    let signal = i32::try_from(request.signal).unwrap_or(-1);
    let mut sandbox = call.sandbox().await;
    let id = &request.container_id;
    if signal == libc::SIGKILL && request.exec_id.is_empty() {
        let found = sandbox.containers.find(id);
        let container = found.map_err(|missing| internal(format!("{missing} {id}")))?;
        container.kill();
        return done();
    }
    let task = sandbox.containers.find_task(id, &request.exec_id);
    let task = task.map_err(by_status)?;
    if !(0..=LAST_SIGNAL).contains(&signal) && task.status().is_none() {
        return Err(spec::no_value());
    }
    task.signal(signal);
    done()
}

/// The last of the real-time signals, see signal(7).
const LAST_SIGNAL: i32 = 64;

/// Tells the exit status of a process once it has ended, to all who wait, and
/// forgets the process and its streams.
pub(crate) async fn wait(
    call: Call<'_>,
    request: WaitProcessRequest,
) -> ttrpc::Result<WaitProcessResponse> {
    let id = &request.container_id;
    let found = call
        .sandbox()
        .await
        .containers
        .find_task(id, &request.exec_id);
    let task = found.map_err(by_status)?;
    let status = task.ended().await;
    let mut sandbox = call.sandbox().await;
    sandbox.containers.find(id).map_err(by_text)?.forget(&task);
    let mut response = WaitProcessResponse::new();
    response.status = status;
    Ok(response)
}
