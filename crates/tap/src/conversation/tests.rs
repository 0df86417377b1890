use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn frame(stream_id: u32, type_: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(&stream_id.to_be_bytes());
    frame.extend_from_slice(&[type_, 0]);
    frame.extend_from_slice(data);
    frame
}

/// All pieces of some bytes that come one way, cut after each of these lengths.
fn pieces_of(
    conversation: &mut Conversation,
    direction: Direction,
    bytes: &[u8],
    size: usize,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for chunk in bytes.chunks(size) {
        conversation.feed(direction, chunk, |piece| pieces.push(piece));
    }
    conversation.end(direction, |piece| pieces.push(piece));
    pieces
}

fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(Piece::Other { bytes, .. }), Piece::Other { bytes: more, .. }) => {
                bytes.extend(more);
            }
            (_, piece) => all.push(piece),
        }
    }
    all
}

#[test]
fn frames_come_out_whole_wherever_the_bytes_are_cut() {
    let bytes = [
        frame(1, 1, b"request"),
        frame(3, 1, b""),
        frame(1, 3, b"data"),
    ]
    .concat();
    for size in 1..=bytes.len() {
        let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
        let pieces = pieces_of(&mut conversation, Direction::ToAgent, &bytes, size);
        let expected = [
            (1, FrameType::Request, &b"request"[..]),
            (3, FrameType::Request, b""),
            (1, FrameType::Data, b"data"),
        ];
        let expected: Vec<Piece> = expected
            .into_iter()
            .map(|(stream_id, frame_type, data)| {
                Piece::Frame(Frame {
                    stream_id,
                    frame_type,
                    flags: 0,
                    data: data.to_vec(),
                })
            })
            .collect();
        assert_eq!(pieces, expected, "in pieces of {size}");
    }
}

#[test]
fn a_handshake_comes_before_the_frames_in_either_case() {
    for line in ["CONNECT 1024", "connect 1024"] {
        for size in 1..20 {
            let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
            let there = [format!("{line}\n").into_bytes(), frame(1, 1, b"x")].concat();
            let back = [b"OK 5001\n".to_vec(), frame(1, 2, b"y")].concat();
            let there = pieces_of(&mut conversation, Direction::ToAgent, &there, size);
            let back = pieces_of(&mut conversation, Direction::ToRuntime, &back, size);
            assert_eq!(there[0], Piece::Handshake(line.to_owned()));
            assert!(matches!(&there[1], Piece::Frame(frame) if frame.data == b"x"));
            assert_eq!(back[0], Piece::Handshake("OK 5001".to_owned()));
            assert!(matches!(&back[1], Piece::Frame(frame) if frame.data == b"y"));
        }
    }
}

#[test]
fn another_port_of_the_guest_is_not_looked_at() {
    let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
    let there = pieces_of(
        &mut conversation,
        Direction::ToAgent,
        b"CONNECT 1026\nls\n",
        64,
    );
    assert_eq!(there, [Piece::Handshake("CONNECT 1026".to_owned())]);
    let back = pieces_of(&mut conversation, Direction::ToRuntime, b"OK 1\nbin\n", 64);
    assert_eq!(back, [Piece::Handshake("OK 1".to_owned())]);
}

#[test]
fn what_is_not_ttrpc_is_told_once_and_bounded() {
    let cases: [(&[u8], &str); 4] = [
        (
            b"\0\0\0\x01\0\0\0\x01\x09\0z",
            "not ttRPC: a frame of type 9",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            "not ttRPC: a frame of 1213486160 bytes, more than 4194304",
        ),
        (b"\0\0\0\x02", "the end came before the frame was whole"),
        (
            b"connected\n",
            "neither a frame nor a line of a hybrid vsock handshake",
        ),
    ];
    for (bytes, reason) in cases {
        for size in [1, 3, 100] {
            let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
            let pieces = pieces_of(&mut conversation, Direction::ToAgent, bytes, size);
            let expected = Piece::Other {
                bytes: bytes.to_vec(),
                reason: Some(reason.to_owned()),
            };
            assert_eq!(joined(pieces), [expected], "{bytes:?} in pieces of {size}");
        }
    }
    let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
    let long = vec![0xff; 3 * MOST_OTHER_BYTES];
    let pieces = joined(pieces_of(
        &mut conversation,
        Direction::ToRuntime,
        &long,
        1000,
    ));
    let [Piece::Other { bytes, .. }] = &pieces[..] else {
        panic!("{} pieces", pieces.len());
    };
    assert_eq!(bytes.len(), MOST_OTHER_BYTES);
}

