//! How much memory a program had at its end, and at most. The kernel tells the
//! largest size of a child together with that of its parent before `exec`, so
//! the program is stopped as it exits, and looked at there.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// A program's memory, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Resident at most, pages of files included.
    pub peak: u64,
    /// Of files, shared with all who have them mapped, at the end.
    pub of_files: u64,
    /// Its own, at the end.
    pub own: u64,
}

/// Runs a program to its end.
pub(crate) fn of(command: &mut Command) -> io::Result<Memory> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: the call is async-signal-safe and allocates nothing.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
    let child = command.spawn()?;
    let id = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let mut memory = Memory::default();
    // It stops at its `exec`.
    waitpid(id, None)?;
    ptrace::setoptions(id, ptrace::Options::PTRACE_O_TRACEEXIT)?;
    let mut signal = None;
    loop {
        ptrace::cont(id, signal)?;
        signal = match waitpid(id, None)? {
            WaitStatus::PtraceEvent(..) => {
                memory = look(id)?;
                None
            }
            WaitStatus::Stopped(_, signal) => Some(signal).filter(|it| *it != Signal::SIGTRAP),
            WaitStatus::Exited(_, 0) => return Ok(memory),
            other => return Err(io::Error::other(format!("ended with {other:?}"))),
        };
    }
}

fn look(id: Pid) -> io::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| {
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no {name} in the status")))
    };
    Ok(Memory {
        peak: field("VmHWM:")?,
        of_files: field("RssFile:")?,
        own: field("RssAnon:")?,
    })
}
