//! What all connections may keep together of what is not whole yet, or has no room at the other
//! side. Each takes its share of it, and gives it back when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes. Clones are of the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Arc<AtomicUsize>,
}

/// What was taken of a budget.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Budget {
        Budget {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// A share that has nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// How many bytes nobody has.
    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Has so many bytes from here on, if there are as many. It keeps what it had otherwise.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        let left = &self.budget.left;
        let more = bytes.saturating_sub(self.bytes);
        let take = |left: usize| left.checked_sub(more);
        if more > 0
            && left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_err()
        {
            return false;
        }
        left.fetch_add(self.bytes.saturating_sub(bytes), Ordering::Relaxed);
        self.bytes = bytes;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_taken_and_given_back() {
        let budget = Budget::new(100);
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.resize(60) && other.resize(40));
        assert!(!one.resize(61) && budget.left() == 0);
        assert!(other.resize(10) && one.resize(90));
        drop(one);
        assert_eq!(budget.left(), 90);
        drop(other);
        assert_eq!(budget.left(), 100);
    }
}
