//! The connections that clients have at the moment, each with its number and
//! with what is to happen to answers on it. Handlers know a connection by the
//! socket that they were called on; bytes are not touched here.

use std::collections::HashMap;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_faults::{Edit, Edits};
use nix::sys::socket::{UnixAddr, getpeername};
use tokio::sync::Notify;

/// How long an agent that ends still writes what it answers then.
const LAST_ANSWERS: Duration = Duration::from_millis(50);

/// The name of the relay's end of the socket between it and the server.
pub(super) type Name = Vec<u8>;

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<Name, Arc<Connection>>>,
    made: AtomicU64,
    ended: Notify,
}

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    number: u64,
    edits: Edits,
    closed: Notify,
}

impl Connections {
    /// Takes up a new connection. It is let go when what comes back is dropped.
    pub(super) fn add(self: &Arc<Self>, name: Name) -> Open {
        let connection = Arc::new(Connection {
            number: self.made.fetch_add(1, Ordering::Relaxed) + 1,
            edits: Edits::default(),
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
    pub(crate) unsafe fn of(&self, socket: RawFd) -> Option<Arc<Connection>> {
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

    /// Closes all that are open now, before anything more is answered.
    pub(crate) fn close_now(&self) {
        for connection in self.open().values() {
            connection.closed.notify_one();
        }
    }

    /// Returns when none is open. For one waiter at a time.
    pub(crate) async fn none(&self) {
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
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Has something happen to the next frame of the call with this stream ID.
    /// To be asked for before the server is given that frame.
    pub(crate) fn edit(&self, stream: u32, edit: Edit) {
        self.edits.add(stream, edit);
    }

    /// What happens to answers on it.
    pub(super) fn edits(&self) -> &Edits {
        &self.edits
    }

    /// Returns once it is to be closed.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
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
