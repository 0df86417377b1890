//! Standard output itself: writing to it so that a signal ends the wait for a reader
//! that does not read, and whether it was closed when the program was started, as
//! `>&-` in a shell does. The program's start opens `/dev/null` in its place, and nothing
//! tells that apart from a `/dev/null` that was meant, so it is looked at before that.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::interrupt::{self, Stop};

/// As much as a pipe that can be written to takes without a wait: what POSIX has as
/// PIPE_BUF, on Linux.
const PIECE: usize = 4096;

/// How long a reader that still reads may take for the rest after a signal.
const GRACE: Duration = Duration::from_millis(200);

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The C runtime calls what this section holds before it calls the program's start.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: F_GETFD takes no argument and touches no memory; nothing of Rust's
    // that has to be started first is used here.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    WAS_CLOSED.store(flags == -1, Ordering::Relaxed);
}

/// Refuses a standard output that was closed when the program was started.
///
/// # Errors
/// When it was.
pub fn check() -> io::Result<()> {
    match WAS_CLOSED.load(Ordering::Relaxed) {
        true => Err(Errno::EBADF.into()),
        false => Ok(()),
    }
}

/// Writes all of this.
///
/// # Errors
/// When standard output takes no more, or, as [`io::ErrorKind::Interrupted`], when a
/// signal came and its reader does not read on.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    // Nobody else writes in between, and nothing is in its buffer.
    let lock = io::stdout().lock();
    let descriptor = lock.as_fd();
    let may_block = interrupt::may_block();
    let mut rest = bytes;
    while !rest.is_empty() {
        if interrupt::is_raised() || !may_block {
            return write_pieces(descriptor, rest);
        }
        match nix::unistd::write(descriptor, rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return write_pieces(descriptor, rest),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Writes all of this without blocking in a write, but for a file on a slow disk.
fn write_pieces(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut end = None;
    let mut rest = bytes;
    while !rest.is_empty() {
        wait_writable(descriptor, &mut end)?;
        let piece = rest.get(..PIECE).unwrap_or(rest);
        match nix::unistd::write(descriptor, piece) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Waits until something can be written; after a signal until `end`, which that sets.
fn wait_writable(descriptor: BorrowedFd<'_>, end: &mut Option<Instant>) -> io::Result<()> {
    if end.is_none() {
        match interrupt::wait(Some((descriptor, PollFlags::POLLOUT)), None) {
            // Where it cannot be polled, writing tells what is wrong.
            Ok(()) | Err(Stop::Late | Stop::Failed(_)) => return Ok(()),
            Err(Stop::Interrupted) => {}
        }
    }
    let end = *end.get_or_insert_with(|| Instant::now() + GRACE);
    let left = end.saturating_duration_since(Instant::now());
    let time = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
    match poll(&mut [PollFd::new(descriptor, PollFlags::POLLOUT)], time) {
        Ok(1..) if !left.is_zero() => Ok(()),
        _ => Err(io::ErrorKind::Interrupted.into()),
    }
}
