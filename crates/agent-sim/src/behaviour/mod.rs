//! What the agent does for each RPC: one file per area, with a function per RPC
//! that is given the typed request and waits where the agent waits. They know no
//! sockets and no ttRPC frames.

pub(super) mod container;
pub(super) mod diagnostics;
pub(super) mod events;
pub(super) mod files;
pub(super) mod guest;
pub(super) mod health;
pub(super) mod ip_tables;
mod lookup;
pub(super) mod memory;
mod metrics;
pub(super) mod mounts;
pub(super) mod network;
mod pci;
pub(super) mod policy;
pub(super) mod process;
pub(super) mod sandbox;
mod spec;
pub(super) mod stats;
pub(super) mod stdio;
mod storages;
pub(super) mod volumes;

use super::protos::empty::Empty;

/// The version of the agent that is imitated, which it gives itself.
const AGENT_VERSION: &str = "4.1.0";

/// The answer of most calls.
fn done() -> ttrpc::Result<Empty> {
    Ok(Empty::new())
}
