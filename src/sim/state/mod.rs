//! What the agent knows and remembers: plain values, one file per area, that
//! behaviour reads and changes. It knows no message and no ttRPC.

pub(super) mod clock;
pub(super) mod files;
pub(super) mod ip_tables;
pub(super) mod memory_agent;
pub(super) mod network;
pub(super) mod policy;
pub(super) mod swap;

use self::clock::Clock;
use self::files::Files;
use self::ip_tables::IpTables;
use self::memory_agent::Settings;
use self::network::Network;
use self::policy::Policy;
use self::swap::Swap;
use super::options::GuestOptions;

/// The whole of it. Calls change it one at a time.
#[derive(Debug)]
pub(super) struct State {
    /// The guest's date and time.
    pub(super) clock: Clock,
    /// How the memory agent looks for cold memory.
    pub(super) cold_memory: Settings,
    /// How it compacts memory.
    pub(super) compaction: Settings,
    /// What was copied into the guest.
    pub(super) files: Files,
    /// The IP tables of IPv4.
    pub(super) ip_tables: IpTables,
    /// Those of IPv6.
    pub(super) ip6_tables: IpTables,
    /// Interfaces, routes and neighbours.
    pub(super) network: Network,
    /// What requests are held to.
    pub(super) policy: Policy,
    /// What the guest swaps to.
    pub(super) swap: Swap,
}

impl State {
    /// What an agent knows that has just started.
    pub(super) fn new(options: &GuestOptions) -> State {
        State {
            clock: Clock::default(),
            cold_memory: Settings::of_cold_memory(),
            compaction: Settings::of_compaction(),
            files: Files::new(options.root.as_ref()),
            ip_tables: IpTables::default(),
            ip6_tables: IpTables::default(),
            network: Network::default(),
            policy: Policy::allow_all(),
            swap: Swap::default(),
        }
    }
}
