//! Frames out of whatever a socket delivers, in whatever pieces.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::layout::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN};

/// Reads until there is an error: the frames before it, the error, and the
/// largest size that the buffer had.
fn read_all(chunks: Vec<Vec<u8>>) -> (Vec<(Header, Vec<u8>)>, CallError, usize) {
    let (near, mut far) = UnixStream::pair().unwrap();
    let sender = thread::spawn(move || {
        for chunk in chunks {
            // The reader has gone when it saw a violation.
            if far.write_all(&chunk).is_err() {
                return;
            }
        }
    });
    let deadline = Deadline::starting_now(Some(Duration::from_secs(30)));
    let mut reader = FrameReader::new();
    let mut frames = Vec::new();
    let error = loop {
        match reader.next(near.as_fd(), &deadline) {
            Ok(header) => frames.push((header, reader.data().to_vec())),
            Err(error) => break error,
        }
    };
    drop(near);
    sender.join().unwrap();
    (frames, error, reader.buffer.len())
}

fn frame(stream_id: u32, is_data: bool, flags: u8, data: &[u8]) -> Vec<u8> {
    let type_ = if is_data { TYPE_DATA } else { TYPE_RESPONSE };
    let header = header(data.len() as u32, stream_id, type_, flags);
    [&header, data].concat()
}

#[test]
fn the_numbers_are_those_of_the_ttrpc_crate() {
    use ttrpc::proto;
    assert_eq!(HEADER_LENGTH, proto::MESSAGE_HEADER_LENGTH);
    assert_eq!(LARGEST_DATA, proto::MESSAGE_LENGTH_MAX);
    assert_eq!(
        [TYPE_REQUEST, TYPE_RESPONSE, TYPE_DATA],
        [
            proto::MESSAGE_TYPE_REQUEST,
            proto::MESSAGE_TYPE_RESPONSE,
            proto::MESSAGE_TYPE_DATA
        ]
    );
    assert_eq!(
        [FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN, FLAG_NO_DATA],
        [
            proto::FLAG_REMOTE_CLOSED,
            proto::FLAG_REMOTE_OPEN,
            proto::FLAG_NO_DATA
        ]
    );
    let theirs: Vec<u8> = proto::MessageHeader {
        length: 0x0102_0304,
        stream_id: 0xf5f6_f7f8,
        type_: TYPE_DATA,
        flags: FLAG_NO_DATA,
    }
    .into();
    assert_eq!(
        header(0x0102_0304, 0xf5f6_f7f8, TYPE_DATA, FLAG_NO_DATA)[..],
        theirs
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_come_out_as_they_went_in(
        sent in vec(
            (any::<u32>(), any::<bool>(), any::<u8>(), prop_oneof![
                vec(any::<u8>(), 0..40),
                (0usize..60_000).prop_map(|size| vec![0xa5; size]),
            ]),
            0..6,
        ),
        chunk in 1usize..30_000,
        cut in 0usize..15,
    ) {
        let mut bytes = Vec::new();
        for (stream_id, is_data, flags, data) in &sent {
            bytes.extend(frame(*stream_id, *is_data, *flags, data));
        }
        let cut_frame = frame(1, false, 0, &[1; 5]);
        bytes.extend(&cut_frame[..cut]);
        let (frames, error, _) = read_all(bytes.chunks(chunk).map(<[u8]>::to_vec).collect());
        prop_assert_eq!(frames.len(), sent.len());
        for ((header, received), (stream_id, is_data, flags, data)) in frames.iter().zip(&sent) {
            let frame_type = if *is_data { FrameType::Data } else { FrameType::Response };
            prop_assert_eq!(header.stream_id, *stream_id);
            prop_assert_eq!(header.frame_type, frame_type);
            prop_assert_eq!(header.flags, *flags);
            prop_assert_eq!(header.length, data.len());
            prop_assert!(received == data);
        }
        let stage = match cut {
            0 => Stage::Waiting,
            1..10 => Stage::Header(cut_frame[..cut].to_vec()),
            _ => Stage::Data { received: cut - 10, expected: 5 },
        };
        prop_assert_eq!(error, CallError::Closed { stage });
    }

    #[test]
    fn garbage_ends_in_an_error_and_takes_no_more_room_than_a_frame(
        bytes in vec(prop_oneof![Just(0u8), 1u8..5, any::<u8>()], 0..200),
    ) {
        let (_, error, room) = read_all(vec![bytes]);
        prop_assert!(room <= HEADER_LENGTH + LARGEST_DATA);
        prop_assert!(!error.to_string().contains('\n'));
        let is_violation = matches!(error, CallError::Protocol(_));
        let is_end = matches!(error, CallError::Closed { .. });
        prop_assert!(is_violation || is_end, "{error}");
    }
}

#[test]
fn a_length_over_the_limit_is_refused_before_room_is_made() {
    for (length, is_legal) in [(4_194_304u32, true), (4_194_305, false), (u32::MAX, false)] {
        let mut bytes = frame(1, false, 0, &[]);
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        let (_, error, room) = read_all(vec![bytes.clone()]);
        let header = bytes.try_into().unwrap();
        if is_legal {
            let stage = Stage::Data {
                received: 0,
                expected: 4_194_304,
            };
            assert_eq!(error, CallError::Closed { stage });
        } else {
            let violation = ProtocolError::TooLong { length, header };
            assert_eq!(error, CallError::Protocol(violation));
            assert_eq!(room, READ_SIZE);
        }
    }
}
