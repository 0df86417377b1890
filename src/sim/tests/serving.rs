//! The agent on addresses of its own, and its log.

use std::fs;
use std::io::{self, Write};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::libc;
use serde_json::Value;
use tokio::sync::oneshot;

use super::api::{SCHEMA, SERVICE};
use super::wire::Wire;
use crate::input::Inputs;
use crate::sim::agent::Agent;
use crate::sim::listen::{BindError, Listener};
use crate::sim::record::Recorder;
use crate::sim::serve::{ServeError, ServeOptions, run};
use crate::sim::{Faults, GuestOptions};
use crate::transport::Address;

/// The address of a socket file.
pub(super) fn at(path: &Path) -> Address {
    format!("unix://{}", path.display()).parse().unwrap()
}

/// A served agent, and the lines that it logs.
pub(super) struct Served {
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<Result<(), ServeError>>,
    log: mpsc::Receiver<Vec<u8>>,
    faults: Arc<Faults>,
}

impl Served {
    pub(super) fn at(address: Address) -> Served {
        let (lines, log) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let faults = Arc::new(Faults::new(&SCHEMA, 1));
        let thread = serve(address, Arc::clone(&faults), Box::new(Log(lines)), stopped);
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
            self.faults.add_line(line, &mut Inputs::default()).unwrap();
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
    address: Address,
    faults: Arc<Faults>,
    log: Box<dyn Write + Send>,
    stop: oneshot::Receiver<()>,
) -> JoinHandle<Result<(), ServeError>> {
    let (listening, ready) = mpsc::channel();
    let uri = address.to_string();
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let options = ServeOptions {
            address,
            guest: GuestOptions::default(),
            faults,
        };
        let ready = |uri: &str, _: &Arc<Agent>| listening.send(uri.to_owned()).unwrap();
        let log = Recorder::start(&SCHEMA, log).unwrap();
        let recorder = log.0.clone();
        let result = runtime.block_on(run(&options, &SCHEMA, log, ready, async {
            let _ = stop.await;
        }));
        drop(runtime);
        recorder.finish(Duration::from_secs(20));
        result
    });
    assert_eq!(ready.recv().unwrap(), uri);
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
fn a_socket_file_is_private_and_goes_away_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::at(at(&path));
    let mut wire = connect(&path);
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
    served.end();
    assert!(!path.exists());
    wire.leave();
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let bind = || Listener::bind(&at(&path));

    drop(UnixListener::bind(&path).unwrap());
    drop(bind().unwrap());
    assert!(!path.exists());

    let live = UnixListener::bind(&path).unwrap();
    assert!(matches!(bind(), Err(BindError::Live)));
    fs::remove_file(&path).unwrap();
    drop(live);
    let live = UnixDatagram::bind(&path).unwrap();
    assert!(matches!(bind(), Err(BindError::Live)));
    fs::remove_file(&path).unwrap();
    drop(live);

    fs::write(&path, "x").unwrap();
    assert!(matches!(bind(), Err(BindError::NotASocket("file"))));
    assert_eq!(fs::read(&path).unwrap(), b"x");
    let folder_path = at(folder.path());
    assert!(matches!(
        Listener::bind(&folder_path),
        Err(BindError::NotASocket("folder"))
    ));
}

#[test]
fn a_socket_of_somebody_else_is_left_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let ours = Listener::bind(&at(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    let _theirs = UnixListener::bind(&path).unwrap();
    drop(ours);
    assert!(path.exists());
}

#[test]
fn agents_that_start_together_leave_one_listening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    for _ in 0..20 {
        drop(UnixListener::bind(&path).unwrap());
        let address = at(&path);
        let bound: Vec<_> = thread::scope(|scope| {
            let start = || scope.spawn(|| Listener::bind(&address));
            let threads: Vec<_> = (0..4).map(|_| start()).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let listening = bound.iter().filter(|one| one.is_ok()).count();
        assert_eq!(listening, 1);
        assert!(UnixStream::connect(&path).is_ok());
    }
}

#[test]
fn an_abstract_name_is_served() {
    let name = format!("kata-agent-ctl-test-{}", std::process::id());
    let uri: Address = format!("unix://@{name}").parse().unwrap();
    let served = Served::at(uri.clone());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let mut wire = Wire::new(UnixStream::connect_addr(&address).unwrap());
    assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
    assert!(matches!(Listener::bind(&uri), Err(BindError::Live)));
    served.end();
}

#[test]
fn addresses_that_only_a_client_can_use_are_refused() {
    for uri in ["hvsock:///x:1024", "remote:///x", "mock:///x", "sim://"] {
        let address = uri.parse().unwrap();
        assert!(matches!(Listener::bind(&address), Err(BindError::Scheme)));
    }
}

#[test]
fn a_context_id_of_another_machine_is_refused() {
    // The hypervisor's: no machine has it.
    let error = Listener::bind(&"vsock://0:1024".parse().unwrap()).unwrap_err();
    let text = error.to_string();
    if let BindError::System(error) = error {
        // A kernel without vsock.
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
    } else {
        assert!(matches!(error, BindError::NotOurs(0)), "{text}");
        assert!(text.contains("vsock://-1:PORT"), "{text}");
    }
}

#[test]
fn a_log_that_takes_no_more_ends_the_agent_after_the_answer() {
    for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let (_stop, stopped) = oneshot::channel();
        let log = Box::new(Broken(kind));
        let faults = Arc::new(Faults::new(&SCHEMA, 1));
        let thread = serve(at(&path), faults, log, stopped);
        let mut wire = connect(&path);
        assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
        let result = thread.join().unwrap();
        assert!(
            matches!(&result, Err(ServeError::Output(error)) if error.kind() == kind),
            "{result:?}"
        );
        assert!(!path.exists());
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
