//! The log of an agent's requests: each one a line of JSON. Lines are written
//! by a thread of their own, so that a slow reader holds up the calls and not
//! the agent's signals. It knows nothing of what the agent answers.

mod line;
mod time;

use std::io::{self, Write};
use std::thread;
use std::time::SystemTime;

use tokio::sync::{mpsc, oneshot};
use ttrpc::asynchronous::TtrpcContext;

use crate::schema::{Reflect, Rpc, Schema};

/// How many lines may wait for the reader before calls wait as well.
const WAITING_LINES: usize = 64;

/// One request, as it came.
pub(super) struct Request<'a> {
    /// The RPC it is for.
    pub(super) rpc: &'static Rpc,
    /// What came with it.
    pub(super) context: &'a TtrpcContext,
    /// Its bytes.
    pub(super) payload: &'a [u8],
    /// What the bytes say, or why they say nothing.
    pub(super) message: Result<&'a dyn Reflect, &'a str>,
}

/// Writes requests to a log.
#[derive(Debug)]
pub(super) struct Recorder {
    schema: &'static Schema,
    lines: mpsc::Sender<Line>,
}

/// A line on its way to the writing thread.
#[derive(Debug)]
struct Line {
    text: Vec<u8>,
    written: oneshot::Sender<()>,
}

/// Tells why a recorder can write no more.
pub(super) type Failure = oneshot::Receiver<io::Error>;

impl Recorder {
    /// Starts a recorder of requests of `schema` that writes to `out`.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(super) fn start(
        schema: &'static Schema,
        mut out: Box<dyn Write + Send>,
    ) -> io::Result<(Recorder, Failure)> {
        let (lines, mut incoming) = mpsc::channel::<Line>(WAITING_LINES);
        let (failed, failure) = oneshot::channel();
        thread::Builder::new()
            .name("request-log".to_owned())
            .spawn(move || {
                while let Some(line) = incoming.blocking_recv() {
                    if let Err(error) = out.write_all(&line.text).and_then(|()| out.flush()) {
                        // Nobody may be left to hear it.
                        let _ = failed.send(error);
                        return;
                    }
                    let _ = line.written.send(());
                }
            })?;
        Ok((Recorder { schema, lines }, failure))
    }

    /// Writes one request, and returns when its line has gone out, or when no
    /// line ever will: the answer comes after the line.
    pub(super) async fn record(&self, request: &Request<'_>) {
        let (written, when_written) = oneshot::channel();
        let text = line::of(request, self.schema, SystemTime::now());
        if self.lines.send(Line { text, written }).await.is_ok() {
            let _ = when_written.await;
        }
    }
}
