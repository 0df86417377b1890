//! The guest as such: what the agent tells of it, its clock and its random numbers.

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use crate::call::Call;
use crate::protos::agent::{
    AgentDetails, GetMetricsRequest, GuestDetailsRequest, GuestDetailsResponse, Metrics,
    ReseedRandomDevRequest, SetGuestDateTimeRequest,
};
use crate::protos::empty::Empty;
use crate::refusal::internal;

use super::metrics::METRICS;
use super::storages::STORAGE_DRIVERS;
use super::{AGENT_VERSION, done};

/// The unit, in bytes, in which memory is plugged in.
const MEMORY_BLOCK: u64 = 128 << 20;

/// Tells of a guest without memory probes, what was asked for, of the agent that is
/// imitated and of the features that it was built with.
pub(crate) async fn details(
    call: Call<'_>,
    request: GuestDetailsRequest,
) -> ttrpc::Result<GuestDetailsResponse> {
    let mut response = GuestDetailsResponse::new();
    if request.mem_block_size {
        response.mem_block_size_bytes = MEMORY_BLOCK;
    }
    let mut details = AgentDetails::new();
    details.version = AGENT_VERSION.to_owned();
    details.supports_seccomp = true;
    details.storage_handlers = STORAGE_DRIVERS.map(str::to_owned).to_vec();
    if call.agent.has_policy() {
        details.extra_features.push("agent-policy".to_owned());
    }
    details.extra_features.push("seccomp".to_owned());
    response.agent_details = Some(details).into();
    Ok(response)
}

/// Tells a fixed sample.
pub(crate) async fn metrics(_: Call<'_>, _: GetMetricsRequest) -> ttrpc::Result<Metrics> {
    let mut response = Metrics::new();
    response.metrics = METRICS.to_owned();
    Ok(response)
}

/// The latest second since 1970 that Linux sets its clock to: 30 years before
/// its clock of 64-bit nanoseconds ends.
const LAST: i64 = 9_223_372_036 - 30 * 365 * 24 * 3600;

/// Refuses what settimeofday(2) refuses: microseconds that are none, a time beyond
/// what the kernel counts, and one before the machine started counting from 1970
/// on. No call tells the guest's time, and this machine's clock is never set.
pub(crate) async fn set_date_time(
    _: Call<'_>,
    request: SetGuestDateTimeRequest,
) -> ttrpc::Result<Empty> {
    let uptime = clock_gettime(ClockId::CLOCK_MONOTONIC).map_err(internal)?;
    let seconds = uptime.tv_sec()..LAST;
    if !(0..1_000_000).contains(&request.Usec) || !seconds.contains(&request.Sec) {
        // Its name and its text, as the agent's library tells an error number.
        return Err(internal(Errno::EINVAL));
    }
    done()
}

/// Takes entropy, and has no use for it: the simulation draws no random numbers.
pub(crate) async fn reseed(_: Call<'_>, request: ReseedRandomDevRequest) -> ttrpc::Result<Empty> {
    if request.data.is_empty() {
        return Err(internal("missing entropy data"));
    }
    done()
}
