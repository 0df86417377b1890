//! Connections that end in the middle of something.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use agent_client::{Call, CallError, Connection, ErrorKind, Stage};

use crate::peer::{AMPLE, CALL, SHORT, connection_and, failed, frame, ok};

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

/// What a call with a large request ends with when the agent reads no more than the
/// request's header, sends `early`, and closes its end if it is to.
fn answered_early(early: Vec<u8>, closes: bool) -> Result<Vec<u8>, String> {
    let (mut connection, peer) = connection_and(move |mut peer| {
        peer.0.read_exact(&mut [0; 10]).unwrap();
        peer.send(&early);
        if !closes {
            peer.wait_until_gone();
        }
    });
    let payload = vec![0; 4_000_000];
    let call = Call {
        payload: &payload,
        ..CALL
    };
    let answer = connection.call(&call).map_err(|error| error.to_string());
    assert!(!connection.is_usable());
    drop(connection);
    peer.join().unwrap();
    answer
}

#[test]
fn why_an_agent_takes_no_request_is_told_though_it_stops_reading() {
    for closes in [false, true] {
        for (early, error) in [
            (
                failed(1, 8, "full"),
                "the agent answered code: RESOURCE_EXHAUSTED (8)",
            ),
            (
                ok(1, b"early"),
                "the agent broke the ttRPC protocol: a frame for stream 1 came before the \
                 call's request was sent: 00 00 00 09 00 00 00 01 02 00",
            ),
            (
                frame(1, 9, 0, b""),
                "the agent broke the ttRPC protocol: a frame has the unknown type 9: \
                 00 00 00 00 00 00 00 01 09 00",
            ),
        ] {
            assert_eq!(answered_early(early, closes), Err(error.to_owned()));
        }
    }
    let error = answered_early(vec![], true).unwrap_err();
    assert!(error.contains("while the request was sent"), "{error}");
}

#[test]
fn an_agent_that_writes_much_before_it_reads_on_is_no_deadlock() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        thread::sleep(SHORT * 2);
        // The late answer is more than a socket takes, and the next request is too.
        peer.send(&ok(1, &vec![0; 4_000_000]));
        peer.request();
        peer.send(&ok(3, b"b"));
    });
    let hasty = Call {
        timeout: Some(SHORT),
        ..CALL
    };
    let error = connection.call(&hasty).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let payload = vec![0; 4_000_000];
    let large = Call {
        payload: &payload,
        ..CALL
    };
    assert_eq!(connection.call(&large).unwrap(), b"b");
    peer.join().unwrap();
}

#[test]
fn an_answer_that_is_there_before_its_request_is_refused() {
    for early in [
        ok(1, b"early"),
        failed(1, 8, "full"),
        ok(1, b"cut")[..12].to_vec(),
    ] {
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(&early).unwrap();
        let mut connection = Connection::new(near);
        let error = connection.call(&CALL).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a frame for stream 1 came before the call's request"),
            "{error}"
        );
        assert_eq!(connection.call(&CALL), Err(CallError::Unusable));
        far.set_nonblocking(true).unwrap();
        assert!(far.read(&mut [0]).is_err(), "something was sent");
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
        thread::sleep(Duration::from_millis(1));
    }
    assert!(!connection.is_usable());
}
