//! Looking for an answer for a moment before the wait for it. A thread that sleeps takes
//! longer to wake than a fast agent on another CPU takes to answer; where looking
//! brought nothing, it is seldom done again. It knows nothing of sockets.

use std::time::{Duration, Instant};

/// How long it looks at most: less than it takes to sleep and wake.
const LONGEST: Duration = Duration::from_micros(20);

/// For how many answers it does not look, once it has looked in vain too often.
const SKIPPED: u32 = 1023;

/// What a look in vain costs, counted in those that found something. It takes many times
/// longer than the others, so most looks must find something.
const COST: u32 = 8;

/// How many finds count at most: after as many, this bears a few looks in vain.
const MOST: u32 = 4 * COST;

/// When to look, and how long.
#[derive(Debug)]
pub(super) struct Spin {
    /// For how many answers it does not look.
    skipped: u32,
    /// How many finds there are that no look in vain has used up.
    finds: u32,
}

impl Spin {
    /// One that looks the first time.
    pub(super) fn new() -> Self {
        Spin {
            skipped: 0,
            finds: 0,
        }
    }

    /// What `look` finds, if that is soon.
    pub(super) fn find<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return None;
        }
        let mut started = None;
        loop {
            if let Some(found) = look() {
                self.finds = MOST.min(self.finds + 1);
                return Some(found);
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= LONGEST {
                match self.finds.checked_sub(COST) {
                    Some(rest) => self.finds = rest,
                    None => self.skipped = SKIPPED,
                }
                return None;
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it looks for an answer that does not come soon.
    fn looks_in_vain(spin: &mut Spin) -> bool {
        let mut has_looked = false;
        spin.find(|| {
            has_looked = true;
            None::<()>
        });
        has_looked
    }

    #[test]
    fn it_seldom_looks_in_vain() {
        let mut spin = Spin::new();
        let looks = (0..10 * (SKIPPED + 1)).filter(|_| looks_in_vain(&mut spin));
        assert_eq!(looks.count(), 10);
    }

    #[test]
    fn a_find_now_and_then_is_not_enough() {
        let mut spin = Spin::new();
        for _ in 1..COST {
            assert_eq!(spin.find(|| Some(1)), Some(1));
        }
        assert!(looks_in_vain(&mut spin));
        assert_eq!(spin.find(|| Some(1)), None);
    }

    #[test]
    fn after_many_finds_it_bears_a_few_looks_in_vain() {
        let mut spin = Spin::new();
        for _ in 0..1000 {
            assert_eq!(spin.find(|| Some(1)), Some(1));
        }
        let looks = (0..100).filter(|_| looks_in_vain(&mut spin)).count();
        assert_eq!(looks, 5);
        while spin.find(|| Some(1)).is_none() {}
        assert_eq!(spin.find(|| Some(1)), Some(1));
    }
}
