//! Tells when a child has ended, before its status is fetched: until then its
//! number is nobody else's.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::register;

/// A child that is watched.
#[derive(Debug)]
pub(super) struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches a child, which needs Linux 5.3.
    pub(super) fn start(child: &Child) -> io::Result<Watch> {
        let fd = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        register(fd, Interest::READABLE).map(Watch)
    }

    /// Returns once the child has ended.
    pub(super) async fn ended(&self) {
        // An error means that the agent ends, and the child with it.
        let _ = self.0.readable().await;
    }
}
