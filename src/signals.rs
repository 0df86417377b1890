//! The signals that end what listens: SIGINT, SIGTERM, and SIGHUP where it is not ignored.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use nix::libc;
use tokio::signal::unix::{Signal, SignalKind, signal};

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
        let hang_up = (!ignores_hang_up()).then(|| signal(SignalKind::hangup()));
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

#[expect(
    unsafe_code,
    reason = "nix reads no signal's action without setting it"
)]
fn ignores_hang_up() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: no new action is given, so nothing changes; the old one is
    // written to a place of its type, for which all zeros are a value too.
    let action = unsafe {
        libc::sigaction(libc::SIGHUP, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
