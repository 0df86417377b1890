//! The time of a call: from its start until the last byte of its answer, whatever
//! is done with that. It knows nothing of calls.

use std::time::{Duration, Instant};

/// A time that runs until it is stopped; the last stop counts.
#[derive(Debug)]
pub(super) struct Stopwatch {
    started: Instant,
    stopped: Option<Instant>,
}

impl Stopwatch {
    /// One that runs from now.
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            stopped: None,
        }
    }

    /// Notes that an answer is there.
    pub(super) fn stop(&mut self) {
        self.stopped = Some(Instant::now());
    }

    /// The time from the start to the last stop, or to now.
    pub(super) fn time(&self) -> Duration {
        self.stopped.unwrap_or_else(Instant::now) - self.started
    }
}
