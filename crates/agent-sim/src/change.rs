//! Lets calls sleep until something of the agent's state has changed, without
//! looking at it over and over. It knows nothing of what changes.

use tokio::sync::watch;

/// Something that calls may wait for.
#[derive(Debug)]
pub(super) struct Change(watch::Sender<()>);

impl Change {
    /// Nobody waits yet.
    pub(super) fn new() -> Change {
        Change(watch::Sender::new(()))
    }

    /// A wait for the next announcement. One that is made after this returns
    /// is never missed, however late the wait begins.
    pub(super) fn next(&self) -> Wait {
        Wait(self.0.subscribe())
    }

    /// Wakes whoever waits.
    pub(super) fn announce(&self) {
        self.0.send_replace(());
    }
}

impl Default for Change {
    fn default() -> Change {
        Change::new()
    }
}

/// A wait for one announcement.
#[derive(Debug)]
pub(super) struct Wait(watch::Receiver<()>);

impl Wait {
    /// Returns once it has been announced, or never will be.
    pub(super) async fn done(mut self) {
        // An error means that what changes is gone, which is a change too.
        let _ = self.0.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_announcement_before_the_wait_begins_is_not_missed() {
        let change = Change::new();
        let (one, other) = (change.next(), change.next());
        change.announce();
        one.done().await;
        other.done().await;
    }

    #[tokio::test]
    async fn a_wait_for_something_that_is_gone_ends() {
        let change = Change::new();
        let wait = change.next();
        drop(change);
        wait.done().await;
    }
}
