//! When the next call is due, and which command's turn it is.

use std::time::{Duration, Instant};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// When calls are due: at a fixed rate, whatever the agent does, or as soon as there is
/// room for them.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    /// Calls a second; `None` as fast as there is room.
    rate: Option<f64>,
    begun: u64,
}

impl Pace {
    /// The first call is due at `start`.
    pub(crate) fn new(start: Instant, rate: Option<f64>) -> Pace {
        Pace {
            start,
            rate,
            begun: 0,
        }
    }

    /// When the next call is due. Without a rate that is now, and never earlier
    /// than the start.
    pub(crate) fn due(&self, now: Instant) -> Instant {
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
    pub(crate) fn advance(&mut self) {
        self.begun += 1;
    }

    /// The calls that were due from `start` on, before `end`, and have not begun: how
    /// many, and when the first of them was due.
    pub(crate) fn overdue(&self, start: Instant, end: Instant) -> (u64, Instant) {
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

/// Whose turn it is: each command has its share of any few calls in a row, not just in
/// the long run.
#[derive(Debug)]
pub(crate) struct Turns {
    commands: Vec<Turn>,
    total: i64,
}

#[derive(Debug)]
struct Turn {
    weight: i64,
    /// How far the command is behind its share.
    credit: i64,
}

impl Turns {
    /// Turns of commands with these weights.
    pub(crate) fn new(weights: impl Iterator<Item = u32>) -> Turns {
        let commands: Vec<_> = weights
            .map(|weight| Turn {
                weight: weight.into(),
                credit: 0,
            })
            .collect();
        Turns {
            total: commands.iter().map(|turn| turn.weight).sum(),
            commands,
        }
    }

    /// The index of the command whose turn it is: the one that is furthest behind, of
    /// equals the first.
    pub(crate) fn next(&mut self) -> usize {
        for turn in &mut self.commands {
            turn.credit += turn.weight;
        }
        let furthest = self.commands.iter_mut().enumerate().rev();
        match furthest.max_by_key(|(_, turn)| turn.credit) {
            Some((index, turn)) => {
                turn.credit -= self.total;
                index
            }
            None => 0,
        }
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

    #[test]
    fn each_command_has_its_share_of_any_few_calls() {
        let mut turns = Turns::new([3, 1, 2].into_iter());
        let few: Vec<_> = (0..6).map(|_| turns.next()).collect();
        assert_eq!(few, [0, 2, 0, 1, 2, 0]);
        let mut counts = [0; 3];
        for _ in 0..600 {
            counts[turns.next()] += 1;
        }
        assert_eq!(counts, [300, 100, 200]);
    }
}
