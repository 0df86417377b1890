//! How much of each side's frames is kept, so that nobody who sends more and more, or reads
//! nothing, fills the memory: of each connection, and of all of them together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::budget::{Budget, Share};
use crate::observer::Side;

/// The most bytes of a connection that wait for their answers.
const MOST: usize = 64 << 20;

/// What handling a frame takes beside its data.
const EACH: usize = 2048;

/// What each connection may keep of either side whatever the others keep: many small calls.
const ALWAYS: usize = 16 << 10;

/// What all connections may keep together, beside 16 KiB of either side of each. Clones are of
/// the same.
#[derive(Debug, Clone)]
pub struct Budgets {
    /// Of requests and messages, until they are answered.
    pub requests: Budget,
    /// Of answers, until they are taken. It is apart, as requests wait for answers.
    pub answers: Budget,
}

/// What is kept on one connection.
#[derive(Debug)]
pub struct Load {
    all: Budgets,
    requests: Mutex<Requests>,
    answer: Mutex<Share>,
    less: Notify,
}

#[derive(Debug)]
struct Requests {
    /// Of each stream.
    streams: HashMap<u32, usize>,
    /// Of the frame that comes or goes on, and is not a stream's yet.
    passing: usize,
    total: usize,
    share: Share,
}

impl Budgets {
    /// As many bytes of requests, and of answers.
    pub fn new(requests: usize, answers: usize) -> Budgets {
        Budgets {
            requests: Budget::new(requests),
            answers: Budget::new(answers),
        }
    }

    fn of(&self, side: Side) -> &Budget {
        match side {
            Side::Client => &self.requests,
            Side::Server => &self.answers,
        }
    }
}

impl Load {
    /// Nothing yet, of a connection that keeps its part of `all`.
    pub fn new(all: &Budgets) -> Load {
        Load {
            requests: Mutex::new(Requests {
                streams: HashMap::new(),
                passing: 0,
                total: 0,
                share: all.requests.share(),
            }),
            answer: all.answers.share().into(),
            less: Notify::new(),
            all: all.clone(),
        }
    }

    /// Returns when a frame with so many bytes of data may be read from a side.
    pub(super) async fn room(&self, side: Side, length: usize) {
        let budget = self.all.of(side);
        loop {
            let (less, more) = (self.less.notified(), budget.more());
            if side == Side::Client && self.requests().total >= MOST {
                // Only answers of its own help.
                less.await;
                continue;
            }
            let has_room = match side {
                Side::Client => self.requests().pass(length),
                Side::Server => lock(&self.answer).resize(length.saturating_sub(ALWAYS)),
            };
            if has_room {
                return;
            }
            let _waiting = budget.wait();
            tokio::select! {
                () = less => {}
                () = more => {}
            }
        }
    }

    /// The frame that there was room for has gone on, or is a stream's.
    pub(super) fn passed(&self, side: Side) {
        match side {
            Side::Client => {
                let mut requests = self.requests();
                let passing = std::mem::take(&mut requests.passing);
                requests.give_back(passing);
            }
            Side::Server => {
                lock(&self.answer).resize(0);
            }
        }
    }

    /// Whether a connection waits for room for a side's frames.
    pub(super) fn is_short(&self, side: Side) -> bool {
        self.all.of(side).is_short()
    }

    /// The frame that there was room for begins a call.
    pub(super) fn open(&self, stream: u32) {
        self.requests().streams.entry(stream).or_default();
        self.add(stream);
    }

    /// It is a message of a stream. Of one that is not open it is nobody's.
    pub(super) fn add(&self, stream: u32) {
        let mut requests = self.requests();
        let passing = requests.passing;
        if let Some(size) = requests.streams.get_mut(&stream) {
            *size += passing;
            requests.passing = 0;
        }
    }

