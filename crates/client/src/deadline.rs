//! The one deadline that a call, or an attempt to connect, lives under: waiting for a socket
//! until then, or until a signal comes.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::interrupt::{self, Stop};

/// A point in time by which something must be done, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    limit: Option<Duration>,
    end: Option<Instant>,
}

impl Deadline {
    /// The deadline `limit` from now; `None` waits forever.
    pub(crate) fn starting_now(limit: Option<Duration>) -> Self {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        Deadline { limit, end }
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

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.remaining() == Some(Duration::ZERO)
    }

    /// Waits until `socket` can be read or has ended.
    pub(crate) fn wait_readable(&self, socket: BorrowedFd<'_>) -> Result<(), Stop> {
        interrupt::wait(Some((socket, PollFlags::POLLIN)), self.end)
    }

    /// Waits until `socket` can be written or has ended.
    pub(crate) fn wait_writable(&self, socket: BorrowedFd<'_>) -> Result<(), Stop> {
        interrupt::wait(Some((socket, PollFlags::POLLOUT)), self.end)
    }

    /// Waits until `socket` can be written or has ended, or until there is something to read
    /// from `other`, which may be its own end: gives whether the socket can be written.
    pub(crate) fn wait_writable_or(
        &self,
        socket: BorrowedFd<'_>,
        other: BorrowedFd<'_>,
    ) -> Result<bool, Stop> {
        let descriptors = [(other, PollFlags::POLLIN), (socket, PollFlags::POLLOUT)];
        interrupt::wait_for_any(&descriptors, self.end).map(|index| index == 1)
    }
}
