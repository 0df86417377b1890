//! What passes is looked at on the side: whoever passes bytes puts a copy into a queue and goes
//! on at once. A queue is bounded, so that a slow reader costs memory up to the bound and no
//! time. What has no room is lost, and the reader is told where and how much.
//!
//! The reader takes part of what waits at once, and has that beside it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a reader waits for more before it takes what is there. A reader that was woken
/// for each item would take the processor from those who pass bytes.
const GATHERING: Duration = Duration::from_millis(2);

/// Which part of its bound a queue hands out at once.
const PART: usize = 8;

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// An item.
    Item(T),
    /// So many items had no room here, of so many bytes.
    Lost(Loss),
}

/// How much was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    /// Items, such as frames.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Loss {
    /// Adds another loss to this one.
    pub(crate) fn add(&mut self, other: Loss) {
        self.items += other.items;
        self.bytes += other.bytes;
    }
}

/// The end of a queue that items are put into. Clones put them into the same one.
#[derive(Debug)]
pub(crate) struct Sender<T> {
    shared: Arc<Shared<T>>,
}

/// The end that they are taken from.
#[derive(Debug)]
pub(crate) struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    /// How many bytes the items may have together.
    limit: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(usize, Taken<T>)>,
    bytes: usize,
    senders: usize,
    has_receiver: bool,
}

/// A queue of items that have `limit` bytes together at most.
pub(crate) fn queue<T>(limit: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        limit,
        state: Mutex::new(State {
            items: VecDeque::new(),
            bytes: 0,
            senders: 1,
            has_receiver: true,
        }),
        changed: Condvar::new(),
    });
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    (sender, Receiver { shared })
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    /// Puts an item of so many bytes into the queue, if there is room.
    pub(crate) fn offer(&self, bytes: usize, item: T) {
        self.put(bytes, item, self.shared.limit);
    }

    /// Puts an item of so many bytes into the queue whose loss would make those behind it hard
    /// to read: it has half as much room again.
    pub(crate) fn insist(&self, bytes: usize, item: T) {
        self.put(bytes, item, self.shared.limit / 2 * 3);
    }

    fn put(&self, bytes: usize, item: T, limit: usize) {
        let mut state = self.shared.state();
        if !state.has_receiver {
            return;
        }
        // One that is larger than all of it comes too, alone.
        if state.bytes > 0 && state.bytes + bytes > limit {
            let loss = Loss {
                items: 1,
                bytes: bytes as u64,
            };
            match state.items.back_mut() {
                Some((_, Taken::Lost(before))) => before.add(loss),
                _ => state.items.push_back((0, Taken::Lost(loss))),
            }
            return;
        }
        state.bytes += bytes;
        state.items.push_back((bytes, Taken::Item(item)));
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl<T> Receiver<T> {
    /// The first of what is there, once there is something. Empty when nothing more will come.
    pub(crate) fn take(&self) -> impl Iterator<Item = Taken<T>> + use<T> {
        let mut state = self.shared.state();
        while state.items.is_empty() && state.senders > 0 {
            let waited = self.shared.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let part = self.shared.limit / PART;
        if state.senders > 0 && state.bytes < part {
            drop(state);
            std::thread::sleep(GATHERING);
            state = self.shared.state();
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes <= part
            && let Some((size, taken)) = state.items.pop_front()
        {
            bytes += size;
            batch.push(taken);
        }
        state.bytes -= bytes;
        batch.into_iter()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.state().senders += 1;
        Sender {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.state().senders -= 1;
        self.shared.changed.notify_all();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.has_receiver = false;
        state.items.clear();
        state.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn all_of<T>(receiver: &Receiver<T>) -> Vec<Taken<T>> {
        let mut all = Vec::new();
        loop {
            let before = all.len();
            all.extend(receiver.take());
            if all.len() == before {
                return all;
            }
        }
    }

    #[test]
    fn what_is_taken_at_once_is_bounded_too() {
        let (sender, receiver) = queue(100);
        for number in 0..50 {
            sender.offer(2, number);
        }
        assert_eq!(receiver.take().count(), 7);
        for number in 50..60 {
            sender.offer(2, number);
        }
        drop(sender);
        let mut expected: Vec<_> = (7..57).map(Taken::Item).collect();
        expected.push(Taken::Lost(Loss { items: 3, bytes: 6 }));
        assert_eq!(all_of(&receiver), expected);
    }

    #[test]
    fn what_is_insisted_on_is_bounded_too() {
        let (sender, receiver) = queue(100);
        sender.offer(90, 0);
        for number in 1..20 {
            sender.insist(10, number);
        }
        drop(sender);
        let mut expected: Vec<_> = (0..7).map(Taken::Item).collect();
        expected.push(Taken::Lost(Loss {
            items: 13,
            bytes: 130,
        }));
        assert_eq!(all_of(&receiver), expected);
    }

    #[test]
    fn items_come_in_order_and_end_with_the_last_sender() {
        let (sender, receiver) = queue(100);
        let other = sender.clone();
        let thread = thread::spawn(move || all_of(&receiver));
        for number in 0..5 {
            sender.offer(10, number);
        }
        drop(sender);
        other.insist(10, 5);
        drop(other);
        assert_eq!(
            thread.join().unwrap(),
            (0..6).map(Taken::Item).collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_has_no_room_is_counted_where_it_is_missing() {
        let (sender, receiver) = queue(100);
        for size in [60, 50, 70, 40, 1] {
            sender.offer(size, size);
        }
        sender.insist(0, 0);
        drop(sender);
        let loss = |items, bytes| Taken::Lost(Loss { items, bytes });
        let taken = all_of(&receiver);
        let expected = [
            Taken::Item(60),
            loss(2, 120),
            Taken::Item(40),
            loss(1, 1),
            Taken::Item(0),
        ];
        assert_eq!(taken, expected);
    }

    #[test]
    fn an_item_that_is_too_large_comes_alone() {
        let (sender, receiver) = queue(100);
        for size in [200, 1] {
            sender.offer(size, size);
        }
        drop(sender);
        let loss = Taken::Lost(Loss { items: 1, bytes: 1 });
        assert_eq!(all_of(&receiver), [Taken::Item(200), loss]);
    }

    #[test]
    fn nothing_is_kept_for_a_receiver_that_is_gone() {
        let (sender, receiver) = queue(100);
        sender.offer(10, ());
        drop(receiver);
        sender.insist(10, ());
        let state = sender.shared.state();
        assert_eq!((state.items.len(), state.bytes), (0, 0));
    }
}
