//! What the agent knows and remembers: plain values, one file per area, that
//! behaviour reads and changes.

mod container;
mod containers;
pub(super) mod files;
pub(super) mod network;
mod oom;
mod task;

use self::containers::Containers;
use self::files::Files;
use self::network::Network;
use self::oom::OomEvents;
use super::options::GuestOptions;

pub(super) use container::{Container, Limits, Status};
pub(super) use containers::Missing;
pub(super) use task::Stream;

/// What the agent has one lock for: one call at a time has it.
#[derive(Debug, Default)]
pub(super) struct Sandbox {
    /// Its containers.
    pub(super) containers: Containers,
    /// Interfaces and routes.
    pub(super) network: Network,
    /// Containers that were short of memory, until somebody is told.
    pub(super) oom: OomEvents,
    /// Whether it was created. Containers can be made before that too.
    pub(super) is_set_up: bool,
    /// Whether there is a process namespace that containers may share: that of
    /// the first container there was.
    pub(super) has_process_namespace: bool,
}

/// The guest around the sandbox.
#[derive(Debug)]
pub(super) struct Guest {
    /// What was copied into it.
    pub(super) files: Files,
    /// The IP tables of IPv4, as they were set.
    pub(super) ip_tables: Vec<u8>,
    /// Those of IPv6.
    pub(super) ip6_tables: Vec<u8>,
}

impl Guest {
    /// A guest that has just been started.
    pub(super) fn new(options: &GuestOptions) -> Guest {
        Guest {
            files: Files::new(options.root.as_ref()),
            ip_tables: Vec::new(),
            ip6_tables: Vec::new(),
        }
    }
}
