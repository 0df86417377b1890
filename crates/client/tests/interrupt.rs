//! Signals while the client waits. One test in a process of its own, since a
//! signal reaches everything in a process.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use agent_client::interrupt::{self, Interrupted};
use agent_client::{Call, CallError, ConnectError, ConnectOptions, Connection, ErrorKind};
use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;

const AMPLE: Duration = Duration::from_secs(30);

/// Has `signal` come in a moment, and then checks that it was noticed.
fn interrupted<T>(signal: Signal, wait: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        kill(getpid(), signal).unwrap();
    });
    let outcome = wait();
    sender.join().unwrap();
    assert!(began.elapsed() < AMPLE);
    assert!(interrupt::is_raised());
    interrupt::clear();
    assert_eq!(interrupt::check(), Ok(()));
    outcome
}

#[test]
fn a_signal_ends_every_wait_and_can_be_forgotten() {
    interrupt::install().unwrap();
    interrupt::install().unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(near);
    let call = Call {
        service: "s",
        method: "m",
        payload: &[],
        metadata: &[],
        timeout: None,
    };

    // In the wait for an answer, with either signal; the connection lives.
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let error = interrupted(signal, || connection.call(&call)).unwrap_err();
        assert_eq!(error, CallError::Interrupted);
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(connection.is_usable());
    }

    // Before the wait began.
    kill(getpid(), Signal::SIGINT).unwrap();
    let began = Instant::now();
    while !interrupt::is_raised() && began.elapsed() < AMPLE {
        thread::yield_now();
    }
    assert_eq!(connection.call(&call), Err(CallError::Interrupted));
    assert_eq!(interrupt::sleep(AMPLE), Err(Interrupted));
    interrupt::clear();

    // In a write that blocks, which leaves a frame unfinished.
    let large = Call {
        payload: &vec![0; 4_000_000],
        ..call
    };
    let error = interrupted(Signal::SIGINT, || connection.call(&large)).unwrap_err();
    assert_eq!(error, CallError::Interrupted);
    assert!(!connection.is_usable());

    // In the sleep, in the pause between attempts to connect, and in a handshake.
    assert_eq!(
        interrupted(Signal::SIGINT, || interrupt::sleep(AMPLE)),
        Err(Interrupted)
    );
    assert_eq!(interrupt::sleep(Duration::from_millis(1)), Ok(()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let options = ConnectOptions {
        timeout: AMPLE,
        ..ConnectOptions::default()
    };
    let missing = format!("unix://{}", path.display()).parse().unwrap();
    let error =
        interrupted(Signal::SIGINT, || Connection::connect(&missing, &options)).unwrap_err();
    assert_eq!(error, ConnectError::Interrupted);
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    let _listener = UnixListener::bind(&path).unwrap();
    let silent = format!("hvsock://{}:1", path.display()).parse().unwrap();
    let error = interrupted(Signal::SIGINT, || Connection::connect(&silent, &options)).unwrap_err();
    assert_eq!(error, ConnectError::Interrupted);
}
