//! Notices that the peer of a connection is gone, for a handler that would
//! otherwise wait for its next message forever: the ttrpc crate cancels unary
//! handlers when a connection ends, and leaves those of streams running.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A watch on one connection.
#[derive(Debug)]
pub(super) struct Hangup {
    connection: AsyncFd<OwnedFd>,
}

impl Hangup {
    /// Watches a connection.
    ///
    /// # Safety
    /// `connection` must be open for the length of this call.
    ///
    /// # Errors
    /// When this process may open no more descriptors.
    pub(super) unsafe fn watch(connection: RawFd) -> io::Result<Hangup> {
        // SAFETY: the caller promises that it is open.
        let borrowed = unsafe { BorrowedFd::borrow_raw(connection) };
        // A descriptor of its own, as one descriptor can be registered only once.
        let own = borrowed.try_clone_to_owned()?;
        // SAFETY: nothing changes or closes it but the drop of what is made here.
        let connection = unsafe { AsyncFd::register_with_interest(own, Interest::READABLE)? };
        Ok(Hangup { connection })
    }

    /// Returns once the peer has closed its side.
    pub(super) async fn wait(&self) {
        // An error means that the runtime is going away, and the connection with it.
        while let Ok(mut guard) = self.connection.readable().await {
            if guard.ready().is_read_closed() {
                return;
            }
            guard.clear_ready();
        }
    }
}
