//! Connections that end in the middle of something.

use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use agent_client::{Call, CallError, Connection, ErrorKind, Stage};

use crate::peer::{AMPLE, CALL, Peer, connection_and, failed, frame, ok};

/// What a client without a deadline says when the agent sends these bytes and
/// closes its side.
fn error_after(bytes: Vec<u8>) -> CallError {
    let (mut connection, peer) = connection_and(move |mut peer| {
        peer.request();
        peer.send(&bytes);
        peer.0.shutdown(Shutdown::Write).unwrap();
        peer.wait_for_end();
    });
    let began = Instant::now();
    let error = connection
        .call(&Call {
            timeout: None,
            ..CALL
        })
        .unwrap_err();
    assert!(began.elapsed() < AMPLE);
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(!connection.is_usable());
    drop(connection);
    peer.join().unwrap();
    error
}

#[test]
fn an_end_tells_where_it_was() {
    assert_eq!(
        error_after(vec![]).to_string(),
        "the agent closed the connection before it answered"
    );
    assert_eq!(
        error_after(vec![0, 0, 0, 7]).to_string(),
        "the agent closed the connection inside a frame header, after 4 of 10 bytes: 00 00 00 07"
    );
    let whole = ok(1, b"0123456789");
    assert_eq!(
        error_after(whole[..13].to_vec()).to_string(),
        "the agent closed the connection inside the data of a frame, after 3 of 14 bytes"
    );
    assert_eq!(
        error_after(whole[..10].to_vec()),
        CallError::Closed {
            stage: Stage::Data {
                received: 0,
                expected: 14
            }
        }
    );
}

#[test]
fn a_reset_is_told_apart_from_an_end() {
    let (mut connection, _peer) = connection_and(|mut peer| {
        // Closing with bytes unread resets the connection.
        let _ = peer.0.read(&mut [0; 3]);
    });
    let error = connection.call(&CALL).unwrap_err();
    assert_eq!(
        error,
        CallError::Reset {
            stage: Stage::Waiting
        }
    );
    assert_eq!(
        error.to_string(),
        "the agent reset the connection before it answered"
    );
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(!connection.is_usable());
}

#[test]
fn an_answer_that_came_before_the_end_is_taken() {
    for (early, outcome) in [
        (ok(1, b"early"), Ok(b"early".to_vec())),
        (
            failed(1, 8, "full"),
            Err("the agent answered code: RESOURCE_EXHAUSTED (8)"),
        ),
        (
            frame(1, 9, 0, b""),
            Err(
                "the agent broke the ttRPC protocol: a frame has the unknown type 9: \
                 00 00 00 00 00 00 00 01 09 00",
            ),
        ),
        (
            vec![],
            Err("the agent closed the connection while the request was sent"),
        ),
    ] {
        let (near, far) = UnixStream::pair().unwrap();
        let mut far = Peer::new(far);
        far.send(&early);
        drop(far);
        let mut connection = Connection::new(near);
        let answer = connection.call(&CALL).map_err(|error| error.to_string());
        assert_eq!(answer, outcome.map_err(str::to_owned));
        assert!(!connection.is_usable());
    }
}

#[test]
fn a_connection_that_ends_between_calls_is_noticed_before_the_next() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        peer.send(&ok(1, b""));
    });
    connection.call(&CALL).unwrap();
    peer.join().unwrap();
    let began = Instant::now();
    while connection.is_usable() && began.elapsed() < AMPLE {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!connection.is_usable());
}
