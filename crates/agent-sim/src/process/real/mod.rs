//! Runs programs on this machine, each in a session of its own, and none of
//! them longer than the agent. What is shared with this machine is all of it:
//! there is no container around a program.

mod find;
mod pump;
mod spawn;
#[cfg(test)]
mod tests;
mod watch;

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{Child, ExitStatus};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::events::bit;
use super::{LaunchError, Program, Runner, SIGKILL};

use spawn::{Ends, Spawned, spawn};
use watch::Watch;

/// The status of a program that is not there any more when it starts.
const NOT_FOUND: i32 = 127;

/// Fails as starting the program would, as far as that is plain already.
pub(super) fn check(program: &Program) -> Result<(), LaunchError> {
    find::program(program).map(drop)
}

/// Starts a program.
pub(super) fn start(program: &Program, runner: Runner) -> Result<(), LaunchError> {
    let started = find::program(program).and_then(|file| match spawn(&file, program) {
        Ok(Spawned { child, ends }) => {
            let group = Group::of(&child);
            let watch = Watch::start(&child).map_err(LaunchError::Spawn)?;
            Ok((child, group, watch, ends))
        }
        Err(error) => Err(LaunchError::Spawn(error)),
    });
    match started {
        Ok((child, group, watch, ends)) => {
            runner.set_id(group.0.as_raw());
            tokio::spawn(supervise(child, group, watch, ends, runner));
            Ok(())
        }
        Err(LaunchError::Spawn(error)) if is_of_the_program(&error) => {
            // The real agent's child has told that it is ready when it finds out.
            runner.finish(error.raw_os_error().unwrap_or(libc::ENOEXEC));
            Ok(())
        }
        Err(error) => {
            runner.finish(NOT_FOUND);
            Err(error)
        }
    }
}

/// Whether it is the program that cannot be run, and not that nothing can.
fn is_of_the_program(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    errno.is_some_and(|errno| {
        use Errno::{E2BIG, EACCES, EISDIR, ELOOP, ENOENT, ENOEXEC, ENOTDIR, EPERM, ETXTBSY};
        [
            E2BIG, EACCES, EISDIR, ELOOP, ENOENT, ENOEXEC, ENOTDIR, EPERM, ETXTBSY,
        ]
        .contains(&errno)
    })
}

/// Whether a running program has a handler for a signal.
pub(super) fn handles(id: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.unwrap_or_default() & bit(signal) != 0
}

/// The processes that a program is and has started, but for those that went to
/// a session of their own. Dropping it kills them.
#[derive(Debug)]
struct Group(Pid);

impl Group {
    fn of(child: &Child) -> Group {
        // A number of a process fits: Linux has none above 2^22.
        Group(Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)))
    }

    /// To all of them.
    fn signal(&self, signal: Signal) {
        // An error means that none is left.
        let _ = killpg(self.0, signal);
    }

    /// To the program alone, by the number of the signal.
    fn signal_first(&self, signal: i32) {
        // The signals of nix and of rustix do not have every number.
        // SAFETY: kill(2) takes any number, and touches no memory.
        unsafe { libc::kill(self.0.as_raw(), signal) };
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

async fn supervise(mut child: Child, group: Group, watch: Watch, ends: Ends, runner: Runner) {
    let process = runner.process.clone();
    let Ends {
        input,
        output,
        errors,
        terminal,
    } = ends;
    // What it has written can be read after its end, for as long as it is known.
    for (end, pipe) in [(output, process.stdout()), (errors, process.stderr())] {
        match end {
            Some(end) => drop(tokio::spawn(pump::fill(end, pipe.clone(), runner.gone()))),
            None => pipe.end(),
        }
    }
    drop(process);
    let stdin = runner.process.stdin().clone();
    let mut feeding = pin!(pump::drain(stdin, input));
    let mut feeds = true;
    // The status that it is to end with, where that was told.
    let mut told = None;
    loop {
        tokio::select! {
            biased;
            () = watch.ended() => break,
            happened = runner.event(u64::MAX) => {
                if happened.signals & bit(SIGKILL) != 0 || happened.exit.is_some() {
                    group.signal(Signal::SIGKILL);
                }
                told = happened.exit.or(told);
                match happened.frozen {
                    Some(true) => group.signal(Signal::SIGSTOP),
                    Some(false) => group.signal(Signal::SIGCONT),
                    None => {}
                }
                if let (Some(size), Some(terminal)) = (happened.size, &terminal) {
                    spawn::resize(terminal.get_ref(), size);
                }
                for signal in happened.numbers().filter(|signal| *signal != SIGKILL) {
                    group.signal_first(signal);
                }
            }
            () = &mut feeding, if feeds => {
                feeds = false;
                if terminal.is_some() {
                    // Nobody types any more: that is hanging up.
                    group.signal(Signal::SIGHUP);
                }
            }
        }
    }
    // Before its number is given back, the number is that of no other group.
    drop(group);
    let status = child.wait().map_or(128 + SIGKILL, status);
    runner.exit(told.unwrap_or(status));
}

fn status(status: ExitStatus) -> i32 {
    let of_signal = || status.signal().map(|signal| 128 + signal);
    status.code().or_else(of_signal).unwrap_or(128 + SIGKILL)
}

/// One end of a stream, without blocking.
type End = AsyncFd<OwnedFd>;

/// Lets the runtime tell when a descriptor is ready.
fn register(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // tokio asks for the promise that the compiler cannot check.
    // SAFETY: it owns the descriptor, which is open as long as it lives, and
    // gives out no way to change it for another one.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
