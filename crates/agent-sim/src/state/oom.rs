//! Events of containers that ran out of memory. A simulated guest has none of
//! its own: they are injected by whoever runs the agent.

use std::collections::VecDeque;

use crate::change::{Change, Wait};

/// How many events wait at most, as in the real agent's queue.
const CAPACITY: usize = 100;

/// The events that nobody has been told of, oldest first.
#[derive(Debug, Default)]
pub(crate) struct OomEvents {
    waiting: VecDeque<String>,
    change: Change,
}

impl OomEvents {
    /// Adds the event of a container, which need not be there. Its processes go
    /// on. False if too many events wait already.
    pub(crate) fn inject(&mut self, container_id: &str) -> bool {
        if self.waiting.len() >= CAPACITY {
            return false;
        }
        self.waiting.push_back(container_id.to_owned());
        self.change.announce();
        true
    }

    /// Takes the oldest event.
    ///
    /// # Errors
    /// The wait for one, if there is none.
    pub(crate) fn take(&mut self) -> Result<String, Wait> {
        self.waiting.pop_front().ok_or_else(|| self.change.next())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_come_in_order_and_are_waited_for() {
        let mut events = OomEvents::default();
        let wait = events.take().unwrap_err();
        assert!(events.inject("one"));
        assert!(events.inject("two"));
        wait.done().await;
        assert_eq!(events.take().unwrap(), "one");
        assert_eq!(events.take().unwrap(), "two");
        assert!(events.take().is_err());
    }

    #[test]
    fn events_that_nobody_takes_do_not_fill_the_memory() {
        let mut events = OomEvents::default();
        let taken = (0..1000).filter(|_| events.inject("one")).count();
        assert_eq!(taken, CAPACITY);
    }
}
