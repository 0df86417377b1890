//! What a call has got done while it waits. Its row is run again from the start
//! after each wait and finds here what it has put down.

use std::sync::Arc;

use crate::state::{Task, Turn};

/// What one call has got done.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The process it is about, which may have been forgotten since.
    pub(super) task: Option<Arc<Task>>,
    /// How many bytes of its request it has written.
    pub(super) written: usize,
    /// Its turn at writing.
    pub(super) turn: Option<Turn>,
    /// Which agent it was made to: that agent may have been restarted since.
    pub(super) generation: Option<u64>,
}
