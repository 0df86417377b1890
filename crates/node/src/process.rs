//! A process that a state file records, and whether it is still the one that was meant.

use crate::host::Host;

/// How much of a sandbox's ID a hypervisor's arguments have: some names are cut.
const TELLING: usize = 12;

/// A sandbox's hypervisor; with Dragonball its shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Whether it runs.
    pub is_alive: bool,
}

impl Process {
    /// The process of this number, if it is that of this sandbox. Numbers are used again, so
    /// another process that has it now does not count.
    pub(crate) fn of(host: &Host, id: u32, sandbox: &str) -> Self {
        let arguments = arguments(host, id);
        let telling = sandbox.get(..TELLING).unwrap_or(sandbox);
        let is_alive = arguments.is_some_and(|arguments| arguments.contains(telling));
        Self { id, is_alive }
    }
}

/// The arguments of a process, separated by NUL bytes; `None` if it does not run.
pub(crate) fn arguments(host: &Host, id: u32) -> Option<String> {
    let content = host.read(&host.path(format!("proc/{id}/cmdline"))).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}
