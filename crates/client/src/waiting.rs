//! How bytes are waited for that are not there yet: in the read itself where that may
//! block, which takes one system call and not two. It knows sockets and deadlines, and
//! nothing of what is read.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::deadline::Deadline;
use crate::interrupt;

/// How long a read waits by itself where it may not wait for ever. A signal that comes
/// to another thread is noticed no sooner.
const MOMENT: Duration = Duration::from_millis(10);

/// How bytes are waited for that are not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// By polling, which needs no preparation, as there may be one call only.
    First,
    /// In the read, and then by polling: an answer that comes at once takes one system
    /// call and not two.
    InRead {
        /// How long a read waits; no time is for ever.
        time: Option<Duration>,
    },
    /// By polling, as the socket does not allow the other.
    Polling,
}

impl Waiting {
    /// The way to wait in reads of so long.
    pub(super) fn in_reads(socket: BorrowedFd<'_>, time: Option<Duration>) -> Waiting {
        let micros = time.unwrap_or_default().as_micros();
        let limit = TimeVal::microseconds(i64::try_from(micros).unwrap_or(i64::MAX));
        let prepare = || {
            setsockopt(&socket, sockopt::ReceiveTimeout, &limit)?;
            let flags = OFlag::from_bits_retain(fcntl(socket, FcntlArg::F_GETFL)?);
            fcntl(socket, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))
        };
        match prepare() {
            Ok(_) => Waiting::InRead { time },
            Err(_) => Waiting::Polling,
        }
    }

    /// Whether a read may wait; the socket is made so that it waits no longer than
    /// `deadline` allows.
    pub(super) fn in_read(&mut self, socket: BorrowedFd<'_>, deadline: &Deadline) -> bool {
        let Waiting::InRead { time: prepared } = *self else {
            return false;
        };
        let time = match deadline.remaining() {
            None if interrupt::may_block() => None,
            // A deadline is looked at between reads.
            Some(left) if left <= 2 * MOMENT => return false,
            _ => Some(MOMENT),
        };
        if prepared != time {
            *self = Waiting::in_reads(socket, time);
        }
        *self != Waiting::Polling && !interrupt::is_raised()
    }
}
