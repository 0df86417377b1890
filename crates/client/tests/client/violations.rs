//! Answers that are not ttRPC: each its own error, with the bytes.

use agent_client::{CallError, ErrorKind, ProtocolError};

use crate::peer::{CALL, DATA, REQUEST, RESPONSE, connection_and, frame, ok};

/// What a client says to these bytes in answer to its call on stream 1.
fn error_for(bytes: Vec<u8>) -> CallError {
    let (mut connection, peer) = connection_and(move |mut peer| {
        peer.request();
        peer.send(&bytes);
        // The connection stays open: no error below is for want of bytes.
        peer.wait_for_end();
    });
    let error = connection.call(&CALL).unwrap_err();
    assert!(!connection.is_usable());
    assert_eq!(connection.call(&CALL), Err(CallError::Unusable));
    drop(connection);
    peer.join().unwrap();
    error
}

#[test]
fn each_violation_is_its_own_error() {
    let mut too_long = frame(1, RESPONSE, 0, b"");
    too_long[..4].copy_from_slice(&4_194_305u32.to_be_bytes());
    let rows = [
        (
            too_long,
            "a frame header announces 4194305 bytes, and at most 4194304 are allowed: \
             00 40 00 01 00 00 00 01 02 00",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            "a frame has the unknown type 32: 48 54 54 50 2f 31 2e 31 20 34 (\"HTTP/1.1 4\")",
        ),
        (
            frame(1, 4, 0, b""),
            "a frame has the unknown type 4: 00 00 00 00 00 00 00 01 04 00",
        ),
        (
            frame(1, REQUEST, 0, b"x"),
            "a request frame came from the agent: 00 00 00 01 00 00 00 01 01 00",
        ),
        (
            ok(3, b""),
            "a frame for stream 3 came, and the call is stream 1: 00 00 00 02 00 00 00 03 02 00",
        ),
        (
            frame(0, DATA, 0, b""),
            "a frame for stream 0 came, and the call is stream 1: 00 00 00 00 00 00 00 00 03 00",
        ),
        (
            frame(1, DATA, 5, b""),
            "a data frame came where only a response may: 00 00 00 00 00 00 00 01 03 05",
        ),
    ];
    for (bytes, text) in rows {
        let error = error_for(bytes);
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(
            error.to_string(),
            format!("the agent broke the ttRPC protocol: {text}")
        );
    }
}

#[test]
fn a_response_that_is_no_protobuf_shows_its_bytes() {
    let error = error_for(frame(1, RESPONSE, 0, b"\x0a\xffgarbage"));
    let CallError::Protocol(ProtocolError::BadResponse { data, .. }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(data, b"\x0a\xffgarbage");
    let text = error.to_string();
    assert!(
        text.starts_with(
            "the agent broke the ttRPC protocol: the 9 bytes of a response frame are not a response ("
        ),
        "{text}"
    );
    assert!(text.ends_with("): 0a ff 67 61 72 62 61 67 65"), "{text}");
    assert!(!text.contains('\n'));
}
