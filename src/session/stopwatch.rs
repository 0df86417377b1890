//! The time of a call: from its start until the last byte of its answer, whatever
//! is done with that. It knows nothing of calls.

use std::time::{Duration, Instant};

/// A time that runs until it is stopped; the last stop counts.
#[derive(Debug)]
pub(super) struct Stopwatch {
    started: Option<Instant>,
    stopped: Option<Instant>,
}

impl Stopwatch {
    /// One that runs from now, if anybody will ask it.
    pub(super) fn start(is_asked: bool) -> Self {
        Self {
            started: is_asked.then(Instant::now),
            stopped: None,
        }
    }

    /// Notes that an answer is there.
    pub(super) fn stop(&mut self) {
        self.stopped = self.started.map(|_| Instant::now());
    }

    /// The time from the start to the last stop, or to now, if it ran.
    pub(super) fn time(&self) -> Option<Duration> {
        let started = self.started?;
        Some(self.stopped.unwrap_or_else(Instant::now) - started)
    }
}
