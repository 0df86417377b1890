//! Coming to a connection over Unix sockets, or saying why not.

use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use agent_client::transport::Refusal;
use agent_client::{Address, AddressError, ConnectError, ConnectOptions, Connection, ErrorKind};

use crate::peer::{AMPLE, CALL, Peer, SHORT, ok};

pub(crate) fn within(timeout: Duration) -> ConnectOptions {
    ConnectOptions {
        timeout,
        ..ConnectOptions::default()
    }
}

pub(crate) fn connect(address: &str, timeout: Duration) -> Result<Connection, ConnectError> {
    let address: Result<Address, AddressError> = address.parse();
    Connection::connect(&address.unwrap(), &within(timeout))
}

/// Answers one call on a connection from `listener`.
fn serve_one(listener: &UnixListener) {
    let mut peer = Peer::new(listener.accept().unwrap().0);
    peer.request();
    peer.send(&ok(1, b"here"));
}

fn unix(path: &Path) -> String {
    format!("unix://{}", path.display())
}

#[test]
fn every_address_of_a_unix_socket_reaches_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let text = path.to_str().unwrap().to_owned();
    let server = thread::spawn(move || (0..4).for_each(|_| serve_one(&listener)));
    for address in [
        format!("unix://{text}"),
        format!("remote://{text}"),
        format!("remote://{text}:1024"),
        format!("mock://{text}:0"),
    ] {
        let mut connection = connect(&address, AMPLE).unwrap();
        assert_eq!(connection.call(&CALL).unwrap(), b"here");
    }
    server.join().unwrap();
}

#[test]
fn an_abstract_name_is_taken_without_a_nul_at_its_end() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("/tmp/client-test-{}", std::process::id());
    let listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let server = thread::spawn(move || serve_one(&listener));
    let mut connection = connect(&format!("unix://@{name}"), AMPLE).unwrap();
    assert_eq!(connection.call(&CALL).unwrap(), b"here");
    server.join().unwrap();
    assert_eq!(
        connect(&format!("unix://@{name}"), Duration::ZERO)
            .unwrap_err()
            .to_string(),
        format!("cannot connect to \"unix://@{name}\": nothing listens on this socket")
    );
}

#[test]
fn an_agent_that_is_not_there_yet_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let address = unix(&path);
    let server = thread::spawn(move || {
        thread::sleep(SHORT);
        // First a socket that nobody listens on, then the agent.
        drop(UnixListener::bind(&path).unwrap());
        thread::sleep(SHORT);
        std::fs::remove_file(&path).unwrap();
        serve_one(&UnixListener::bind(&path).unwrap());
    });
    let mut connection = connect(&address, AMPLE).unwrap();
    assert_eq!(connection.call(&CALL).unwrap(), b"here");
    server.join().unwrap();
}

#[test]
fn what_may_pass_is_tried_until_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let address = unix(&path);
    let began = Instant::now();
    let error = connect(&address, SHORT).unwrap_err();
    assert!(began.elapsed() >= SHORT);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to \"{address}\": there is no such socket file (tried for 150ms)")
    );
    assert_eq!(error.kind(), ErrorKind::Connection);
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(
        connect(&address, SHORT).unwrap_err().to_string(),
        format!(
            "cannot connect to \"{address}\": nothing listens on this socket (tried for 150ms)"
        )
    );
}

#[test]
fn what_will_not_pass_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let datagrams = folder.path().join("datagrams");
    let _socket = UnixDatagram::bind(&datagrams).unwrap();
    let rows = [
        (file.clone(), "the file is not a socket"),
        (folder.path().to_owned(), "the file is not a socket"),
        (datagrams, "the socket is not a stream socket"),
        (file.join("below"), "not a directory"),
    ];
    for (path, reason) in rows {
        let began = Instant::now();
        let address = unix(&path);
        assert_eq!(
            connect(&address, AMPLE).unwrap_err().to_string(),
            format!("cannot connect to \"{address}\": {reason}")
        );
        assert!(began.elapsed() < AMPLE);
    }
}

#[test]
fn a_timeout_of_zero_is_one_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let address = unix(&folder.path().join("agent.sock"));
    assert_eq!(
        connect(&address, Duration::ZERO).unwrap_err(),
        ConnectError::Refused {
            address,
            refusal: Refusal::NoSuchFile
        }
    );
}

#[test]
fn a_listener_that_never_accepts_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    let error = connect(&unix(&path), SHORT).unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::NotInTime {
                refusal: Refusal::QueueFull,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn the_simulated_agent_is_reached_by_what_was_handed_in() {
    let missing = connect("sim://", AMPLE).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot connect to \"sim://\": there is no simulated agent here"
    );
    let options = ConnectOptions {
        sim: Some(|| {
            let (near, far) = UnixStream::pair()?;
            thread::spawn(move || {
                let mut peer = Peer::new(far);
                peer.request();
                peer.send(&ok(1, b"simulated"));
            });
            Ok(near)
        }),
        ..within(AMPLE)
    };
    let mut connection = Connection::connect(&Address::Sim, &options).unwrap();
    assert_eq!(connection.call(&CALL).unwrap(), b"simulated");
}
