//! A connection as it is told: what is said on it goes to the [`Log`], with its beginning and its
//! end, whoever carries the bytes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::conversation::{Conversation, Direction};
use crate::log::Log;
use crate::recorder::{Event, What};

/// One connection. Its end is told when it is dropped, as it is when the proxy ends.
pub(crate) struct Connection {
    number: u64,
    log: Log,
    conversation: Mutex<Conversation>,
    /// How many bytes have passed in each direction.
    passed: [AtomicU64; 2],
    /// Why it ended, if not by one of the two sides.
    reason: Mutex<Option<String>>,
}

impl Connection {
    /// A connection that begins. `text` says from where to where.
    pub(crate) fn open(number: u64, log: Log, port: u32, text: String) -> Connection {
        let connection = Connection {
            number,
            conversation: Conversation::new(port, log.kept()).into(),
            log,
            passed: Default::default(),
            reason: Mutex::default(),
        };
        let event = connection.event(What::Open { text });
        connection.log.insist(event);
        connection
    }

    /// Its number, counted from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Takes note that bytes may be missing here, and looks for the next frame.
    pub(crate) fn lose(&self) {
        lock(&self.conversation).lose();
    }

    /// Takes note of why it ends from here on; none if by one of its two sides.
    pub(crate) fn ends_by(&self, reason: Option<String>) {
        *lock(&self.reason) = reason;
    }

    /// Takes note of bytes that have passed.
    pub(crate) fn see(&self, direction: Direction, bytes: &[u8]) {
        let count = bytes.len() as u64;
        self.passed[direction.index()].fetch_add(count, Ordering::Relaxed);
        lock(&self.conversation).feed(direction, bytes, |piece| {
            self.log.offer(self.event(What::Said(direction, piece)));
        });
    }

    /// Whether ttRPC is spoken in a direction, as far as it has come.
    pub(crate) fn has_frames(&self, direction: Direction) -> bool {
        lock(&self.conversation).has_frames(direction)
    }

    /// Takes note of the end of one direction.
    pub(crate) fn see_end(&self, direction: Direction) {
        lock(&self.conversation).end(direction, |piece| {
            self.log.offer(self.event(What::Said(direction, piece)));
        });
    }

    /// Takes note of a rule that is applied to the call on a stream.
    pub(crate) fn see_fault(&self, stream: u32, kind: &'static str, passes: bool) {
        self.log.offer(self.event(What::Fault {
            stream,
            kind,
            passes,
        }));
    }

    fn event(&self, what: What) -> Event {
        Event {
            connection: self.number,
            time: SystemTime::now(),
            what,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.log.insist(self.event(What::Close {
            to_agent: self.passed[Direction::ToAgent.index()].load(Ordering::Relaxed),
            to_runtime: self.passed[Direction::ToRuntime.index()].load(Ordering::Relaxed),
            reason: lock(&self.reason).take(),
        }));
    }
}

/// What a mutex holds. Nobody who holds one can leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
