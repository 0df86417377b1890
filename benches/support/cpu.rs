//! Which CPU a thread runs on.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Where client and server run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    pub name: &'static str,
    pub client: usize,
    pub server: usize,
    /// For what is not measured, such as the reader of the tool's output.
    pub other: usize,
}

/// Both on one CPU and, where there are two, on one each.
pub(crate) fn placements() -> io::Result<Vec<Placement>> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut cpus = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let first = cpus.next().unwrap_or(0);
    let second = cpus.next().unwrap_or(first);
    let mut placements = vec![Placement {
        name: "client and server on the same CPU",
        client: first,
        server: first,
        other: second,
    }];
    if second != first {
        placements.push(Placement {
            name: "client and server on a CPU each",
            client: first,
            server: second,
            other: second,
        });
    }
    Ok(placements)
}

/// Keeps the calling thread, and what it starts from now on, on one CPU.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}
