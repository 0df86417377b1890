//! Streams in every direction, held to the bytes of each frame.

use std::io::Read;
use std::thread;
use std::time::Duration;

use agent_client::{Call, CallError, ErrorKind, Stage, StreamReceiver};
use protobuf::Message;
use ttrpc::proto::Request;

use crate::peer::{CALL, DATA, REQUEST, RESPONSE, SHORT, connection_and, failed, frame, ok};

const REMOTE_CLOSED: u8 = 1;
const REMOTE_OPEN: u8 = 2;
const NO_DATA: u8 = 4;

/// What is left of a stream, to its end.
pub(crate) fn rest(receiver: &mut StreamReceiver<'_>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(message) = receiver.next_message().unwrap() {
        messages.push(String::from_utf8(message).unwrap());
    }
    assert_eq!(receiver.next_message(), Ok(None));
    messages
}

pub(crate) fn call(method: &'static str, payload: &'static [u8]) -> Call<'static> {
    Call {
        service: "test.Streams",
        method,
        payload,
        ..CALL
    }
}

#[test]
fn the_agent_streams() {
    let (mut connection, peer) = connection_and(|mut peer| {
        let (header, data) = peer.frame();
        assert_eq!(
            (header.stream_id, header.type_, header.flags),
            (1, REQUEST, REMOTE_CLOSED)
        );
        let request = Request::parse_from_bytes(&data).unwrap();
        assert_eq!(request.payload, b"3");
        peer.send(&frame(1, DATA, 0, b"one"));
        peer.send(&frame(1, DATA, 0, b""));
        peer.send(&frame(1, DATA, NO_DATA, b""));
        peer.send(&frame(1, DATA, REMOTE_CLOSED, b"last"));
        peer.request();
        peer.send(&ok(3, b"next call"));
    });
    let (sender, mut receiver) = connection
        .stream(&call("Count", b"3"), false, true)
        .unwrap()
        .split();
    assert!(sender.is_none());
    assert_eq!(rest(&mut receiver), ["one", "", "last"]);
    drop(receiver);
    assert_eq!(connection.call(&CALL).unwrap(), b"next call");
    peer.join().unwrap();
}

#[test]
fn the_client_streams() {
    let (mut connection, peer) = connection_and(|mut peer| {
        let (header, data) = peer.frame();
        assert_eq!(
            (header.stream_id, header.type_, header.flags),
            (1, REQUEST, REMOTE_OPEN | NO_DATA)
        );
        let request = Request::parse_from_bytes(&data).unwrap();
        assert_eq!((request.method.as_str(), request.payload), ("Sum", vec![]));
        for (flags, expected) in [(0, &b"first"[..]), (0, b""), (REMOTE_CLOSED | NO_DATA, b"")] {
            let (header, data) = peer.frame();
            assert_eq!(
                (header.stream_id, header.type_, header.flags, &data[..]),
                (1, DATA, flags, expected)
            );
        }
        peer.send(&ok(1, b"sum"));
        peer.wait_for_end();
    });
    let (sender, mut receiver) = connection
        .stream(&call("Sum", b"first"), true, false)
        .unwrap()
        .split();
    let mut sender = sender.unwrap();
    sender.send(b"").unwrap();
    sender.close().unwrap();
    assert_eq!(rest(&mut receiver), ["sum"]);
    drop(receiver);
    drop(connection);
    peer.join().unwrap();
}

#[test]
fn a_response_can_end_a_stream_of_the_agent() {
    let stream = |frames: Vec<Vec<u8>>| {
        let (mut connection, peer) = connection_and(move |mut peer| {
            peer.frame();
            peer.send(&frames.concat());
            peer.wait_for_end();
        });
        let (_, mut receiver) = connection
            .stream(&call("Count", b""), false, true)
            .unwrap()
            .split();
        let messages = rest(&mut receiver);
        drop(receiver);
        drop(connection);
        peer.join().unwrap();
        messages
    };
    let message = || frame(1, DATA, 0, b"m");
    assert_eq!(stream(vec![message(), ok(1, b"last")]), ["m", "last"]);
    assert_eq!(stream(vec![message(), ok(1, b"")]), ["m"]);
    assert_eq!(stream(vec![ok(1, b"")]), [""]);
    assert_eq!(
        stream(vec![frame(1, DATA, REMOTE_CLOSED | NO_DATA, b"")]),
        [""; 0]
    );
}

