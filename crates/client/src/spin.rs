//! Looking for an answer for a moment before the wait for it. A thread that sleeps takes
//! longer to wake than a fast agent on another CPU takes to answer; where looking
//! brought nothing, it is seldom done again. It knows nothing of sockets.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// How long it looks at most: about as long as it takes to sleep and wake.
const LONGEST: Duration = Duration::from_micros(50);

/// For how many answers it does not look, once it has looked in vain too often: the first
/// time, and at most, as the number doubles from one time to the next.
const SKIPPED: RangeInclusive<u32> = 128..=8192;

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
    /// For how many it will not, the next time.
    penalty: u32,
    /// How many finds there are that no look in vain has used up.
    finds: u32,
}

impl Spin {
    /// One that looks the first time.
    pub(super) fn new() -> Self {
        Spin {
            skipped: 0,
            penalty: *SKIPPED.start(),
            finds: 0,
        }
    }

    /// What `look` finds, if that is soon.
    pub(super) fn find<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return None;
        }
        // What is there at once was not looked for: the agent is on the same CPU, perhaps,
        // and where it ran first this time, it will not while this looks the next time.
        if let Some(found) = look() {
            return Some(found);
        }
        let started = Instant::now();
        loop {
            std::hint::spin_loop();
            if let Some(found) = look() {
                self.note_find();
                return Some(found);
            }
            if started.elapsed() >= LONGEST {
                break;
            }
        }
        self.note_look_in_vain();
        None
    }

    fn note_find(&mut self) {
        self.finds = MOST.min(self.finds + 1);
        if self.finds == MOST {
            self.penalty = *SKIPPED.start();
        }
    }

    fn note_look_in_vain(&mut self) {
        match self.finds.checked_sub(COST) {
            Some(rest) => self.finds = rest,
            None => {
                self.skipped = self.penalty;
                self.penalty = (2 * self.penalty).min(*SKIPPED.end());
            }
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

    /// What it finds of an answer that comes soon, but not at once.
    fn soon(spin: &mut Spin) -> Option<u32> {
        let mut looks = 0;
        spin.find(|| {
            looks += 1;
            (looks > 1).then_some(looks)
        })
    }

    #[test]
    fn it_seldom_looks_in_vain() {
        let mut spin = Spin::new();
        let looks = (0..10 * SKIPPED.end()).filter(|_| looks_in_vain(&mut spin));
        // After 128, 256, 512, 1024, 2048, 4096 and nine times 8192 that it skipped.
        assert_eq!(looks.count(), 16);
    }

    #[test]
    fn a_find_now_and_then_is_not_enough() {
        let mut spin = Spin::new();
        for _ in 1..COST {
            assert_eq!(soon(&mut spin), Some(2));
        }
        assert!(looks_in_vain(&mut spin));
        assert_eq!(soon(&mut spin), None);
    }

    #[test]
    fn what_is_there_at_once_does_not_count() {
        let mut spin = Spin::new();
        for _ in 0..1000 {
            assert_eq!(spin.find(|| Some(1)), Some(1));
        }
        assert!(looks_in_vain(&mut spin));
        assert_eq!(soon(&mut spin), None);
    }

    #[test]
    fn after_many_finds_it_bears_a_few_looks_in_vain() {
        let mut spin = Spin::new();
        for _ in 0..1000 {
            assert_eq!(soon(&mut spin), Some(2));
        }
        let looks = (0..100).filter(|_| looks_in_vain(&mut spin)).count();
        assert_eq!(looks, 5);
        while soon(&mut spin).is_none() {}
        assert_eq!(soon(&mut spin), Some(2));
    }
}
