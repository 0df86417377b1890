//! Counts the time that a process runs: neither before its start nor after its
//! end, nor while it is frozen.

use std::time::{Duration, Instant};

/// A stopwatch.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    counted: Duration,
    /// When it was last set going, while it goes.
    since: Option<Instant>,
    /// Between start and end.
    is_alive: bool,
    is_paused: bool,
}

impl Stopwatch {
    /// The process starts.
    pub(super) fn start(&mut self, now: Instant) {
        self.is_alive = true;
        self.update(now);
    }

    /// The process gets no time.
    pub(super) fn pause(&mut self, now: Instant) {
        self.is_paused = true;
        self.update(now);
    }

    /// The process gets time again.
    pub(super) fn resume(&mut self, now: Instant) {
        self.is_paused = false;
        self.update(now);
    }

    /// The process has ended.
    pub(super) fn end(&mut self, now: Instant) {
        self.is_alive = false;
        self.update(now);
    }

    /// The time it has been going.
    pub(super) fn read(&self, now: Instant) -> Duration {
        let going = self.since.map(|since| now.saturating_duration_since(since));
        self.counted + going.unwrap_or_default()
    }

    fn update(&mut self, now: Instant) {
        self.counted = self.read(now);
        self.since = (self.is_alive && !self.is_paused).then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_of_a_process_that_runs_counts() {
        let zero = Instant::now();
        let at = |seconds| zero + Duration::from_secs(seconds);
        let seconds = |clock: &Stopwatch, second| clock.read(at(second)).as_secs();
        let mut clock = Stopwatch::default();
        clock.pause(at(1));
        clock.start(at(2));
        assert_eq!(seconds(&clock, 3), 0);
        clock.resume(at(5));
        assert_eq!(seconds(&clock, 8), 3);
        clock.pause(at(9));
        clock.pause(at(10));
        assert_eq!(seconds(&clock, 20), 4);
        clock.resume(at(20));
        clock.end(at(21));
        clock.resume(at(25));
        assert_eq!(seconds(&clock, 30), 5);
    }
}
