//! Starts a child with its streams, its session and its end tied to the
//! agent's. Who carries what the streams hold is elsewhere.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc;
use nix::pty::{OpenptyResult, openpty};
use rustix::process::ioctl_tiocsctty;
use rustix::stdio::stdin;
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::Interest;

use crate::process::{Program, Size};

use super::{End, find, register};

/// A child, and the agent's ends of its streams.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) ends: Ends,
}

/// The agent's ends of a child's streams.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) input: Arc<End>,
    pub(super) output: Option<Arc<End>>,
    /// None with a terminal.
    pub(super) errors: Option<Arc<End>>,
    /// The terminal, if there is one.
    pub(super) terminal: Option<Arc<End>>,
}

/// Starts the program that is in a file, or that PATH leads to.
pub(super) fn spawn(file: &Path, program: &Program) -> io::Result<Spawned> {
    let (name, args) = match program.args.split_first() {
        Some(args) => args,
        None => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let entries = program.env.iter();
    let entries = entries.filter_map(|entry| entry.split_once('='));
    let mut command = Command::new(file);
    command
        .arg0(name)
        .args(args)
        .env_clear()
        .envs(entries.filter(|(name, _)| !name.is_empty()))
        .current_dir(find::folder(program));
    let ends = match program.terminal {
        Some(size) => terminal(&mut command, size)?,
        None => pipes(&mut command)?,
    };
    own_session(&mut command, program.terminal.is_some());
    let child = command.spawn()?;
    Ok(Spawned { child, ends })
}

fn pipes(command: &mut Command) -> io::Result<Ends> {
    let (input, to_input) = io::pipe()?;
    let (from_output, output) = io::pipe()?;
    let (from_errors, errors) = io::pipe()?;
    command.stdin(input).stdout(output).stderr(errors);
    Ok(Ends {
        input: end(to_input.into(), Interest::WRITABLE)?,
        output: Some(end(from_output.into(), Interest::READABLE)?),
        errors: Some(end(from_errors.into(), Interest::READABLE)?),
        terminal: None,
    })
}

fn terminal(command: &mut Command, size: Size) -> io::Result<Ends> {
    let OpenptyResult { master, slave } = openpty(None, None)?;
    resize(&master, size);
    for fd in [&master, &slave] {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    command
        .stdin(slave.try_clone()?)
        .stdout(slave.try_clone()?)
        .stderr(Stdio::from(slave));
    let terminal = end(master, Interest::READABLE | Interest::WRITABLE)?;
    Ok(Ends {
        input: terminal.clone(),
        output: Some(terminal.clone()),
        errors: None,
        terminal: Some(terminal),
    })
}

/// The agent's end of a stream: reading and writing it never block.
fn end(fd: OwnedFd, interest: Interest) -> io::Result<Arc<End>> {
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    register(fd, interest).map(Arc::new)
}

/// The last of the signals that are not real-time ones, see signal(7).
const LAST_SIGNAL: i32 = 31;

/// Makes the child lead a session, with its terminal if it has one, and end
/// with the agent.
fn own_session(command: &mut Command, has_terminal: bool) {
    let agent = nix::unistd::getpid();
    let prepare = move || {
        // The signal comes when the thread ends that starts the child: the
        // agent has one thread, which lasts as long as it does.
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
        if nix::unistd::getppid() != agent {
            return Err(io::ErrorKind::Interrupted.into());
        }
        nix::unistd::setsid()?;
        // A signal that the agent was started to ignore, as nohup has it, would
        // never end the program. SIGKILL and SIGSTOP refuse, and need it not.
        for signal in 1..=LAST_SIGNAL {
            // No crate sets it without unsafe code.
            // SAFETY: it takes a number, and sets no handler of this process.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        if has_terminal {
            ioctl_tiocsctty(stdin())?;
        }
        // What the agent was itself started with is not handed on. Kernels
        // before 5.11 do not know how, and have it as it always was. Neither nix nor rustix has
        // the call.
        // SAFETY: it takes numbers, and touches no memory.
        unsafe {
            libc::syscall(
                libc::SYS_close_range,
                libc::STDERR_FILENO + 1,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            )
        };
        Ok(())
    };
    // SAFETY: it makes plain system calls, and neither allocates nor locks,
    // which is what may be done between fork and exec.
    unsafe { command.pre_exec(prepare) };
}

/// Gives a terminal another size.
pub(super) fn resize(terminal: &OwnedFd, size: Size) {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // A terminal refuses none.
    let _ = tcsetwinsize(terminal, size);
}
