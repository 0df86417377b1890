//! The agent on a socket that it is handed, and its log.

use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_faults::{Faults, Reader, ReaderError};
use agent_schema::{Dialect, Plain, Schema};
use serde_json::Value;
use tokio::sync::oneshot;

use super::api::{SCHEMA, SERVICE};
use super::wire::Wire;
use crate::{GuestOptions, ServeError, Setup};

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
pub(super) struct Served {
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<Result<(), ServeError>>,
    log: mpsc::Receiver<Vec<u8>>,
    faults: Arc<Faults>,
}

impl Served {
    pub(super) fn at(path: &Path) -> Served {
        Self::of(&SCHEMA, path)
    }

    /// The same with another API.
    pub(super) fn of(schema: &'static Schema, path: &Path) -> Served {
        let (lines, log) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let faults = Arc::new(Faults::new(schema, 1));
        let log_to = Box::new(Log(lines));
        let thread = serve(schema, path, Arc::clone(&faults), log_to, stopped);
        Served {
            stop: Some(stop),
            thread,
            log,
            faults,
        }
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
    pub(super) fn end_and_log(mut self) -> Vec<Vec<u8>> {
        drop(self.stop.take());
        self.thread.join().unwrap().unwrap();
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

/// Serves on a thread until the other end of `stop` is dropped.
fn serve(
    schema: &'static Schema,
    path: &Path,
    faults: Arc<Faults>,
    log: Box<dyn Write + Send>,
    stop: oneshot::Receiver<()>,
) -> JoinHandle<Result<(), ServeError>> {
    let (listening, ready) = mpsc::channel();
    let listener = UnixListener::bind(path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let thread = thread::spawn(move || {
        let setup = Setup {
            schema,
            guest: GuestOptions::default(),
            faults,
            log,
            notify: Box::new(|_| {}),
        };
        let stop = async {
            let _ = stop.await;
        };
        let open = || Ok((listener.into(), stop));
        crate::serve(setup, open, |_| listening.send(()).unwrap())
    });
    ready.recv().unwrap();
    thread
}

/// A log that is taken line by line.
struct Log(mpsc::Sender<Vec<u8>>);

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

pub(super) fn connect(path: &Path) -> Wire {
    Wire::new(UnixStream::connect(path).unwrap())
}

#[test]
fn a_log_that_takes_no_more_ends_the_agent_after_the_answer() {
    for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let (_stop, stopped) = oneshot::channel();
        let log = Box::new(Broken(kind));
        let faults = Arc::new(Faults::new(&SCHEMA, 1));
        let thread = serve(&SCHEMA, &path, faults, log, stopped);
        let mut wire = connect(&path);
        assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
        let result = thread.join().unwrap();
        assert!(
            matches!(&result, Err(ServeError::Log(error)) if error.kind() == kind),
            "{result:?}"
        );
    }
}

/// A log that takes nothing.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
