//! Plain calls that get their answer, and those that give up waiting.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use agent_client::{Call, CallError, ErrorKind, Stage, Status};
use protobuf::Message;
use ttrpc::proto::{KeyValue, Request};

use crate::peer::{CALL, DATA, REQUEST, RESPONSE, SHORT, connection_and, failed, frame, ok};

const LARGEST: usize = 4_194_304;

#[test]
fn the_request_is_one_exact_frame_and_calls_share_a_connection() {
    let metadata = [("b", "1"), ("a", "2"), ("b", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let sent_metadata = metadata.clone();
    let (mut connection, peer) = connection_and(move |mut peer| {
        let expected = Request {
            service: "test.Service".to_owned(),
            method: "Method".to_owned(),
            payload: b"\x0a\x01x".to_vec(),
            timeout_nano: 30_000_000_000,
            metadata: sent_metadata
                .iter()
                .map(|(key, value)| KeyValue {
                    key: key.clone(),
                    value: value.clone(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        let (header, data) = peer.frame();
        assert_eq!(
            (header.stream_id, header.type_, header.flags),
            (1, REQUEST, 0)
        );
        assert_eq!(data, expected.write_to_bytes().unwrap());
        peer.send(&ok(1, b"first"));
        let (stream_id, request) = peer.request();
        assert_eq!((stream_id, request.service.as_str()), (3, "test.Other"));
        assert_eq!(request.timeout_nano, 0);
        peer.send(&ok(3, b"second"));
    });
    let call = Call {
        metadata: &metadata,
        ..CALL
    };
    assert_eq!(connection.call(&call).unwrap(), b"first");
    assert!(connection.is_usable());
    let other = Call {
        service: "test.Other",
        timeout: None,
        ..CALL
    };
    assert_eq!(connection.call(&other).unwrap(), b"second");
    peer.join().unwrap();
}

#[test]
fn a_response_without_status_or_payload_is_ok_and_empty() {
    let (mut connection, _peer) = connection_and(|mut peer| {
        peer.request();
        peer.send(&frame(1, RESPONSE, 0, b""));
        peer.request();
        peer.send(&frame(3, RESPONSE, 0, b"\x12\x02hi"));
    });
    assert_eq!(connection.call(&CALL).unwrap(), b"");
    assert_eq!(connection.call(&CALL).unwrap(), b"hi");
}

#[test]
fn a_status_keeps_its_code_and_message_and_the_connection_lives() {
    let (mut connection, _peer) = connection_and(|mut peer| {
        for (stream_id, code) in [(1, 13), (3, 999), (5, -7)] {
            peer.request();
            peer.send(&failed(stream_id, code, "a\nb\x1b[0m"));
        }
        peer.request();
        peer.send(&ok(7, b""));
    });
    for (code, shown) in [
        (13, "the agent answered code: INTERNAL (13)"),
        (999, "the agent answered code: 999"),
        (-7, "the agent answered code: -7"),
    ] {
        let error = connection.call(&CALL).unwrap_err();
        let status = Status {
            code,
            message: "a\nb\x1b[0m".to_owned(),
            details: vec![],
        };
        assert_eq!(error.to_string(), shown);
        assert_eq!(error.kind(), ErrorKind::Status(code));
        assert_eq!(error, CallError::Status(status));
        assert!(connection.is_usable());
    }
    assert_eq!(connection.call(&CALL).unwrap(), b"");
}

#[test]
fn an_answer_may_come_byte_by_byte_and_be_as_large_as_a_frame() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        for byte in ok(1, b"slow") {
            peer.send(&[byte]);
        }
        peer.request();
        // A payload field of 5 bytes of tag and length around the rest.
        let mut data = b"\x12\xfb\xff\xff\x01".to_vec();
        data.resize(LARGEST, b'y');
        peer.send(&frame(3, RESPONSE, 0, &data));
        peer.request();
        peer.send(&ok(5, b"after"));
    });
    assert_eq!(connection.call(&CALL).unwrap(), b"slow");
    assert_eq!(connection.call(&CALL).unwrap(), vec![b'y'; LARGEST - 5]);
    assert_eq!(connection.call(&CALL).unwrap(), b"after");
    peer.join().unwrap();
}

#[test]
fn a_request_over_the_limit_is_not_sent_and_one_at_it_is() {
    let (mut connection, peer) = connection_and(|mut peer| {
        let (header, data) = peer.frame();
        assert_eq!(header.length as usize, LARGEST);
        let payload = Request::parse_from_bytes(&data).unwrap().payload;
        assert!(payload.iter().all(|&byte| byte == b'z'));
        peer.send(&ok(header.stream_id, &(payload.len() as u32).to_be_bytes()));
    });
    // 14 bytes for the service, 8 for the method, 5 for the payload's tag and
    // length, 6 for the timeout.
    let envelope = 14 + 8 + 5 + 6;
    let payload = vec![b'z'; LARGEST - envelope + 1];
    let too_large = Call {
        payload: &payload,
        ..CALL
    };
    let error = connection.call(&too_large).unwrap_err();
    assert_eq!(
        error,
        CallError::TooLarge {
            size: LARGEST + 1,
            limit: LARGEST
        }
    );
    assert_eq!(
        error.to_string(),
        "the message takes 4194305 bytes in a ttRPC frame, and at most 4194304 fit"
    );
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(connection.is_usable());
    let largest = Call {
        payload: &payload[1..],
        ..CALL
    };
    let answer = connection.call(&largest).unwrap();
    assert_eq!(answer, ((LARGEST - envelope) as u32).to_be_bytes());
    peer.join().unwrap();
}

#[test]
fn the_answer_to_a_call_that_was_given_up_is_discarded() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        peer.request();
        // The late answer comes in pieces, and together with the right one.
        let late = ok(1, &[b'l'; 40_000]);
        peer.send(&late[..7]);
        peer.send(&[&late[7..], &ok(3, b"mine")].concat());
        // A second answer to the call that was given up is one too many.
        peer.request();
        peer.send(&ok(1, b""));
    });
    let hasty = Call {
        timeout: Some(SHORT),
        ..CALL
    };
    let error = connection.call(&hasty).unwrap_err();
    assert_eq!(
        error,
        CallError::Timeout {
            after: SHORT,
            stage: Stage::Waiting
        }
    );
    assert_eq!(error.to_string(), "no answer within 150ms");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(connection.is_usable());
    assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    let error = connection.call(&CALL).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the agent broke the ttRPC protocol: a frame for stream 1 came, and the call is \
         stream 5: 00 00 00 02 00 00 00 01 02 00"
    );
    peer.join().unwrap();
}

