//! The agent on addresses of its own, and its log.

use std::fs;
use std::io::{self, Write};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::libc;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ttrpc::proto::{FLAG_NO_DATA, KeyValue};

use super::api::{SCHEMA, SERVICE};
use super::unary::pair;
use super::wire::{Frame, Wire, request};
use crate::sim::GuestOptions;
use crate::sim::listen::{BindError, Listener};
use crate::sim::serve::{ServeError, ServeOptions, run};
use crate::transport::Address;

/// The address of a socket file.
fn at(path: &Path) -> Address {
    format!("unix://{}", path.display()).parse().unwrap()
}

/// A served agent, and the lines that it logs.
struct Served {
    stop: Option<oneshot::Sender<()>>,
    thread: JoinHandle<Result<(), ServeError>>,
    log: mpsc::Receiver<Vec<u8>>,
}

impl Served {
    fn at(address: Address) -> Served {
        let (lines, log) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = serve(address, Box::new(Log(lines)), stopped);
        Served {
            stop: Some(stop),
            thread,
            log,
        }
    }

    /// The next line.
    fn line(&self) -> Value {
        let line = self.log.recv_timeout(Duration::from_secs(20)).unwrap();
        let line = String::from_utf8(line).unwrap();
        let text = line.strip_suffix('\n').unwrap();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        serde_json::from_str(text).unwrap()
    }

    fn end(mut self) {
        drop(self.stop.take());
        self.thread.join().unwrap().unwrap();
    }
}

/// Serves on a thread until the other end of `stop` is dropped.
fn serve(
    address: Address,
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
        };
        let ready = |uri: &str| listening.send(uri.to_owned()).unwrap();
        runtime.block_on(run(&options, &SCHEMA, log, ready, async {
            let _ = stop.await;
        }))
    });
    assert_eq!(ready.recv().unwrap(), uri);
    thread
}

/// A log of which each write is one line.
struct Log(mpsc::Sender<Vec<u8>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        // A test may not care for the rest of the log.
        let _ = self.0.send(text.to_vec());
        Ok(text.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn connect(path: &Path) -> Wire {
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
fn requests_are_logged_before_they_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::at(at(&path));
    let mut wire = connect(&path);

    let mut call = request(SERVICE, "Plain", &pair("x"));
    call.timeout_nano = 5_000_000_000;
    for (key, value) in [("b", "1"), ("a", "\u{9b}2"), ("b", "3")] {
        call.metadata.push(KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
            ..KeyValue::default()
        });
    }
    wire.request(1, 0, &call);
    wire.receive();
    let mut line = served.line();
    let time = line.as_object_mut().unwrap().remove("time").unwrap();
    let time = time.as_str().unwrap();
    assert_eq!(time.len(), "2026-01-31T23:59:59.000001Z".len());
    assert!(time.starts_with("20") && time.ends_with('Z'));
    assert_eq!(
        line,
        json!({
            "service": SERVICE,
            "method": "Plain",
            "request": {"key": "x"},
            "metadata": {"a": ["\u{9b}2"], "b": ["1", "3"]},
            "timeout_nano": 5_000_000_000_u64,
        })
    );

    wire.call(SERVICE, "Plain", b"\xff\x01");
    let line = served.line();
    assert_eq!(line["payload"], "ff01");
    assert_eq!(line["request"], Value::Null);
    let error = line["error"].as_str().unwrap();
    assert!(error.starts_with("the request is not a valid test.Pair: "));

    wire.request(3, FLAG_NO_DATA, &request(SERVICE, "Both", b""));
    for key in ["y", "z"] {
        wire.send(&Frame::data(3, &pair(key)));
        wire.receive();
        let line = served.line();
        assert_eq!(line["stream"], 3);
        assert_eq!(line["request"], json!({"key": key}));
    }
    served.end();
}

#[test]
fn a_log_that_takes_no_more_ends_the_agent_after_the_answer() {
    for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let (_stop, stopped) = oneshot::channel();
        let log = Box::new(Broken(kind));
        let thread = serve(at(&path), log, stopped);
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
