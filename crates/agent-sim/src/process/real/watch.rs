//! Tells when a child has ended, before its status is fetched: until then its
//! number is nobody else's.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Child;

use nix::libc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::register;

/// A child that is watched.
#[derive(Debug)]
pub(super) struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches a child, which needs Linux 5.3.
    pub(super) fn start(child: &Child) -> io::Result<Watch> {
        // SAFETY: pidfd_open(2) takes two numbers, and touches no memory.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), 0) };
        let Some(fd) = i32::try_from(fd).ok().filter(|fd| *fd >= 0) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the kernel made this descriptor, and nobody else knows it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        register(fd, Interest::READABLE).map(Watch)
    }

    /// Returns once the child has ended.
    pub(super) async fn ended(&self) {
        // An error means that the agent ends, and the child with it.
        let _ = self.0.readable().await;
    }
}