#[test]
fn an_agent_that_leaves_thousands_of_calls_unanswered_needs_another_connection() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        peer.send(&ok(1, b"first"));
        peer.wait_for_end();
    });
    assert_eq!(connection.call(&CALL).unwrap(), b"first");
    let hasty = Call {
        timeout: Some(Duration::from_nanos(1)),
        ..CALL
    };
    let mut given_up = 0;
    while connection.is_usable() {
        match connection.call(&hasty).unwrap_err() {
            CallError::Timeout {
                stage: Stage::Waiting,
                ..
            } => given_up += 1,
            // The socket was full, and so nothing will be answered.
            CallError::Timeout { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(given_up, 4096);
    assert_eq!(connection.call(&CALL), Err(CallError::Unusable));
    drop(connection);
    peer.join().unwrap();
}

#[test]
fn calls_that_were_given_up_and_answered_late_are_forgotten() {
    let (mut connection, peer) = connection_and(|mut peer| {
        for stream_id in (1..).step_by(4).take(5000) {
            assert_eq!(peer.request().0, stream_id);
            assert_eq!(peer.request().0, stream_id + 2);
            peer.send(&[ok(stream_id, b"late"), ok(stream_id + 2, b"mine")].concat());
        }
    });
    let hasty = Call {
        timeout: Some(Duration::from_nanos(1)),
        ..CALL
    };
    for _ in 0..5000 {
        let error = connection.call(&hasty).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    }
    peer.join().unwrap();
}

#[test]
fn an_answer_after_the_deadline_is_late_even_if_it_is_there() {
    let (sent, is_sent) = mpsc::channel();
    let (mut connection, peer) = connection_and(move |mut peer| {
        peer.request();
        peer.send(&ok(1, b"late"));
        sent.send(()).unwrap();
        peer.request();
        peer.send(&ok(3, b"mine"));
    });
    let after = SHORT;
    let hasty = Call {
        timeout: Some(after),
        ..CALL
    };
    let (_, mut receiver) = connection.stream(&hasty, false, false).unwrap().split();
    is_sent.recv().unwrap();
    thread::sleep(after);
    let stage = Stage::Streaming;
    let late = Err(CallError::Timeout { after, stage });
    assert_eq!(receiver.next_message(), late);
    drop(receiver);
    assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

#[test]
fn a_call_may_give_up_inside_a_frame_that_the_next_one_reads_on() {
    let (mut connection, peer) = connection_and(|mut peer| {
        peer.request();
        let late = ok(1, b"0123456789");
        peer.send(&late[..20]);
        peer.request();
        peer.send(&late[20..]);
        peer.send(&ok(3, b"mine"));
    });
    let hasty = Call {
        timeout: Some(Duration::from_secs(1)),
        ..CALL
    };
    assert_eq!(
        connection.call(&hasty).unwrap_err().to_string(),
        "no whole answer within 1s: it stopped inside the data of a frame, after 10 of 14 bytes"
    );
    assert_eq!(connection.call(&CALL).unwrap(), b"mine");
    peer.join().unwrap();
}

#[test]
fn the_deadline_covers_a_write_that_blocks() {
    let (mut connection, peer) = connection_and(|peer| peer.wait_until_gone());
    let payload = vec![0; 4_000_000];
    let began = Instant::now();
    let error = connection
        .call(&Call {
            payload: &payload,
            timeout: Some(SHORT),
            ..CALL
        })
        .unwrap_err();
    assert!(began.elapsed() >= SHORT);
    assert_eq!(
        error,
        CallError::Timeout {
            after: SHORT,
            stage: Stage::Sending
        }
    );
    assert_eq!(error.to_string(), "the request was not taken within 150ms");
    assert!(!connection.is_usable());
    assert_eq!(connection.call(&CALL), Err(CallError::Unusable));
    drop(connection);
    peer.join().unwrap();
}

#[test]
fn data_frames_are_no_answers() {
    let (mut connection, _peer) = connection_and(|mut peer| {
        peer.request();
        peer.send(&frame(1, DATA, 0, b"x"));
        peer.wait_for_end();
    });
    assert_eq!(
        connection.call(&CALL).unwrap_err().to_string(),
        "the agent broke the ttRPC protocol: a data frame came where only a response may: \
         00 00 00 01 00 00 00 01 03 00"
    );
}
