//! What the agent does for each RPC: one file per area, with one row per RPC,
//! by service and method. Messages are reached through [`fields`](super::fields) only, so a row
//! compiles and runs whether or not the proto has its RPC and fields. Rows know
//! no sockets and no ttRPC frames.

mod container;
mod diagnostics;
mod events;
mod files;
mod guest;
mod health;
mod ip_tables;
mod lookup;
mod memory;
mod memory_agent;
mod metrics;
mod mounts;
mod network;
mod pci;
mod policy;
mod process;
mod progress;
mod sandbox;
mod spec;
mod stats;
mod stdio;
mod storages;
mod time;
mod volumes;
mod wording;

use agent_schema::{Reflect, Rpc};

use super::change::Wait;
use super::host::Host;
use super::options::GuestOptions;
use super::process::Launcher;
use super::state::State;

pub(super) use policy::permit;
pub(super) use progress::Progress;

/// What a row may look at and change beside the messages.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The machine that the agent runs on.
    pub(super) host: &'a Host,
    /// What the guest is like.
    pub(super) options: &'a GuestOptions,
    /// What the agent remembers. No other call sees it before the row returns.
    pub(super) state: &'a mut State,
    /// How processes are run.
    pub(super) launcher: Launcher,
    /// What this call has got done before it had to wait.
    pub(super) progress: &'a mut Progress,
}

/// What became of a call that was not refused.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The response is filled.
    Done,
    /// It is too early: the row is to be run again, from the start and with an
    /// empty response, after the wait.
    Later(Wait),
}

/// Fills the response, which comes empty, or refuses the request. A row never
/// blocks, and has changed nothing when it says [`Outcome::Later`], but for what
/// it notes in [`Progress`].
pub(super) type Behaviour =
    fn(&mut Context<'_>, request: &dyn Reflect, response: &mut dyn Reflect) -> Answer;

/// What a row returns.
pub(super) type Answer = ttrpc::Result<Outcome>;

/// An RPC as `service/method`, and what the agent does for it.
type Row = (&'static str, Behaviour);

/// The RPCs that do more than answer an empty response.
const TABLES: &[&[Row]] = &[
    container::ROWS,
    diagnostics::ROWS,
    events::ROWS,
    files::ROWS,
    guest::ROWS,
    health::ROWS,
    ip_tables::ROWS,
    memory::ROWS,
    memory_agent::ROWS,
    metrics::ROWS,
    mounts::ROWS,
    network::ROWS,
    policy::ROWS,
    process::ROWS,
    sandbox::ROWS,
    stats::ROWS,
    stdio::ROWS,
    time::ROWS,
    volumes::ROWS,
];

/// The version of the agent that is imitated, which it gives itself.
pub(super) const AGENT_VERSION: &str = "4.1.0";

/// The behaviour of an RPC. `None` if its answer is empty.
pub(super) fn find(rpc: &Rpc) -> Option<Behaviour> {
    let mut rows = TABLES.iter().copied().flatten();
    let (_, behaviour) = rows.find(|(name, _)| is(rpc, name))?;
    Some(*behaviour)
}

/// Whether an RPC is the one with this name, `service/method`.
pub(super) fn is(rpc: &Rpc, name: &str) -> bool {
    name.split_once('/') == Some((rpc.service, rpc.name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_rpc_has_one_row() {
        let names = || TABLES.iter().copied().flatten().map(|(name, _)| *name);
        assert_eq!(names().collect::<BTreeSet<_>>().len(), names().count());
        assert!(names().all(|name| name.starts_with("grpc.") && name.contains('/')));
    }
}