proptest! {
    /// Nothing panics, nothing is invented, and how the bytes are cut changes nothing.
    #[test]
    fn any_bytes_come_out_as_they_came(
        there in vec(any::<u8>(), 0..200),
        back in vec(any::<u8>(), 0..200),
        begin in prop_oneof![Just(&b""[..]), Just(&b"CONNECT 1024\n"[..]), Just(&b"\0\0\0\x03\0\0\0\x01\x02\0"[..])],
        size in 1_usize..50,
    ) {
        let there = [begin, &there].concat();
        let mut whole = Conversation::new(1024, &Budget::new(usize::MAX));
        let mut cut = Conversation::new(1024, &Budget::new(usize::MAX));
        for (direction, bytes) in [(Direction::ToAgent, &there), (Direction::ToRuntime, &back)] {
            let pieces = joined(pieces_of(&mut whole, direction, bytes, 1000));
            prop_assert_eq!(&pieces, &joined(pieces_of(&mut cut, direction, bytes, size)));
            let count: usize = pieces.iter().map(|piece| match piece {
                Piece::Handshake(line) => line.len() + 1,
                Piece::Frame(frame) => HEADER_LENGTH + frame.data.len(),
                Piece::Other { bytes, .. } => bytes.len(),
                Piece::LeftOut(length) => HEADER_LENGTH + length,
            }).sum();
            prop_assert_eq!(count, bytes.len());
        }
    }
}

#[test]
fn frames_are_found_again_after_a_gap() {
    let mut conversation = Conversation::new(1024, &Budget::new(usize::MAX));
    let whole = frame(1, 1, b"\x0a\x01a\x12\x01b");
    let mut pieces = Vec::new();
    let mut feed = |conversation: &mut Conversation, bytes: &[u8]| {
        conversation.feed(Direction::ToAgent, bytes, |piece| pieces.push(piece));
    };
    feed(&mut conversation, &whole[..14]);
    conversation.lose();
    // The rest of the frame, and others' data that looks like something else.
    feed(&mut conversation, &whole[14..]);
    feed(&mut conversation, &[0; 5000]);
    feed(&mut conversation, &frame(2, 1, b"\x0a"));
    feed(&mut conversation, &frame(1, 1, b"x"));
    feed(&mut conversation, b"CONNECT 1024\n");
    feed(&mut conversation, &whole[..14]);
    feed(&mut conversation, &whole[14..]);
    let [Piece::Frame(found)] = &pieces[..] else {
        panic!("{pieces:?}");
    };
    assert_eq!(found.data, &whole[10..]);
}

#[test]
fn a_frame_for_which_there_is_no_room_is_left_out_and_those_behind_it_are_found() {
    let kept = Budget::new(10_000);
    let mut greedy = Conversation::new(1024, &kept);
    let mut other = Conversation::new(1024, &kept);
    let mut pieces = Vec::new();
    let large = frame(1, 1, &[7; 20_000]);
    // What is always kept is not counted.
    greedy.feed(Direction::ToAgent, &large[..14_000], |piece| {
        pieces.push(piece);
    });
    assert_eq!(pieces, []);
    assert_eq!(kept.left(), 106);
    let bytes = [frame(3, 1, &[1; 5000]), frame(5, 1, b"small")].concat();
    for chunk in bytes.chunks(1000) {
        other.feed(Direction::ToAgent, chunk, |piece| pieces.push(piece));
    }
    let found = |stream_id, data: &[u8]| {
        Piece::Frame(Frame {
            stream_id,
            frame_type: FrameType::Request,
            flags: 0,
            data: data.to_vec(),
        })
    };
    let small = found(5, b"small");
    assert_eq!(pieces, [Piece::LeftOut(5000), small.clone()]);
    // One that comes whole needs no room.
    let whole = frame(7, 1, &[2; 9000]);
    other.feed(Direction::ToAgent, &whole, |piece| pieces.push(piece));
    assert_eq!(pieces[2..], [found(7, &[2; 9000])]);
    // What is given up makes room.
    greedy.lose();
    assert_eq!(kept.left(), 10_000);
    other.feed(Direction::ToAgent, &large[..14_000], |piece| {
        pieces.push(piece);
    });
    other.feed(Direction::ToAgent, &large[14_000..], |piece| {
        pieces.push(piece);
    });
    assert_eq!(pieces[3..], [found(1, &[7; 20_000])]);
    assert_eq!(kept.left(), 10_000);
    // And so does the end.
    other.feed(Direction::ToAgent, &large[..14_000], drop);
    drop(other);
    assert_eq!(kept.left(), 10_000);
}
