//! Turns at something that one call at a time may do, however long it takes. A
//! call that is given up gives up its turn with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::change::{Change, Wait};

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: AtomicBool,
    change: Change,
}

impl Turns {
    /// Takes a turn.
    ///
    /// # Errors
    /// The wait for the end of another one's.
    pub(super) fn take(&self) -> Result<Turn, Wait> {
        let wait = self.0.change.next();
        if self.0.taken.swap(true, Ordering::AcqRel) {
            return Err(wait);
        }
        Ok(Turn(Arc::clone(&self.0)))
    }
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Inner>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
        self.0.change.announce();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_turn_comes_when_the_last_one_is_dropped() {
        let turns = Turns::default();
        let turn = turns.take().unwrap();
        let wait = turns.take().unwrap_err();
        drop(turn);
        wait.done().await;
        assert!(turns.take().is_ok());
    }
}