#[test]
fn a_status_ends_a_stream_and_what_comes_late_is_discarded() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
        peer.send(&failed(1, 5, "gone"));
        peer.request();
        // The ttrpc crate's server says so of each message that came too late.
        peer.send(&failed(1, 3, "Stream is no longer active"));
        peer.send(&frame(1, DATA, 0, b"late"));
        peer.send(&failed(1, 3, "Stream is no longer active"));
        peer.send(&ok(3, b"mine"));
    });
    let (_, mut receiver) = connection
        .stream(&call("Both", b""), true, true)
        .unwrap()
        .split();
    assert_eq!(receiver.next_message(), Ok(Some(b"m".to_vec())));
    let error = receiver.next_message().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status(5));
    assert_eq!(receiver.next_message(), Ok(None));
    drop(receiver);
    assert!(connection.is_usable());
    assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

/// What a call on stream 3 says after a stream, on 1, that ended so, where the agent sends
/// these frames before the answer to the call.
fn call_after(
    (client_streams, agent_streams): (bool, bool),
    is_closed: bool,
    frames: Vec<Vec<u8>>,
    late: Vec<Vec<u8>>,
) -> Result<Vec<u8>, String> {
    let frame_count = 1 + usize::from(client_streams) + usize::from(is_closed);
    let (mut connection, peer) = connection_and(move |mut peer| {
        for _ in 0..frame_count {
            peer.frame();
        }
        peer.send(&frames.concat());
        peer.request();
        peer.send(&[late.concat(), ok(3, b"mine")].concat());
        peer.wait_for_end();
    });
    let hasty = Call {
        timeout: Some(SHORT),
        ..call("Any", b"")
    };
    let stream = connection.stream(&hasty, client_streams, agent_streams);
    let (sender, mut receiver) = stream.unwrap().split();
    let sender = match is_closed {
        true => sender.unwrap().close().map(|()| None),
        false => Ok(sender),
    };
    while matches!(receiver.next_message(), Ok(Some(_))) {}
    drop((sender, receiver));
    let answer = connection.call(&CALL).map_err(|error| error.to_string());
    drop(connection);
    peer.join().unwrap();
    answer
}

#[test]
fn frames_that_come_late_are_taken_only_where_they_may_come() {
    let message = || frame(1, DATA, 0, b"m");
    let end = || frame(1, DATA, REMOTE_CLOSED | NO_DATA, b"");
    let too_late = || failed(1, 3, "Stream is no longer active");
    let fine = Ok(b"mine".to_vec());
    let (from_agent, from_client, both) = ((false, true), (true, false), (true, true));

    // One that was given up, to its end.
    assert_eq!(
        call_after(from_agent, false, vec![message()], vec![message(), end()]),
        fine
    );
    let violation = call_after(from_agent, false, vec![], vec![end(), message()]).unwrap_err();
    assert!(
        violation.contains("a frame for stream 1 came"),
        "{violation}"
    );
    // One that has ended.
    for (kind, is_closed, frames) in [
        (from_agent, false, vec![message(), end()]),
        (from_agent, false, vec![failed(1, 5, "no")]),
        (from_client, true, vec![ok(1, b"sum")]),
        (both, true, vec![message(), end()]),
    ] {
        assert_eq!(call_after(kind, is_closed, frames.clone(), vec![]), fine);
        let violation = call_after(kind, is_closed, frames, vec![too_late()]).unwrap_err();
        assert!(
            violation.contains("a frame for stream 1 came"),
            "{violation}"
        );
    }
    // One that has ended although the client had more to send.
    for (kind, frames) in [
        (from_client, vec![ok(1, b"sum")]),
        (both, vec![message(), end()]),
        (both, vec![failed(1, 5, "no")]),
    ] {
        let late = vec![too_late(), message(), too_late()];
        assert_eq!(call_after(kind, false, frames, late), fine);
    }
}

#[test]
fn streams_that_have_ended_leave_nothing_behind() {
    // More of them than may be given up on a connection.
    let (mut connection, peer) = connection_and(|mut peer| {
        for stream_id in (1..).step_by(2).take(5000) {
            peer.frame();
            peer.send(&frame(stream_id, DATA, REMOTE_CLOSED, b"m"));
        }
    });
    for _ in 0..5000 {
        let stream = connection.stream(&call("Count", b""), false, true);
        assert_eq!(rest(&mut stream.unwrap().split().1), ["m"]);
    }
    peer.join().unwrap();
}

