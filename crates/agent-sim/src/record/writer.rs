//! The thread that writes lines, so that a slow reader holds up the calls and
//! not the agent's signals. What waits is written at once.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Item {
    /// To write a line, and to tell when it has gone out.
    Line {
        /// With its newline.
        text: Vec<u8>,
        /// Dropped if it never will.
        written: oneshot::Sender<()>,
    },
    /// To tell when all before it has gone out.
    Flush(std::sync::mpsc::Sender<()>),
}

/// Tells why a recorder can write no more.
pub type Failure = oneshot::Receiver<io::Error>;

/// So many bytes are written at once, one line at least.
const BATCH: usize = 256 << 10;

/// Starts the thread. `waiting` is how many lines it has not written yet.
///
/// # Errors
/// When no thread can be made.
pub(super) fn start(
    mut out: Box<dyn Write + Send>,
    waiting: Arc<watch::Sender<usize>>,
) -> io::Result<(mpsc::UnboundedSender<Item>, Failure)> {
    let (items, mut incoming) = mpsc::unbounded_channel();
    let (failed, failure) = oneshot::channel();
    thread::Builder::new()
        .name("call-log".to_owned())
        .spawn(move || {
            let result = write(&mut incoming, out.as_mut(), &waiting);
            // Nobody is to wait for a line any more.
            drop(incoming);
            waiting.send_replace(0);
            if let Err(error) = result {
                // Nobody may be left to hear it.
                let _ = failed.send(error);
            }
        })?;
    Ok((items, failure))
}

fn write(
    incoming: &mut mpsc::UnboundedReceiver<Item>,
    out: &mut dyn Write,
    waiting: &watch::Sender<usize>,
) -> io::Result<()> {
    let mut batch = Vec::new();
    let mut written = Vec::new();
    while let Some(first) = incoming.blocking_recv() {
        let mut next = Some(first);
        let mut flushed = Vec::new();
        while let Some(item) = next {
            match item {
                Item::Line {
                    mut text,
                    written: tell,
                } => {
                    batch.append(&mut text);
                    written.push(tell);
                }
                Item::Flush(done) => flushed.push(done),
            }
            next = match batch.len() {
                0..BATCH => incoming.try_recv().ok(),
                _ => None,
            };
        }
        out.write_all(&batch)?;
        out.flush()?;
        batch.clear();
        batch.shrink_to(BATCH);
        let lines = written.len();
        waiting.send_modify(|waiting| *waiting = waiting.saturating_sub(lines));
        for tell in written.drain(..) {
            // The call may have been given up.
            let _ = tell.send(());
        }
        for done in flushed {
            let _ = done.send(());
        }
    }
    Ok(())
}