    /// A message of a stream was taken by whoever it is for.
    pub fn taken(&self, stream: u32, length: usize) {
        let mut requests = self.requests();
        if let Some(size) = requests.streams.get_mut(&stream) {
            let less = (length + EACH).min(*size);
            *size -= less;
            requests.give_back(less);
        }
        drop(requests);
        self.less.notify_waiters();
    }

    /// The call is over.
    pub(super) fn close(&self, stream: u32) {
        let mut requests = self.requests();
        let size = requests.streams.remove(&stream);
        requests.give_back(size.unwrap_or(0));
        drop(requests);
        self.less.notify_waiters();
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        lock(&self.requests)
    }
}

impl Requests {
    /// Takes room for the next frame, if there is as much.
    fn pass(&mut self, length: usize) -> bool {
        let total = self.total + length + EACH;
        if !self.share.resize(total.saturating_sub(ALWAYS)) {
            return false;
        }
        (self.total, self.passing) = (total, length + EACH);
        true
    }

    fn give_back(&mut self, bytes: usize) {
        self.total -= bytes;
        self.share.resize(self.total.saturating_sub(ALWAYS));
    }
}

/// What a mutex holds. Nobody who holds one can leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const WAIT: Duration = Duration::from_millis(1);

    async fn has_room(load: &Load, side: Side, length: usize) -> bool {
        timeout(WAIT, load.room(side, length)).await.is_ok()
    }

    #[tokio::test]
    async fn what_is_answered_or_taken_makes_room() {
        let budgets = Budgets::new(usize::MAX, 0);
        let load = Load::new(&budgets);
        assert!(has_room(&load, Side::Client, 10).await);
        load.open(1);
        assert!(has_room(&load, Side::Client, MOST).await);
        // A stream that is not open is nobody's, and its frame goes on.
        load.add(3);
        load.passed(Side::Client);
        assert!(has_room(&load, Side::Client, MOST).await);
        load.add(1);
        assert!(!has_room(&load, Side::Client, 0).await);
        // It is not the others that it waits for.
        let wait = async {
            tokio::task::yield_now().await;
            load.is_short(Side::Client)
        };
        let is_short = tokio::select! {
            biased;
            () = load.room(Side::Client, 0) => true,
            is_short = wait => is_short,
        };
        assert!(!is_short);
        load.taken(1, MOST);
        assert!(has_room(&load, Side::Client, MOST).await);
        load.open(5);
        // It is a stream's now.
        load.passed(Side::Client);
        assert!(!has_room(&load, Side::Client, 0).await);
        let (_, ()) = tokio::join!(load.room(Side::Client, 0), async { load.close(5) });
        load.close(1);
        assert!(load.requests().total == EACH && load.requests().passing == EACH);
        drop(load);
        assert_eq!(budgets.requests.left(), usize::MAX);
    }

    #[tokio::test]
    async fn connections_share_what_they_keep_of_large_frames() {
        let budgets = Budgets::new(100_000, 50_000);
        let (one, other) = (Load::new(&budgets), Load::new(&budgets));
        assert!(has_room(&one, Side::Client, 100_000).await);
        one.open(1);
        assert!(!has_room(&other, Side::Client, 50_000).await);
        // Small ones always pass, and answers are apart.
        assert!(has_room(&other, Side::Client, 10_000).await);
        assert!(has_room(&other, Side::Server, 50_000).await);
        assert!(!has_room(&one, Side::Server, 50_000).await);
        assert!(has_room(&one, Side::Server, 10_000).await);
        other.passed(Side::Server);
        assert!(has_room(&one, Side::Server, 50_000).await);
        one.passed(Side::Server);
        let room = async {
            other.room(Side::Client, 50_000).await;
            other.open(1);
        };
        let (_, ()) = tokio::join!(room, async {
            assert!(!one.is_short(Side::Server));
            one.close(1);
        });
        drop((one, other));
        assert_eq!(
            (budgets.requests.left(), budgets.answers.left()),
            (100_000, 50_000)
        );
    }
}
