//! How much of a connection's requests is not answered yet, so that a client
//! that sends more and more does not fill the memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The most bytes that wait for their answers.
const MOST: usize = 64 << 20;

/// What handling a frame takes beside its data.
const EACH: usize = 2048;

/// What waits on one connection.
#[derive(Debug, Default)]
pub struct Load {
    held: Mutex<Held>,
    less: Notify,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    streams: HashMap<u32, usize>,
}

impl Load {
    /// Returns when another request may be read.
    pub(super) async fn room(&self) {
        loop {
            let less = self.less.notified();
            if self.held().total < MOST {
                return;
            }
            less.await;
        }
    }

    /// A request has come, with so many bytes.
    pub(super) fn open(&self, stream: u32, length: usize) {
        let mut held = self.held();
        *held.streams.entry(stream).or_default() += length + EACH;
        held.total += length + EACH;
    }

    /// A message of a stream that is open has come.
    pub(super) fn add(&self, stream: u32, length: usize) {
        let mut held = self.held();
        if let Some(size) = held.streams.get_mut(&stream) {
            *size += length + EACH;
            held.total += length + EACH;
        }
    }

    /// A message of a stream was taken by whoever it is for.
    pub fn taken(&self, stream: u32, length: usize) {
        let mut held = self.held();
        if let Some(size) = held.streams.get_mut(&stream) {
            let less = (length + EACH).min(*size);
            *size -= less;
            held.total -= less;
        }
        drop(held);
        self.less.notify_waiters();
    }

    /// The call is over.
    pub(super) fn close(&self, stream: u32) {
        let mut held = self.held();
        let size = held.streams.remove(&stream);
        held.total -= size.unwrap_or(0);
        drop(held);
        self.less.notify_waiters();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn has_room(load: &Load) -> bool {
        timeout(Duration::from_millis(1), load.room()).await.is_ok()
    }

    #[tokio::test]
    async fn what_is_answered_or_taken_makes_room() {
        let load = Load::default();
        load.open(1, 10);
        load.add(1, MOST);
        // A stream that is not open is nobody's.
        load.add(3, MOST);
        assert!(!has_room(&load).await);
        load.taken(1, MOST);
        assert!(has_room(&load).await);
        load.open(5, MOST);
        assert!(!has_room(&load).await);
        let (_, ()) = tokio::join!(load.room(), async { load.close(5) });
        load.close(1);
        assert_eq!(load.held().total, 0);
    }
}
