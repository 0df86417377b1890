//! The one deadline that a call (or a connection attempt) lives under: waiting
//! for a socket until then, or until a signal comes. It knows sockets and time,
//! and nothing of what is sent.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::interrupt::{self, Stop};

/// A point in time by which something must be done, or no such point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    limit: Option<Duration>,
    end: Option<Instant>,
    /// Whether what is there already is taken after the end too.
    takes_late: bool,
}

impl Deadline {
    /// The deadline `limit` from now; `None` waits forever.
    pub(crate) fn starting_now(limit: Option<Duration>) -> Self {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        Deadline {
            limit,
            end,
            takes_late: false,
        }
    }

    /// Now: only what is there already is taken.
    pub(crate) fn now() -> Self {
        Deadline {
            takes_late: true,
            ..Deadline::starting_now(Some(Duration::ZERO))
        }
    }

    /// Whether there is no such point in time.
    pub(crate) fn is_endless(&self) -> bool {
        self.end.is_none()
    }

    /// Whether what comes now comes too late, however little there was to wait for.
    pub(crate) fn is_over(&self) -> bool {
        !self.takes_late && self.remaining() == Some(Duration::ZERO)
    }

    /// The time that was given at the start, for an error to tell.
    pub(crate) fn limit(&self) -> Duration {
        self.limit.unwrap_or(Duration::MAX)
    }

    /// The time that is left; `None` without a deadline.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.end
            .map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// This deadline, or the one `limit` from now if that is earlier.
    pub(crate) fn at_most(&self, limit: Duration) -> Self {
        match self.remaining() {
            Some(remaining) if remaining <= limit => *self,
            _ => Deadline::starting_now(Some(limit)),
        }
    }

    /// Waits until `socket` can be read or has ended.
    pub(crate) fn wait_readable(&self, socket: BorrowedFd<'_>) -> Result<(), Stop> {
        interrupt::wait(Some((socket, PollFlags::POLLIN)), self.end)
    }

    /// Waits until `socket` can be written or has ended.
    pub(crate) fn wait_writable(&self, socket: BorrowedFd<'_>) -> Result<(), Stop> {
        interrupt::wait(Some((socket, PollFlags::POLLOUT)), self.end)
    }
}
