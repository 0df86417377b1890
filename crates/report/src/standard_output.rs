//! Writing to standard output so that a signal ends the wait for a reader that does not
//! read.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use agent_client::interrupt::{self, Stop};

/// How much a pipe that can be written to takes without blocking: `PIPE_BUF` of POSIX, on
/// Linux.
const PIECE: usize = 4096;

/// How long a reader that still reads may take for the rest after a signal.
const GRACE: Duration = Duration::from_millis(200);

/// Writes all of this.
///
/// # Errors
/// When standard output takes no more, or, as [`io::ErrorKind::Interrupted`], when a
/// signal came and its reader does not read on.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    // Nobody else writes in between, and nothing is in its buffer.
    let lock = io::stdout().lock();
    let descriptor = lock.as_fd();
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

/// Waits until something can be written. After a signal it waits until `end`, which it sets
/// then.
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
