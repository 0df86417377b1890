//! Finding what a request names, and the different ways in which the agent says
//! that it is not there.

use std::sync::Arc;

use ttrpc::Error;

use super::Context;
use crate::fields;
use crate::refusal::{internal, invalid, not_found};
use crate::state::{Container, Missing, Task};
use agent_schema::Reflect;

/// The ID of the container that a request is about.
pub(super) fn container_id(request: &dyn Reflect) -> &str {
    fields::string(request, "container_id")
}

/// The ID of the process that a request is about.
pub(super) fn exec_id(request: &dyn Reflect) -> &str {
    fields::string(request, "exec_id")
}

/// The container that a request is about.
///
/// # Errors
/// `INVALID_ARGUMENT`, with quotes in its message.
pub(super) fn container<'a>(
    context: &'a mut Context<'_>,
    request: &dyn Reflect,
) -> ttrpc::Result<&'a mut Container> {
    let found = context.state.containers.find(container_id(request));
    found.map_err(|_| invalid("\"invalid container id\""))
}

/// The process that a request is about.
///
/// # Errors
/// What is missing.
pub(super) fn task(context: &mut Context<'_>, request: &dyn Reflect) -> Result<Arc<Task>, Missing> {
    let containers = &mut context.state.containers;
    containers.find_task(container_id(request), exec_id(request))
}

/// The process that a call was about when it was made, however long it has
/// waited since.
///
/// # Errors
/// What was missing then, as `refuse` says it.
pub(super) fn task_of_call(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    refuse: fn(Missing) -> Error,
) -> ttrpc::Result<Arc<Task>> {
    if let Some(task) = &context.progress.task {
        return Ok(Arc::clone(task));
    }
    let task = task(context, request).map_err(refuse)?;
    context.progress.task = Some(Arc::clone(&task));
    Ok(task)
}

/// Says what is missing by a status of its own and the name of the mistake.
pub(super) fn by_status(missing: Missing) -> Error {
    match missing {
        Missing::Container => invalid("InvalidContainerId"),
        Missing::First => not_found("InitProcessNotFound"),
        Missing::Process => not_found("InvalidExecId"),
    }
}

/// Says what is missing as any other mistake within the agent.
pub(super) fn by_text(missing: Missing) -> Error {
    internal(missing)
}
