//! More than one call on a connection: answers that come twice, late or never.

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::agent::{Row, agent, check, payload, status, wait_for_end};
use crate::wire::{RESPONSE, frame, read_frame};

fn answer(stream_id: u32, text: &str) -> Vec<u8> {
    let mut message = vec![0x0a, text.len() as u8];
    message.extend(text.as_bytes());
    frame(stream_id, RESPONSE, 0, &payload(message))
}

/// An agent that sends these bytes after each request in turn, and then leaves the
/// connection open.
fn in_turn(name: &'static str, each: Vec<Vec<u8>>) -> Row {
    agent(name, move |stream: &mut UnixStream| {
        for bytes in &each {
            let _ = read_frame(stream);
            let _ = stream.write_all(bytes);
        }
        wait_for_end(stream);
    })
}

#[test]
fn an_answer_too_many() {
    let twice = [answer(1, "a"), answer(1, "a")].concat();
    let two_calls = ["-c", "Version"];
    check([
        in_turn("two answers to the only call", vec![twice.clone()])
            .prints("{\"grpc_version\":\"a\"}\n"),
        in_turn(
            "two answers to the first of two calls",
            vec![twice.clone(), vec![]],
        )
        .with(&two_calls)
        .prints("{\"grpc_version\":\"a\"}\n")
        .breaks(
            "a frame for stream 1 came, and the call is stream 3: 00 00 00 05 00 00 00 01 02 00",
        ),
        in_turn(
            "the first answer once more",
            vec![answer(1, "a"), answer(1, "a")],
        )
        .with(&two_calls)
        .prints("{\"grpc_version\":\"a\"}\n")
        .breaks(
            "a frame for stream 1 came, and the call is stream 3: 00 00 00 05 00 00 00 01 02 00",
        ),
        in_turn(
            "the second answer with the first",
            vec![[answer(1, "a"), answer(3, "b")].concat(), vec![]],
        )
        .with(&two_calls)
        .prints("{\"grpc_version\":\"a\"}\n")
        .breaks(
            "a frame for stream 3 came before the call's request was sent: 00 00 00 05 00 00 00 03 02 00",
        ),
        in_turn(
            "an error, and an answer",
            vec![frame(1, RESPONSE, 0, &status(5, "no")), answer(3, "b")],
        )
        .with(&["-c", "Version", "--ignore-errors"])
        .prints("{\"grpc_version\":\"b\"}\n")
        .fails(69, "the agent answered code: NOT_FOUND (5): no"),
    ]);
}

#[test]
fn an_answer_too_late() {
    let hasty = ["-c", "Version", "--ignore-errors", "--timeout", "500ms"];
    check([
        in_turn(
            "to a call that was given up",
            vec![vec![], [answer(1, "late"), answer(3, "b")].concat()],
        )
        .with(&hasty)
        .prints("{\"grpc_version\":\"b\"}\n")
        .fails(4, "no answer within 500ms"),
        in_turn(
            "in the middle of a frame",
            vec![
                answer(1, "late")[..12].to_vec(),
                [&answer(1, "late")[12..], &answer(3, "b")].concat(),
            ],
        )
        .with(&hasty)
        .prints("{\"grpc_version\":\"b\"}\n")
        .fails(
            4,
            "no whole answer within 500ms: it stopped inside the data of a frame, after 2 of 8 \
             bytes",
        ),
        in_turn(
            "twice",
            vec![
                vec![],
                [answer(1, "late"), answer(1, "late"), answer(3, "b")].concat(),
            ],
        )
        .with(&hasty)
        .fails(
            4,
            "no answer within 500ms\nerror: Version: the agent broke the ttRPC protocol: a frame \
             for stream 1 came, and the call is stream 3: 00 00 00 08 00 00 00 01 02 00",
        ),
    ]);
}