#[test]
fn a_client_that_streams_gets_no_data_frames() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
        peer.wait_for_end();
    });
    let (_, mut receiver) = connection
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    assert_eq!(
        receiver.next_message().unwrap_err().to_string(),
        "the agent broke the ttRPC protocol: a data frame came where only a response may: \
         00 00 00 01 00 00 00 01 03 00"
    );
    drop(receiver);
    assert!(!connection.is_usable());
    drop(connection);
    peer.join().unwrap();
}

#[test]
fn the_deadline_covers_the_whole_stream() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"late"));
        peer.send(&ok(3, b"mine"));
    });
    let second = Duration::from_secs(1);
    let hasty = Call {
        timeout: Some(second),
        ..call("Both", b"first")
    };
    let (sender, mut receiver) = connection.stream(&hasty, true, true).unwrap().split();
    assert_eq!(receiver.next_message(), Ok(Some(b"m".to_vec())));
    let error = receiver.next_message().unwrap_err();
    assert_eq!(
        error,
        CallError::Timeout {
            after: second,
            stage: Stage::Streaming
        }
    );
    assert_eq!(error.to_string(), "the stream did not end within 1s");
    drop(receiver);
    // What the stream's other thread has left to send goes nowhere.
    assert_eq!(sender.unwrap().send(b"x"), Err(CallError::StreamEnded));
    assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

#[test]
fn an_end_of_the_connection_is_no_end_of_the_stream() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
    });
    let (_, mut receiver) = connection
        .stream(&call("Count", b""), false, true)
        .unwrap()
        .split();
    assert_eq!(receiver.next_message(), Ok(Some(b"m".to_vec())));
    assert_eq!(
        receiver.next_message().unwrap_err().to_string(),
        "the agent closed the connection before the stream ended"
    );
    drop(receiver);
    assert!(!connection.is_usable());
    peer.join().unwrap();
}

#[test]
fn a_first_message_over_the_limit_opens_no_stream() {
    let (mut connection, peer) = connection_and(|mut peer| peer.assert_silence());
    let large = vec![0; 4_194_305];
    let error = connection
        .stream(
            &Call {
                payload: &large,
                ..CALL
            },
            true,
            true,
        )
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(connection.is_usable());
    peer.join().unwrap();
}

#[test]
fn a_sender_that_is_stuck_ends_with_its_stream() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.frame();
        // The header of a frame whose data is never read.
        peer.0.read_exact(&mut [0; 10]).unwrap();
        peer.send(&failed(1, 13, "enough"));
        peer.wait_until_gone();
    });
    let endless = Call {
        timeout: None,
        ..call("Sum", b"")
    };
    let (sender, mut receiver) = connection.stream(&endless, true, false).unwrap().split();
    let mut sender = sender.unwrap();
    let stuck = thread::spawn(move || sender.send(&vec![0; 4_000_000]));
    assert_eq!(
        receiver.next_message().unwrap_err().kind(),
        ErrorKind::Status(13)
    );
    assert_eq!(stuck.join().unwrap(), Err(CallError::StreamEnded));
    drop(receiver);
    // A frame was left unfinished.
    assert!(!connection.is_usable());
    assert_eq!(connection.call(&CALL), Err(CallError::Unusable));
    drop(connection);
    peer.join().unwrap();
}

#[test]
fn a_sender_that_waits_does_not_keep_the_connection_of_its_client() {
    let (mut connection, peer) = connection_and(|mut peer| peer.wait_for_end());
    let (sender, receiver) = connection
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    drop(receiver);
    drop(connection);
    peer.join().unwrap();
    assert_eq!(sender.unwrap().send(b""), Err(CallError::StreamEnded));
}

#[test]
fn an_empty_frame_is_a_message_of_a_client_that_streams() {
    // A response without data is legal on a stream as it is on a call.
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, RESPONSE, 0, b""));
        peer.wait_for_end();
    });
    let (_, mut receiver) = connection
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    assert_eq!(rest(&mut receiver), [""]);
    drop(receiver);
    drop(connection);
    peer.join().unwrap();
}
