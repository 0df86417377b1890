//! Streams in this process.

use std::time::{Duration, Instant};

use ttrpc::Code;
use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN};

use super::api::SERVICE;
use super::unary::{pair, small};
use super::wire::{Frame, Wire, request};

const OPEN: u8 = FLAG_REMOTE_OPEN | FLAG_NO_DATA;

#[test]
fn a_stream_from_the_server_is_one_empty_response() {
    let mut wire = small();
    wire.request(1, FLAG_REMOTE_CLOSED, &request(SERVICE, "Down", &pair("x")));
    assert_eq!(wire.receive(), Frame::data(1, b""));
    assert_eq!(wire.receive(), Frame::end(1));
}

#[test]
fn a_stream_from_the_client_is_answered_at_its_end() {
    let mut wire = small();
    wire.request(1, OPEN, &request(SERVICE, "Up", b""));
    for _ in 0..300 {
        wire.send(&Frame::data(1, &pair("x")));
    }
    // The answer to this call comes first, as the stream has not ended.
    assert_eq!(call_beside(&mut wire), 3);
    wire.send(&Frame::end(1));
    let answer = wire.receive();
    assert_eq!(answer.stream, 1);
    assert_eq!(answer.status(), (0, String::new()));
    assert_eq!(answer.response().payload, b"");
}

#[test]
fn where_both_stream_each_request_is_answered_as_it_comes() {
    let mut wire = small();
    wire.request(1, OPEN, &request(SERVICE, "Both", b""));
    for key in ["a", "b", "c"] {
        wire.send(&Frame::data(1, &pair(key)));
        assert_eq!(wire.receive(), Frame::data(1, b""));
    }
    wire.send(&Frame::end(1));
    assert_eq!(wire.receive(), Frame::end(1));
}

#[test]
fn a_client_may_end_its_side_in_the_opening_frame() {
    let mut wire = small();
    let opening = FLAG_REMOTE_CLOSED | FLAG_NO_DATA;
    wire.request(1, opening, &request(SERVICE, "Up", b""));
    assert_eq!(wire.receive().status().0, 0);
    wire.request(3, opening, &request(SERVICE, "Both", b""));
    assert_eq!(wire.receive(), Frame::end(3));
    wire.request(5, FLAG_REMOTE_CLOSED, &request(SERVICE, "Both", &pair("x")));
    assert_eq!(wire.receive(), Frame::data(5, b""));
    assert_eq!(wire.receive(), Frame::end(5));
    wire.request(7, opening, &request(SERVICE, "Down", b""));
    let (code, message) = wire.receive().status();
    assert_eq!(code, Code::INVALID_ARGUMENT as i32);
    assert_eq!(message, "the stream ended before its request");
}

#[test]
fn streams_on_one_connection_do_not_mix() {
    let mut wire = small();
    wire.request(1, OPEN, &request(SERVICE, "Both", b""));
    wire.request(3, OPEN, &request(SERVICE, "Both", b""));
    wire.send(&Frame::data(3, &pair("x")));
    assert_eq!(wire.receive(), Frame::data(3, b""));
    wire.send(&Frame::end(1));
    assert_eq!(wire.receive(), Frame::end(1));
    wire.send(&Frame::data(3, &pair("x")));
    assert_eq!(wire.receive(), Frame::data(3, b""));
    wire.send(&Frame::end(3));
    assert_eq!(wire.receive(), Frame::end(3));
}

#[test]
fn a_message_that_does_not_decode_ends_the_stream_with_a_status() {
    for method in ["Up", "Both", "Down"] {
        let mut wire = small();
        wire.request(1, OPEN, &request(SERVICE, method, b""));
        wire.send(&Frame::data(1, b"\xff"));
        let (code, message) = wire.receive().status();
        assert_eq!(code, Code::UNKNOWN as i32);
        let start = "ttrpc err: Unpack request error ";
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn the_clients_deadline_covers_the_whole_stream() {
    let mut wire = small();
    let mut opening = request(SERVICE, "Up", b"");
    opening.timeout_nano = 50_000_000;
    let start = Instant::now();
    wire.request(1, OPEN, &opening);
    let (code, message) = wire.receive().status();
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(code, Code::DEADLINE_EXCEEDED as i32);
    assert_eq!(message, "timeout");
}

#[test]
fn a_client_that_leaves_within_a_stream_has_its_connection_closed() {
    let mut wire = small();
    wire.request(1, OPEN, &request(SERVICE, "Both", b""));
    wire.send(&Frame::data(1, &pair("x")));
    assert_eq!(wire.receive(), Frame::data(1, b""));
    wire.leave();
}

/// Makes a unary call on a stream's connection; the stream that was answered.
fn call_beside(wire: &mut Wire) -> u32 {
    wire.request(3, 0, &request(SERVICE, "Plain", b""));
    wire.receive().stream
}
