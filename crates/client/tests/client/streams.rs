//! Streams in every direction, held to the bytes of each frame.

use std::io::Read;
use std::thread;
use std::time::Duration;

use agent_client::{Call, CallError, ErrorKind, Stage, StreamReceiver};
use protobuf::Message;
use ttrpc::proto::Request;

use crate::peer::{CALL, DATA, REQUEST, RESPONSE, client_and, failed, frame, ok};

const REMOTE_CLOSED: u8 = 1;
const REMOTE_OPEN: u8 = 2;
const NO_DATA: u8 = 4;

/// What is left of a stream, to its end.
pub fn rest(receiver: &mut StreamReceiver<'_>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(message) = receiver.next_message().unwrap() {
        messages.push(String::from_utf8(message).unwrap());
    }
    assert_eq!(receiver.next_message(), Ok(None));
    messages
}

pub fn call(method: &'static str, payload: &'static [u8]) -> Call<'static> {
    Call {
        service: "test.Streams",
        method,
        payload,
        ..CALL
    }
}

#[test]
fn the_agent_streams() {
    let (mut client, peer) = client_and(|mut peer| {
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
    let (sender, mut receiver) = client
        .stream(&call("Count", b"3"), false, true)
        .unwrap()
        .split();
    assert!(sender.is_none());
    assert_eq!(rest(&mut receiver), ["one", "", "last"]);
    drop(receiver);
    assert_eq!(client.call(&CALL).unwrap(), b"next call");
    peer.join().unwrap();
}

#[test]
fn the_client_streams() {
    let (mut client, peer) = client_and(|mut peer| {
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
    let (sender, mut receiver) = client
        .stream(&call("Sum", b"first"), true, false)
        .unwrap()
        .split();
    let mut sender = sender.unwrap();
    sender.send(b"").unwrap();
    sender.close().unwrap();
    assert_eq!(rest(&mut receiver), ["sum"]);
    drop(receiver);
    drop(client);
    peer.join().unwrap();
}

#[test]
fn a_response_can_end_a_stream_of_the_agent() {
    let stream = |frames: Vec<Vec<u8>>| {
        let (mut client, peer) = client_and(move |mut peer| {
            peer.frame();
            peer.send(&frames.concat());
            peer.wait_for_end();
        });
        let (_, mut receiver) = client
            .stream(&call("Count", b""), false, true)
            .unwrap()
            .split();
        let messages = rest(&mut receiver);
        drop(receiver);
        drop(client);
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
    let (mut client, peer) = client_and(|mut peer| {
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
    let (_, mut receiver) = client
        .stream(&call("Both", b""), true, true)
        .unwrap()
        .split();
    assert_eq!(receiver.next_message(), Ok(Some(b"m".to_vec())));
    let error = receiver.next_message().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status(5));
    assert_eq!(receiver.next_message(), Ok(None));
    drop(receiver);
    assert!(client.is_usable());
    assert_eq!(client.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

#[test]
fn a_client_that_streams_gets_no_data_frames() {
    let (mut client, peer) = client_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
        peer.wait_for_end();
    });
    let (_, mut receiver) = client
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    assert_eq!(
        receiver.next_message().unwrap_err().to_string(),
        "the agent broke the ttRPC protocol: a data frame came where only a response may: \
         00 00 00 01 00 00 00 01 03 00"
    );
    drop(receiver);
    assert!(!client.is_usable());
    drop(client);
    peer.join().unwrap();
}

#[test]
fn the_deadline_covers_the_whole_stream() {
    let (mut client, peer) = client_and(|mut peer| {
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
    let (sender, mut receiver) = client.stream(&hasty, true, true).unwrap().split();
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
    assert_eq!(client.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

#[test]
fn an_end_of_the_connection_is_no_end_of_the_stream() {
    let (mut client, peer) = client_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, DATA, 0, b"m"));
    });
    let (_, mut receiver) = client
        .stream(&call("Count", b""), false, true)
        .unwrap()
        .split();
    assert_eq!(receiver.next_message(), Ok(Some(b"m".to_vec())));
    assert_eq!(
        receiver.next_message().unwrap_err().to_string(),
        "the agent closed the connection before the stream ended"
    );
    drop(receiver);
    assert!(!client.is_usable());
    peer.join().unwrap();
}

#[test]
fn a_first_message_over_the_limit_opens_no_stream() {
    let (mut client, peer) = client_and(|mut peer| peer.assert_silence());
    let large = vec![0; 4_194_305];
    let error = client
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
    assert!(client.is_usable());
    peer.join().unwrap();
}

#[test]
fn a_sender_that_is_stuck_ends_with_its_stream() {
    let (mut client, peer) = client_and(|mut peer| {
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
    let (sender, mut receiver) = client.stream(&endless, true, false).unwrap().split();
    let mut sender = sender.unwrap();
    let stuck = thread::spawn(move || sender.send(&vec![0; 4_000_000]));
    assert_eq!(
        receiver.next_message().unwrap_err().kind(),
        ErrorKind::Status(13)
    );
    assert_eq!(stuck.join().unwrap(), Err(CallError::StreamEnded));
    drop(receiver);
    // A frame was left unfinished.
    assert!(!client.is_usable());
    assert_eq!(client.call(&CALL), Err(CallError::Unusable));
    drop(client);
    peer.join().unwrap();
}

#[test]
fn a_sender_that_waits_does_not_keep_the_connection_of_its_client() {
    let (mut client, peer) = client_and(|mut peer| peer.wait_for_end());
    let (sender, receiver) = client
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    drop(receiver);
    drop(client);
    peer.join().unwrap();
    assert_eq!(sender.unwrap().send(b""), Err(CallError::StreamEnded));
}

#[test]
fn an_empty_frame_is_a_message_of_a_client_that_streams() {
    // A response without data is legal on a stream as it is on a call.
    let (mut client, peer) = client_and(|mut peer| {
        peer.frame();
        peer.send(&frame(1, RESPONSE, 0, b""));
        peer.wait_for_end();
    });
    let (_, mut receiver) = client
        .stream(&call("Sum", b""), true, false)
        .unwrap()
        .split();
    assert_eq!(rest(&mut receiver), [""]);
    drop(receiver);
    drop(client);
    peer.join().unwrap();
}
