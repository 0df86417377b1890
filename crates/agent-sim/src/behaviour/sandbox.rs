//! The sandbox: its creation, once, and its end, after which the agent is as new.

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::storages::check_storages;
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/CreateSandbox", create_sandbox),
    ("grpc.AgentService/DestroySandbox", destroy_sandbox),
];

/// Names the sandbox, and removes what was copied for one before. A second time
/// it fails, having done both.
fn create_sandbox(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    context.state.files.empty();
    let sandbox = &mut context.state.sandbox;
    fields::string(request, "hostname").clone_into(&mut sandbox.hostname);
    let id = fields::string(request, "sandbox_id");
    if !id.is_empty() {
        id.clone_into(&mut sandbox.id);
    }
    let mut modules = fields::messages(request, "kernel_modules");
    if modules.any(|module| fields::string(module, "name").is_empty()) {
        return Err(internal("Kernel module name is empty"));
    }
    if std::mem::replace(&mut sandbox.is_set_up, true) {
        return Err(internal("setup persistent IPC namespace"));
    }
    check_storages(request)?;
    Ok(Outcome::Done)
}

/// Ends all containers and forgets everything, whether there was a sandbox or not.
fn destroy_sandbox(context: &mut Context<'_>, _: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    context.state.restart(context.options);
    Ok(Outcome::Done)
}
