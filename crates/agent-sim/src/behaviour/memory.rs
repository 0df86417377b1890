//! The guest's memory and CPUs: what is plugged in, and what it swaps to.

use nix::errno::Errno;

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::pci::LAST_SLOT;
use super::wording::system;
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/AddSwap", add_swap),
    ("grpc.AgentService/AddSwapPath", add_swap_path),
    ("grpc.AgentService/OnlineCPUMem", online_cpu_mem),
    ("grpc.AgentService/MemHotplugByProbe", probe_memory),
];

/// Swaps to a device by its place on the PCI bus. It is there: whoever asks has
/// plugged it in.
fn add_swap(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let mut place = String::new();
    for slot in fields::integers(request, "PCIPath") {
        if slot > LAST_SLOT.into() {
            return Err(internal(format!(
                "PCI slot {slot} should be in range [0..{LAST_SLOT:#x}]"
            )));
        }
        let separator = if place.is_empty() { "pci " } else { "/" };
        place.push_str(&format!("{separator}{slot:02x}.0"));
    }
    if place.is_empty() {
        return Err(internal("PCI path must have at least one element"));
    }
    swapped(context.state.swap.add_device(place))
}

/// Swaps to a file.
fn add_swap_path(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let path = fields::string(request, "path");
    let state = &mut *context.state;
    swapped(state.swap.add_file(&state.files, path))
}

fn swapped(result: nix::Result<()>) -> Answer {
    let told = |error| internal(format!("libc::swapon get error {}", system(error)));
    result.map(|()| Outcome::Done).map_err(told)
}

/// Brings CPUs and memory into use. As many as are asked for are there:
/// whoever asks has plugged them in.
fn online_cpu_mem(_: &mut Context<'_>, _: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    Ok(Outcome::Done)
}

/// Looks for memory at addresses, where the kernel can be told to: the guest's
/// kernel is this machine's.
fn probe_memory(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let any = fields::integers(request, "memHotplugProbeAddr")
        .next()
        .is_some();
    if any && !context.host.has_memory_probe() {
        return Err(internal(system(Errno::ENOENT)));
    }
    Ok(Outcome::Done)
}
