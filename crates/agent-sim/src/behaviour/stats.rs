//! What a container uses. Its cgroup is made up: processes and limits are what
//! they are, CPU time is the time that its processes ran, as if each had a CPU
//! to itself, and each process counts as one page of memory. Nothing else is
//! counted: there is no cache, no swap and no input or output.

use crate::fields;
use crate::state::Container;
use agent_schema::Reflect;

use super::lookup::container;
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/StatsContainer", stats_container)];

/// The size of a page of memory.
const PAGE: u64 = 4096;

/// What the kernel tells where memory is not limited.
const UNLIMITED: u64 = i64::MAX as u64 / PAGE * PAGE;

/// Tells what a container uses. As from the real agent, nothing of networks.
fn stats_container(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let container = container(context, request)?;
    let Some(stats) = fields::message_mut(response, "cgroup_stats") else {
        return Ok(Outcome::Done);
    };
    if let Some(cpu) = fields::message_mut(stats, "cpu_stats") {
        cpu_stats(container, cpu);
    }
    if let Some(memory) = fields::message_mut(stats, "memory_stats") {
        memory_stats(container, memory);
    }
    if let Some(pids) = fields::message_mut(stats, "pids_stats") {
        fields::set_integer(pids, "current", container.processes() as u64);
    }
    fields::message_mut(stats, "blkio_stats");
    Ok(Outcome::Done)
}

fn cpu_stats(container: &Container, stats: &mut dyn Reflect) {
    let time = u64::try_from(container.time().as_nanos()).unwrap_or(u64::MAX);
    if let Some(usage) = fields::message_mut(stats, "cpu_usage") {
        fields::set_integer(usage, "total_usage", time);
        fields::set_integer(usage, "usage_in_usermode", time);
    }
    fields::message_mut(stats, "throttling_data");
}

fn memory_stats(container: &Container, stats: &mut dyn Reflect) {
    let used = container.processes() as u64 * PAGE;
    let most = container.most_processes() as u64 * PAGE;
    // The kernel counts in pages.
    let limit = |limit: Option<u64>| limit.map_or(UNLIMITED, |bytes| bytes / PAGE * PAGE);
    let memory_limit = limit(container.limits.memory);
    let swap_limit = limit(container.limits.memory_and_swap);
    for (name, used, most, limit) in [
        ("usage", used, most, memory_limit),
        ("swap_usage", used, most, swap_limit),
        ("kernel_usage", 0, 0, UNLIMITED),
    ] {
        if let Some(data) = fields::message_mut(stats, name) {
            fields::set_integer(data, "usage", used);
            fields::set_integer(data, "max_usage", most);
            fields::set_integer(data, "limit", limit);
        }
    }
    fields::set_bool(stats, "use_hierarchy", true);
    for (key, value) in [
        ("cache", 0),
        ("hierarchical_memory_limit", memory_limit),
        ("hierarchical_memsw_limit", swap_limit),
        ("rss", used),
    ] {
        fields::set_entry(stats, "stats", key, value);
    }
}
