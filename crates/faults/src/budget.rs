//! What all connections may keep together. Each takes its share of it, and gives it back when it
//! is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// A number of bytes. Clones are of the same ones.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    left: AtomicUsize,
    /// How many wait for some of it.
    waiting: AtomicUsize,
    more: Arc<Notify>,
}

/// What was taken of a budget.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    bytes: usize,
}

/// One who waits for some of a budget, until it is dropped.
pub(crate) struct Waiting<'a>(&'a Shared);

impl Budget {
    /// So many bytes.
    pub fn new(bytes: usize) -> Budget {
        Budget {
            shared: Arc::new(Shared {
                left: AtomicUsize::new(bytes),
                waiting: AtomicUsize::new(0),
                more: Arc::default(),
            }),
        }
    }

    /// A share that has nothing yet.
    pub fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// How many bytes nobody has.
    pub fn left(&self) -> usize {
        self.shared.left.load(Ordering::Relaxed)
    }

    /// Is done when some is given back from here on.
    pub(crate) fn more(&self) -> OwnedNotified {
        Arc::clone(&self.shared.more).notified_owned()
    }

    /// Counts one who waits.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.shared)
    }

    /// Whether somebody waits.
    pub(crate) fn is_short(&self) -> bool {
        self.shared.waiting.load(Ordering::Relaxed) > 0
    }
}

impl Share {
    /// How many bytes of the budget nobody has.
    pub fn left(&self) -> usize {
        self.budget.left()
    }

    /// Has so many bytes from here on, if there are as many. It keeps what it had otherwise.
    pub fn resize(&mut self, bytes: usize) -> bool {
        let Shared { left, more, .. } = &*self.budget.shared;
        if let Some(wanted) = bytes.checked_sub(self.bytes).filter(|wanted| *wanted > 0) {
            let take = |left: usize| left.checked_sub(wanted);
            let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
            if taken.is_err() {
                return false;
            }
        } else if bytes < self.bytes {
            left.fetch_add(self.bytes - bytes, Ordering::Relaxed);
            more.notify_waiters();
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.resize(0);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
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

    #[tokio::test]
    async fn who_waits_hears_of_what_is_given_back() {
        let budget = Budget::new(1);
        let mut share = budget.share();
        assert!(share.resize(1));
        let more = budget.more();
        let waiting = budget.wait();
        assert!(budget.is_short());
        drop(share);
        more.await;
        drop(waiting);
        assert!(!budget.is_short());
    }
}
