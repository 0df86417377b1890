//! What the agent tells about its guest. The guest of the simulated agent is
//! the machine it runs on.

use crate::fields;
use crate::options::Feature;
use agent_schema::Reflect;

use super::storages::STORAGE_DRIVERS;
use super::{AGENT_VERSION, Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/GetGuestDetails", get_guest_details)];

/// Tells of this machine, what was asked for, of the agent that is imitated and
/// of the features that it was built with.
fn get_guest_details(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let host = context.host;
    if fields::is_true(request, "mem_block_size")
        && let Some(bytes) = host.memory_block_size()
    {
        fields::set_integer(response, "mem_block_size_bytes", bytes);
    }
    if fields::is_true(request, "mem_hotplug_probe") {
        fields::set_bool(
            response,
            "support_mem_hotplug_probe",
            host.has_memory_probe(),
        );
    }
    if let Some(agent) = fields::message_mut(response, "agent_details") {
        fields::set_string(agent, "version", AGENT_VERSION);
        fields::set_bool(agent, "init_daemon", host.is_init());
        fields::set_bool(agent, "supports_seccomp", host.supports_seccomp());
        for kind in STORAGE_DRIVERS {
            fields::push_string(agent, "storage_handlers", kind);
        }
        if context.options.has(Feature::Policy) {
            fields::push_string(agent, "extra_features", "agent-policy");
        }
        fields::push_string(agent, "extra_features", "seccomp");
    }
    Ok(Outcome::Done)
}
