//! The memory agent's settings, where there is a memory agent.

use crate::fields;
use crate::options::Feature;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/MemAgentMemcgSet", set_cold_memory),
    ("grpc.AgentService/MemAgentCompactSet", set_compaction),
];

/// Changes how cold memory is looked for.
fn set_cold_memory(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    need_agent(context)?;
    let settings = &mut context.state.cold_memory;
    settings.change(|name| fields::given(request, name));
    Ok(Outcome::Done)
}

/// Changes how memory is compacted.
fn set_compaction(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    need_agent(context)?;
    let settings = &mut context.state.compaction;
    settings.change(|name| fields::given(request, name));
    Ok(Outcome::Done)
}

fn need_agent(context: &Context<'_>) -> ttrpc::Result<()> {
    match context.options.has(Feature::MemoryAgent) {
        true => Ok(()),
        false => Err(internal("mem-agent is disabled")),
    }
}
