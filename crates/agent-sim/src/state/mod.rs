//! What the agent knows and remembers: plain values, one file per area, that
//! behaviour reads and changes. It knows no message and no ttRPC.

pub(super) mod clock;
mod container;
mod containers;
pub(super) mod files;
pub(super) mod ip_tables;
mod limits;
pub(super) mod memory_agent;
pub(super) mod network;
mod oom;
pub(super) mod policy;
mod sandbox;
mod stopwatch;
pub(super) mod swap;
mod task;
mod turns;

use self::clock::Clock;
use self::containers::Containers;
use self::files::Files;
use self::ip_tables::IpTables;
use self::memory_agent::Settings;
use self::network::Network;
use self::oom::OomEvents;
use self::policy::Policy;
use self::sandbox::Sandbox;
use self::swap::Swap;
use super::options::GuestOptions;

pub(super) use container::{Container, Status};
pub(super) use containers::Missing;
pub(super) use limits::Limits;
pub(super) use task::{Stream, Task};
pub(super) use turns::Turn;

/// The whole of it. Calls change it one at a time.
#[derive(Debug)]
pub(super) struct State {
    /// The guest's date and time.
    pub(super) clock: Clock,
    /// How the memory agent looks for cold memory.
    pub(super) cold_memory: Settings,
    /// How it compacts memory.
    pub(super) compaction: Settings,
    /// The containers in the sandbox.
    pub(super) containers: Containers,
    /// What was copied into the guest.
    pub(super) files: Files,
    /// The IP tables of IPv4.
    pub(super) ip_tables: IpTables,
    /// Those of IPv6.
    pub(super) ip6_tables: IpTables,
    /// Interfaces, routes and neighbours.
    pub(super) network: Network,
    /// Containers that were short of memory, until somebody is told.
    pub(super) oom: OomEvents,
    /// What requests are held to.
    pub(super) policy: Policy,
    /// The sandbox, which is there before it is created.
    pub(super) sandbox: Sandbox,
    /// What the guest swaps to.
    pub(super) swap: Swap,
    /// How often the metrics were asked for.
    pub(super) scrapes: u64,
    generation: u64,
}

impl State {
    /// What an agent knows that has just started.
    pub(super) fn new(options: &GuestOptions) -> State {
        State {
            clock: Clock::default(),
            cold_memory: Settings::of_cold_memory(),
            compaction: Settings::of_compaction(),
            containers: Containers::default(),
            files: Files::new(options.root.as_ref()),
            ip_tables: IpTables::default(),
            ip6_tables: IpTables::default(),
            network: Network::default(),
            oom: OomEvents::default(),
            policy: Policy::allow_all(),
            sandbox: Sandbox::default(),
            scrapes: 0,
            swap: Swap::default(),
            generation: 0,
        }
    }

    /// Ends all processes and forgets everything: what DestroySandbox does, as
    /// the agent then exits and a new one takes its place.
    pub(crate) fn restart(&mut self, options: &GuestOptions) {
        self.containers.clear();
        *self = State {
            generation: self.generation + 1,
            ..State::new(options)
        };
    }

    /// How often the agent has been restarted: a call that has waited since
    /// before was made to an agent that is gone.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }
}
