//! When the next call is due: at a fixed rate, whatever the agent does, or as
//! soon as there is room for it. It knows time and no calls.

use std::time::{Duration, Instant};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// When calls are due.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    /// `None` as fast as there is room.
    rate: Option<f64>,
    begun: u64,
}

impl Pace {
    /// The first call is due at `start`.
    pub(super) fn new(start: Instant, rate: Option<f64>) -> Pace {
        Pace {
            start,
            rate,
            begun: 0,
        }
    }

    /// When the next call is due. Without a rate that is now, and never earlier
    /// than the start.
    pub(super) fn due(&self, now: Instant) -> Instant {
        match self.rate {
            Some(rate) => {
                // Counted from the start, so that no error adds up.
                let offset = self.begun as f64 / rate * SECOND;
                self.start + Duration::from_nanos(offset as u64)
            }
            None => now.max(self.start),
        }
    }

    /// Notes that the call that was due has begun.
    pub(super) fn advance(&mut self) {
        self.begun += 1;
    }

    /// The calls that were due from `start` on, before `end`, and have not begun: how
    /// many, and when the first of them was due.
    pub(super) fn overdue(&self, start: Instant, end: Instant) -> (u64, Instant) {
        let all = self.overdue_before(end);
        let earlier = self.overdue_before(start).min(all);
        let first = self.due(start).max(start);
        (all - earlier, first)
    }

    fn overdue_before(&self, end: Instant) -> u64 {
        let Some(rate) = self.rate else { return 0 };
        if end <= self.start {
            return 0;
        }
        let time = end.saturating_duration_since(self.start);
        // Due at 0, 1/rate, 2/rate and so on, the end itself not among them.
        let due = (time.as_nanos() as f64 / SECOND * rate - 1e-6).max(0.0) as u64 + 1;
        due.saturating_sub(self.begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_a_rate_calls_are_due_whether_or_not_earlier_ones_have_begun() {
        let start = Instant::now();
        let mut pace = Pace::new(start, Some(500.0));
        let late = start + Duration::from_secs(9);
        assert_eq!(pace.due(late), start);
        pace.advance();
        assert_eq!(pace.due(late), start + Duration::from_millis(2));
        let overdue = |pace: &Pace| pace.overdue(start, start + Duration::from_millis(10));
        assert_eq!(overdue(&pace), (4, start + Duration::from_millis(2)));
        let later = start + Duration::from_millis(5);
        let rest = pace.overdue(later, start + Duration::from_millis(10));
        assert_eq!(rest, (2, later));
        for _ in 0..4 {
            pace.advance();
        }
        assert_eq!(overdue(&pace).0, 0);
        assert_eq!(pace.due(start), start + Duration::from_millis(10));
    }

    #[test]
    fn without_a_rate_a_call_is_due_at_once() {
        let start = Instant::now();
        let pace = Pace::new(start, None);
        let now = start + Duration::from_secs(1);
        assert_eq!(pace.due(now), now);
        assert_eq!(pace.overdue(start, now).0, 0);
    }
}
