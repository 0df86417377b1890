//! The signals that end what listens, so that it gives back what it took: all that end a
//! process, but for those of a crash and SIGKILL.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use nix::libc::{SIGPROF, SIGPWR, SIGSTKFLT, SIGVTALRM, SIGXCPU, SIGXFSZ};
use nix::sys::signal::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::interrupt;

/// The signals that end a server.
pub(crate) struct Signals(Vec<Signal>);

impl Signals {
    /// Handles them from now on. One that whoever started the tool had ignored, as nohup has
    /// SIGHUP, stays ignored, but for SIGINT and SIGTERM.
    ///
    /// # Errors
    /// When a handler cannot be set.
    pub(crate) fn catch() -> io::Result<Signals> {
        let mut signals = vec![
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ];
        let others = [
            SignalKind::hangup(),
            SignalKind::quit(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
            SignalKind::alarm(),
            SignalKind::io(),
        ];
        // A file that may not grow any more is an error of writing to it, as a full disk is.
        drop(signal(SignalKind::from_raw(SIGXFSZ))?);
        let rare = [SIGPROF, SIGPWR, SIGSTKFLT, SIGVTALRM, SIGXCPU].map(SignalKind::from_raw);
        for kind in others.into_iter().chain(rare) {
            let number = Number::try_from(kind.as_raw_value())?;
            if !interrupt::is_ignored(number) {
                signals.push(signal(kind)?);
            }
        }
        Ok(Signals(signals))
    }

    /// Is over when one of them comes.
    pub(crate) async fn any(mut self) {
        poll_fn(|context| {
            let mut come = self.0.iter_mut().map(|it| it.poll_recv(context).is_ready());
            match come.any(|has_come| has_come) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}
