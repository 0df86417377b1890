//! The connections that clients have at the moment, each with its number and
//! with what is to happen to answers on it. Handlers know a connection by the
//! socket that they were called on; bytes are not touched here.

use std::collections::HashMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::socket::{UnixAddr, getpeername};
use tokio::sync::Notify;

/// How long an agent that ends still writes what it answers then.
const LAST_ANSWERS: Duration = Duration::from_millis(50);

/// The name of the relay's end of the socket between it and the server.
pub(super) type Name = Vec<u8>;

/// All connections.
#[derive(Debug, Default)]
pub(in crate::sim) struct Connections {
    open: Mutex<HashMap<Name, Arc<Connection>>>,
    made: AtomicU64,
    ended: Notify,
}

/// One client's connection.
#[derive(Debug)]
pub(in crate::sim) struct Connection {
    number: u64,
    edits: Mutex<HashMap<u32, Edit>>,
    closed: Notify,
}

/// What happens to the next frame of a call, which is its answer.
#[derive(Debug, PartialEq)]
pub(in crate::sim) enum Edit {
    /// None of the call's frames goes out, up to its last.
    Swallow,
    /// These bytes go out in its place.
    Replace(Vec<u8>),
    /// So many of its bytes go out, or half of them, and then the connection
    /// is closed.
    Cut(Option<usize>),
    /// The connection is closed instead.
    Close,
    /// It goes out, and then the agent ends: every connection is closed.
    Last,
}

impl Connections {
    /// Takes up a new connection. It is let go when what comes back is dropped.
    pub(super) fn add(self: &Arc<Self>, name: Name) -> Open {
        let connection = Arc::new(Connection {
            number: self.made.fetch_add(1, Ordering::Relaxed) + 1,
            edits: Mutex::default(),
            closed: Notify::new(),
        });
        self.open().insert(name.clone(), Arc::clone(&connection));
        Open {
            connections: Arc::clone(self),
            name,
            connection,
        }
    }

    /// The connection behind a socket of the server.
    ///
    /// # Safety
    /// `socket` must be open for the length of this call.
    pub(in crate::sim) unsafe fn of(&self, socket: RawFd) -> Option<Arc<Connection>> {
        // SAFETY: the caller promises that it is open.
        let socket = unsafe { BorrowedFd::borrow_raw(socket) };
        let name: UnixAddr = getpeername(socket.as_raw_fd()).ok()?;
        self.open().get(name.as_abstract()?).map(Arc::clone)
    }

    /// Closes all that are open now, once the calls on them that end with the
    /// agent have had time for their last answers.
    pub(super) async fn close(&self) {
        let open: Vec<_> = self.open().values().map(Arc::clone).collect();
        tokio::time::sleep(LAST_ANSWERS).await;
        for connection in open {
            connection.closed.notify_one();
        }
    }

    /// Returns when none is open. For one waiter at a time.
    pub(in crate::sim) async fn none(&self) {
        while !self.open().is_empty() {
            self.ended.notified().await;
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Name, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Its number, from 1 in the order in which connections were made.
    pub(in crate::sim) fn number(&self) -> u64 {
        self.number
    }

    /// Has something happen to the next frame of the call with this stream ID.
    /// To be asked for before the server is given that frame.
    pub(in crate::sim) fn edit(&self, stream: u32, edit: Edit) {
        self.edits().insert(stream, edit);
    }

    /// What happens to a frame. `last` is whether it is its call's last.
    pub(super) fn edit_of(&self, stream: u32, last: bool) -> Option<Edit> {
        let mut edits = self.edits();
        if !last && edits.get(&stream) == Some(&Edit::Swallow) {
            return Some(Edit::Swallow);
        }
        edits.remove(&stream)
    }

    /// Returns once it is to be closed.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    fn edits(&self) -> MutexGuard<'_, HashMap<u32, Edit>> {
        self.edits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for as long as it is open.
#[derive(Debug)]
pub(super) struct Open {
    connections: Arc<Connections>,
    name: Name,
    /// The connection.
    pub(super) connection: Arc<Connection>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.open().remove(&self.name);
        self.connections.ended.notify_one();
    }
}
