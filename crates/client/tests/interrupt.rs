//! Signals while the client waits. A signal reaches everything in a process, so only one test
//! here raises any in its own.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::env;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use agent_client::interrupt::{self, Interrupted};
use agent_client::{Call, CallError, ConnectError, ConnectOptions, Connection, ErrorKind};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
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

    // A line editor hears a SIGTERM as a SIGINT, although it does not listen at first.
    kill(getpid(), Signal::SIGTERM).unwrap();
    interrupt::while_editing(|| {
        thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        let handler = SigHandler::Handler(editor);
        let previous = handle(&SigAction::new(handler, SaFlags::empty(), SigSet::empty()));
        while !EDITOR_HEARD.load(Ordering::SeqCst) {
            assert!(began.elapsed() < AMPLE);
            thread::sleep(Duration::from_millis(1));
        }
        handle(&previous);
    });
    assert!(interrupt::is_terminated());
}

static EDITOR_HEARD: AtomicBool = AtomicBool::new(false);

extern "C" fn editor(_signal: i32) {
    EDITOR_HEARD.store(true, Ordering::SeqCst);
}

/// Has SIGINT handled so, and gives how it was before.
fn handle(action: &SigAction) -> SigAction {
    // SAFETY: the handlers only set flags and write to a socket.
    unsafe { sigaction(Signal::SIGINT, action) }.unwrap()
}

#[test]
fn a_second_signal_ends_the_process() {
    const CHILD: &str = "AGENT_CLIENT_TEST_CHILD";
    if env::var_os(CHILD).is_some() {
        interrupt::install().unwrap();
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            thread::sleep(Duration::from_millis(50));
            kill(getpid(), signal).unwrap();
        }
        thread::sleep(AMPLE);
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["a_second_signal_ends_the_process", "--exact"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(130), "{child:?}");
}
