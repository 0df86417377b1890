//! The log of an agent's calls: each one, with its answer, a line of JSON. What
//! goes on in a call is told by whoever handles it; nothing is decided here.

mod call;
mod object;
mod writer;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use agent_schema::Schema;

use self::writer::Item;

pub(crate) use call::CallLog;
pub use writer::Failure;

/// How many lines may wait for the reader before calls wait as well.
const WAITING_LINES: usize = 1024;

/// Writes calls to a log. Clones write to the same.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    schema: &'static Schema,
    items: mpsc::UnboundedSender<Item>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Recorder {
    /// Starts a recorder of calls of `schema` that writes to `out`.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(super) fn start(
        schema: &'static Schema,
        out: Box<dyn Write + Send>,
    ) -> io::Result<(Recorder, Failure)> {
        let waiting = Arc::new(watch::Sender::new(0));
        let (items, failure) = writer::start(out, Arc::clone(&waiting))?;
        let recorder = Recorder {
            schema,
            items,
            waiting,
        };
        Ok((recorder, failure))
    }

    /// Returns when not too many lines wait for their reader.
    async fn room(&self) {
        let few = |waiting: &usize| *waiting < WAITING_LINES;
        // An error means that nobody tells any more.
        let _ = self.waiting.subscribe().wait_for(few).await;
    }

    /// Gives a line to the writing thread. What comes back ends when it has
    /// gone out, or never will.
    fn send(&self, text: Vec<u8>) -> oneshot::Receiver<()> {
        let (written, when_written) = oneshot::channel();
        self.waiting.send_modify(|lines| *lines += 1);
        if self.items.send(Item::Line { text, written }).is_err() {
            self.waiting.send_modify(|lines| *lines = 0);
        }
        when_written
    }

    /// Waits for the lines that were sent before, so long at the most. For when
    /// calls are recorded no more; to be called outside of a runtime.
    pub(super) fn finish(&self, limit: Duration) {
        let (done, when_done) = std::sync::mpsc::channel();
        if self.items.send(Item::Flush(done)).is_ok() {
            let _ = when_done.recv_timeout(limit);
        }
    }
}
