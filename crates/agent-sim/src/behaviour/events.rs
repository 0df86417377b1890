//! Events that callers wait for.

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/GetOOMEvent", get_oom_event)];

/// Tells one caller of each container that was short of memory, and fails when
/// the agent ends first.
fn get_oom_event(context: &mut Context<'_>, _: &dyn Reflect, response: &mut dyn Reflect) -> Answer {
    let generation = context.state.generation();
    if *context.progress.generation.get_or_insert(generation) != generation {
        return Err(internal("\"\""));
    }
    match context.state.oom.take() {
        Ok(container_id) => {
            fields::set_string(response, "container_id", &container_id);
            Ok(Outcome::Done)
        }
        Err(wait) => Ok(Outcome::Later(wait)),
    }
}
