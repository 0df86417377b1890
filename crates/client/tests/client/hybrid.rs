//! The hybrid vsock handshake, with devices that do it right and wrong.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_client::transport::Refusal;
use agent_client::{ConnectError, Connection};
use tempfile::TempDir;

use crate::connecting::connect;
use crate::peer::{AMPLE, CALL, Peer, SHORT, ok};

/// A hypervisor's socket that does `script` with each connection in turn, and
/// its address for guest port 1024.
struct Device {
    address: String,
    thread: JoinHandle<()>,
    _folder: TempDir,
}

impl Device {
    fn new(scripts: Vec<fn(Peer)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The address is split at its last colon.
        let path = folder.path().join("clh:1.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let thread = thread::spawn(move || {
            for script in scripts {
                script(Peer::new(listener.accept().unwrap().0));
            }
        });
        Device {
            address: format!("hvsock://{}:1024", path.display()),
            thread,
            _folder: folder,
        }
    }
}

fn outcome(script: fn(Peer), timeout: Duration) -> Result<Connection, ConnectError> {
    let device = Device::new(vec![script]);
    let connection = connect(&device.address, timeout);
    device.thread.join().unwrap();
    connection
}

fn refusal(script: fn(Peer), timeout: Duration) -> Refusal {
    match outcome(script, timeout).unwrap_err() {
        ConnectError::Refused { refusal, .. } | ConnectError::NotInTime { refusal, .. } => refusal,
        ConnectError::Interrupted => panic!("interrupted"),
    }
}

fn take_connect(peer: &mut Peer) {
    let mut line = [0; 64];
    // One read: the line comes in one write.
    let count = peer.0.read(&mut line).unwrap();
    assert_eq!(&line[..count], b"CONNECT 1024\n");
}

#[test]
fn nothing_is_sent_before_ok_and_nothing_after_it_is_lost() {
    let device = Device::new(vec![|mut peer| {
        take_connect(&mut peer);
        peer.assert_silence();
        // An answer right behind the line, before its request, is not part of the line.
        peer.send(&[b"OK 1073741824\n".to_vec(), ok(1, b"early")].concat());
        assert_eq!(peer.0.read(&mut [0]).unwrap(), 0);
    }]);
    let mut connection = connect(&device.address, AMPLE).unwrap();
    let error = connection.call(&CALL).unwrap_err().to_string();
    assert!(
        error.contains("stream 1 came before the call's request was sent"),
        "{error}"
    );
    drop(connection);
    device.thread.join().unwrap();
}

#[test]
fn a_guest_that_is_not_up_yet_is_waited_for() {
    let device = Device::new(vec![
        |mut peer| take_connect(&mut peer),
        // Unread bytes make this a reset.
        |mut peer| drop(peer.0.read(&mut [0])),
        drop,
        |mut peer| {
            take_connect(&mut peer);
            for byte in b"OK 5\n" {
                peer.send(&[*byte]);
            }
            peer.request();
            peer.send(&ok(1, b"up"));
        },
    ]);
    let mut connection = connect(&device.address, AMPLE).unwrap();
    assert_eq!(connection.call(&CALL).unwrap(), b"up");
    device.thread.join().unwrap();
}

#[test]
fn the_last_reason_is_told() {
    let close: fn(Peer) = |mut peer| take_connect(&mut peer);
    let error = outcome(close, Duration::ZERO).unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with(
            "clh:1.sock:1024\": the hypervisor closed the connection without an answer: \
             nothing listens on this port of the guest, or the guest is not up"
        ),
        "{text}"
    );
    let reset: fn(Peer) = |mut peer| drop(peer.0.read(&mut [0]));
    assert_eq!(refusal(reset, Duration::ZERO), Refusal::HandshakeReset);
}

#[test]
fn a_silent_device_is_given_up_in_time() {
    let silent: fn(Peer) = |mut peer| {
        take_connect(&mut peer);
        peer.wait_for_end();
    };
    let error = outcome(silent, SHORT).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "the hypervisor took the connection and did not answer CONNECT (tried for 150ms)"
        ),
        "{error}"
    );
}

#[test]
fn a_wrong_answer_is_shown_and_not_tried_again() {
    let refuse: fn(Peer) = |mut peer| {
        take_connect(&mut peer);
        peer.send(b"ERR \"no\"\x1b\xff\r\nmore");
    };
    assert_eq!(
        refusal(refuse, AMPLE).to_string(),
        r#"the hypervisor answered CONNECT with "ERR \"no\"\x1b\xff\r" instead of OK"#
    );
    let bare: fn(Peer) = |mut peer| {
        take_connect(&mut peer);
        peer.send(b"OK\n");
    };
    assert_eq!(
        refusal(bare, AMPLE).to_string(),
        "the hypervisor answered CONNECT with \"OK\" without a port after it"
    );
    let cut: fn(Peer) = |mut peer| {
        take_connect(&mut peer);
        peer.send(b"OK 10");
    };
    assert_eq!(
        refusal(cut, AMPLE).to_string(),
        "the hypervisor's answer to CONNECT stopped after \"OK 10\""
    );
    let endless: fn(Peer) = |mut peer| {
        take_connect(&mut peer);
        let _ = peer.0.write_all(&[b'x'; 5000]);
        peer.wait_for_end();
    };
    assert_eq!(
        refusal(endless, AMPLE).to_string(),
        format!(
            "the hypervisor's answer to CONNECT has no end: \"{}\" and 4064 more bytes",
            "x".repeat(32)
        )
    );
}

#[test]
fn the_socket_file_itself_may_come_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clh.sock");
    let address = format!("hvsock://{}:7", path.display());
    let thread = thread::spawn(move || {
        thread::sleep(SHORT);
        let listener = UnixListener::bind(&path).unwrap();
        let mut stream: UnixStream = listener.accept().unwrap().0;
        let mut line = [0; 10];
        stream.read_exact(&mut line).unwrap();
        assert_eq!(&line, b"CONNECT 7\n");
        stream.write_all(b"OK 7\n").unwrap();
    });
    connect(&address, AMPLE).unwrap();
    thread.join().unwrap();
}
