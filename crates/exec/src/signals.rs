//! Signals as something to read, so that each of them can be passed on.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use agent_client::interrupt;

/// Those that are passed on to the process.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// How soon after a signal the same one counts as that one: `timeout` sends it to the tool, and
/// then to all of the tool's group.
const AS_ONE: Duration = Duration::from_millis(100);

/// What a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signalled {
    /// It is to be passed on.
    PassOn(Signal),
    /// The window has another size.
    Resized,
    /// The tool goes on after it was stopped.
    Continued,
}

/// The signals of this process, which do not act on it any more.
pub(super) struct Signals {
    descriptor: SignalFd,
    /// The last one that was passed on, and when.
    last: Cell<Option<(Signal, Instant)>>,
}

impl Signals {
    /// Takes over the signals of this thread, and of those that it starts. What whoever started
    /// the tool has set to be ignored (`nohup`) stays so.
    ///
    /// # Errors
    /// When the system does not let them be read.
    pub(super) fn take() -> Result<Self, Errno> {
        let mut set = SigSet::empty();
        for signal in PASSED_ON
            .into_iter()
            .chain([Signal::SIGWINCH, Signal::SIGCONT])
        {
            if !interrupt::is_ignored(signal) {
                set.add(signal);
            }
        }
        set.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let descriptor = SignalFd::with_flags(&set, flags)?;
        Ok(Self {
            descriptor,
            last: Cell::new(None),
        })
    }

    /// The next signal that came, if one did.
    pub(super) fn next(&self) -> Option<Signalled> {
        loop {
            let came = self.descriptor.read_signal().ok().flatten()?;
            let signal = i32::try_from(came.ssi_signo).ok()?;
            match Signal::try_from(signal).ok()? {
                Signal::SIGWINCH => return Some(Signalled::Resized),
                Signal::SIGCONT => return Some(Signalled::Continued),
                signal => {
                    let now = Instant::now();
                    let is_it = |(last, then)| last == signal && now.duration_since(then) < AS_ONE;
                    if !self.last.get().is_some_and(is_it) {
                        self.last.set(Some((signal, now)));
                        return Some(Signalled::PassOn(signal));
                    }
                }
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
