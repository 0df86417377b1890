//! The guest's memory and CPUs: what is plugged in, what it swaps to, and the
//! memory agent, where there is one.

use std::path::Path;

use nix::errno::Errno;

use crate::call::Call;
use crate::options::Feature;
use crate::protos::agent::{
    AddSwapPathRequest, AddSwapRequest, MemAgentCompactConfig, MemAgentMemcgConfig,
    MemHotplugByProbeRequest, OnlineCPUMemRequest,
};
use crate::protos::empty::Empty;
use crate::refusal::{internal, system};

use super::done;
use super::pci::LAST_SLOT;

/// Swaps to a device by its place on the PCI bus. It is there: whoever asks has
/// plugged it in.
pub(crate) async fn add_swap(_: Call<'_>, request: AddSwapRequest) -> ttrpc::Result<Empty> {
    let is_beyond = |slot: &&u32| **slot > LAST_SLOT.into();
    if let Some(slot) = request.PCIPath.iter().find(is_beyond) {
        return Err(internal(format!(
            "PCI slot {slot} should be in range [0..{LAST_SLOT:#x}]"
        )));
    }
    if request.PCIPath.is_empty() {
        return Err(internal("PCI path must have at least one element"));
    }
    done()
}

/// Swaps to a file, which must be there.
pub(crate) async fn add_swap_path(
    call: Call<'_>,
    request: AddSwapPathRequest,
) -> ttrpc::Result<Empty> {
    let read = match request.path.as_str() {
        "" => Err(Errno::ENOENT),
        path => call.agent.guest().files.read(Path::new(path), 0),
    };
    read.map_err(|error| internal(format!("libc::swapon get error {}", system(error))))?;
    done()
}

/// Brings CPUs and memory into use. As many as are asked for are there:
/// whoever asks has plugged them in.
pub(crate) async fn bring_online(call: Call<'_>, _: OnlineCPUMemRequest) -> ttrpc::Result<Empty> {
    drop(call.sandbox().await);
    done()
}

/// Looks for memory at addresses, which the guest's kernel cannot be told to.
pub(crate) async fn probe(_: Call<'_>, request: MemHotplugByProbeRequest) -> ttrpc::Result<Empty> {
    if !request.memHotplugProbeAddr.is_empty() {
        return Err(internal(system(Errno::ENOENT)));
    }
    done()
}

/// Changes how cold memory is looked for.
pub(crate) async fn set_cold_memory(
    call: Call<'_>,
    _: MemAgentMemcgConfig,
) -> ttrpc::Result<Empty> {
    need_memory_agent(call)
}

/// Changes how memory is compacted.
pub(crate) async fn set_compaction(
    call: Call<'_>,
    _: MemAgentCompactConfig,
) -> ttrpc::Result<Empty> {
    need_memory_agent(call)
}

fn need_memory_agent(call: Call<'_>) -> ttrpc::Result<Empty> {
    match call.agent.options.has(Feature::MemoryAgent) {
        true => done(),
        false => Err(internal("mem-agent is disabled")),
    }
}
