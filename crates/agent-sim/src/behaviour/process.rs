//! Processes of a container: executed, signalled, waited for.

use nix::libc;

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::lookup::{by_status, by_text, container_id, exec_id, task, task_of_call};
use super::{Answer, Context, Outcome, Row, spec};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/ExecProcess", exec_process),
    ("grpc.AgentService/SignalProcess", signal_process),
    ("grpc.AgentService/WaitProcess", wait_process),
];

/// Runs a program in a container, started or not. In a paused one it waits.
fn exec_process(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let process = fields::message(request, "process")
        .ok_or_else(|| internal("Unable to parse process from ExecProcessRequest"))?;
    let found = context.state.containers.find(container_id(request));
    let container = found.map_err(by_text)?;
    let exec_id = exec_id(request);
    if container.has(exec_id) {
        let reason = format!("exec_id '{exec_id}' already exists");
        return Err(internal(reason));
    }
    if !container.takes_processes() {
        return Err(internal("failed to fork temporary process: ENOMEM"));
    }
    if container.is_frozen() {
        return Ok(Outcome::Later(container.change()));
    }
    if container.has_pid_namespace {
        return Err(internal("failed to join pidns"));
    }
    let mut program = spec::program(process, &container.root);
    if program.args.is_empty() {
        program.args.push("sh".to_owned());
    }
    let process = context.launcher.create(program).map_err(internal)?;
    container.execute(exec_id, process).map_err(internal)?;
    Ok(Outcome::Done)
}

/// Sends a signal. An empty ID means a container's first process, and for
/// SIGKILL all of them.
fn signal_process(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let number = fields::integer(request, "signal");
    let signal = i32::try_from(number).unwrap_or(-1);
    if signal == libc::SIGKILL && exec_id(request).is_empty() {
        let id = container_id(request);
        let found = context.state.containers.find(id);
        let container = found.map_err(|missing| internal(format!("{missing} {id}")))?;
        container.kill();
        return Ok(Outcome::Done);
    }
    let task = task(context, request).map_err(by_status)?;
    if !(0..=LAST_SIGNAL).contains(&signal) && task.status().is_none() {
        return Err(spec::no_value());
    }
    task.signal(signal);
    Ok(Outcome::Done)
}

/// The last of the real-time signals, see signal(7).
const LAST_SIGNAL: i32 = 64;

/// Tells the exit status of a process once it has ended, to all who wait, and
/// forgets the process and its streams.
fn wait_process(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let task = task_of_call(context, request, by_status)?;
    let wait = task.end();
    let Some(status) = task.status() else {
        return Ok(Outcome::Later(wait));
    };
    let found = context.state.containers.find(container_id(request));
    found.map_err(by_text)?.forget(&task);
    fields::set_integer(response, "status", status);
    Ok(Outcome::Done)
}
