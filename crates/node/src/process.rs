//! A process that a state file records, and whether it is still the one that was meant.

use std::io;

use crate::host::Host;

/// How much of a sandbox's ID a hypervisor's arguments have: some names are cut.
const TELLING: usize = 12;

/// A sandbox's hypervisor; with Dragonball its shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Whether it runs; `None` if that cannot be told, as the host's processes cannot be seen.
    pub is_alive: Option<bool>,
}

impl Process {
    /// The process of this number, if it is that of this sandbox. Numbers are used again, so
    /// another process that has it now does not count.
    pub(crate) fn of(host: &Host, id: u32, sandbox: &str) -> Self {
        let telling = sandbox.get(..TELLING).unwrap_or(sandbox);
        let is_alive = match arguments(host, id) {
            Ok(arguments) => Some(arguments.contains(telling)),
            // The first process is always there, unless those of others are hidden.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                arguments(host, 1).is_ok().then_some(false)
            }
            Err(_) => None,
        };
        Self { id, is_alive }
    }
}

/// The arguments of a process, separated by NUL bytes.
///
/// # Errors
/// When it does not run, or cannot be seen.
pub(crate) fn arguments(host: &Host, id: u32) -> io::Result<String> {
    let content = host.read(&host.path(format!("proc/{id}/cmdline")))?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}
