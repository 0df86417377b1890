//! The signals that end what listens: SIGINT, SIGTERM, and SIGHUP where it is not ignored.

use std::io;

use nix::sys::signal::Signal::SIGHUP;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::interrupt;

/// The signals that end a server.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// None where whoever started the tool had it ignored, as nohup does.
    hang_up: Option<Signal>,
}

impl Signals {
    /// Handles them from now on.
    ///
    /// # Errors
    /// When a handler cannot be set.
    pub(crate) fn catch() -> io::Result<Signals> {
        let hang_up = (!interrupt::is_ignored(SIGHUP)).then(|| signal(SignalKind::hangup()));
        Ok(Signals {
            hang_up: hang_up.transpose()?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Is over when one of them comes.
    pub(crate) async fn any(mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}
