//! The agent with connections that it is handed, and its log.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_faults::{Faults, Reader, ReaderError};
use agent_schema::{Dialect, Plain, Schema};
use serde_json::Value;
use tokio::sync::mpsc;

use super::api::SCHEMA;
use super::wire::Wire;
use crate::{GuestOptions, Served, Setup};

/// Reads no file.
struct NoFiles;

impl Reader for NoFiles {
    fn text(&mut self, name: &str) -> Result<String, ReaderError> {
        Err(format!("{name:?} is not read here").into())
    }

    fn dialect(&self) -> &dyn Dialect {
        &Plain
    }
}

/// A served agent, and the lines that it logs.
pub(super) struct Running {
    clients: mpsc::UnboundedSender<UnixStream>,
    thread: JoinHandle<()>,
    log: std_mpsc::Receiver<Vec<u8>>,
    faults: Arc<Faults>,
}

impl Running {
    pub(super) fn start() -> Running {
        Running::of(&SCHEMA)
    }

    /// The same with another API.
    pub(super) fn of(schema: &'static Schema) -> Running {
        let (lines, log) = std_mpsc::channel();
        let faults = Arc::new(Faults::new(schema, 1));
        let setup = Setup {
            schema,
            guest: GuestOptions::default(),
            policy: None,
            recorded: None,
            hybrid_port: None,
            faults: Arc::clone(&faults),
            log: Box::new(Log(lines)),
        };
        let (served, _) = Served::start(setup).unwrap();
        let (clients, mut made) = mpsc::unbounded_channel::<UnixStream>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            let served = Arc::new(served);
            runtime.block_on(async {
                while let Some(client) = made.recv().await {
                    client.set_nonblocking(true).unwrap();
                    let client = tokio::net::UnixStream::from_std(client).unwrap();
                    let served = Arc::clone(&served);
                    tokio::spawn(async move { served.connection(client).await });
                }
            });
            runtime.shutdown_background();
            served.finish();
        });
        Running {
            clients,
            thread,
            log,
            faults,
        }
    }

    pub(super) fn connect(&self) -> Wire {
        let (ours, theirs) = UnixStream::pair().unwrap();
        self.clients.send(theirs).unwrap();
        Wire::new(ours)
    }

    /// Adds rules.
    pub(super) fn rules(&self, lines: &[&str]) {
        for line in lines {
            self.faults.add_line(line, &mut NoFiles).unwrap();
        }
    }

    /// The next line.
    pub(super) fn line(&self) -> Value {
        line(self.log.recv_timeout(Duration::from_secs(20)).unwrap())
    }

    /// The next line, which has been written already.
    pub(super) fn line_now(&self) -> Value {
        line(self.log.try_recv().unwrap())
    }

    pub(super) fn end(self) {
        self.end_and_log();
    }

    /// Ends it. What nobody has taken of the log comes back.
    pub(super) fn end_and_log(self) -> Vec<Vec<u8>> {
        drop(self.clients);
        self.thread.join().unwrap();
        self.log.try_iter().collect()
    }
}

/// A line of the log, which no terminal acts on.
fn line(line: Vec<u8>) -> Value {
    let line = String::from_utf8(line).unwrap();
    let text = line.strip_suffix('\n').unwrap();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    serde_json::from_str(text).unwrap()
}

/// A log that is taken line by line.
struct Log(std_mpsc::Sender<Vec<u8>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            // A test may not care for the rest of the log.
            let _ = self.0.send(line.to_vec());
        }
        Ok(text.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
