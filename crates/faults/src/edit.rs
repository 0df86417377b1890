//! What is to happen to the frames of answers on one connection.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Fault;

/// What happens to the next frame of a call, which is its answer.
#[derive(Debug, PartialEq)]
pub enum Edit {
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

impl Edit {
    /// What a fault does to the answer's frame. `None` for a fault that is an
    /// answer itself.
    pub fn of(fault: &Fault) -> Option<Edit> {
        match fault {
            Fault::Reply(_) | Fault::Fail(..) => None,
            Fault::Drop => Some(Edit::Swallow),
            Fault::Close | Fault::Die => Some(Edit::Close),
            Fault::Garbage(bytes) => Some(Edit::Replace(bytes.clone())),
            Fault::Truncate(length) => Some(Edit::Cut(*length)),
        }
    }
}

/// The edits of one connection, by the stream IDs of its calls.
#[derive(Debug, Default)]
pub struct Edits(Mutex<HashMap<u32, Edit>>);

impl Edits {
    /// Has something happen to the next frame of the call with this stream ID.
    /// To be asked for before that frame is forwarded.
    pub fn add(&self, stream: u32, edit: Edit) {
        self.edits().insert(stream, edit);
    }

    /// What happens to a frame. `last` is whether it is its call's last.
    pub(crate) fn take(&self, stream: u32, last: bool) -> Option<Edit> {
        let mut edits = self.edits();
        if !last && edits.get(&stream) == Some(&Edit::Swallow) {
            return Some(Edit::Swallow);
        }
        edits.remove(&stream)
    }

    fn edits(&self) -> MutexGuard<'_, HashMap<u32, Edit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
