//! The same on streams: of the agent, of the client, and both ways.

use super::agent::{Row, answers, check_call, closes_after, field, header, sends, status};
use crate::builds::streams;
use crate::tool::Tool;
use crate::wire::{RESPONSE, frame};

const DATA: u8 = 3;
/// The flags of a data frame: the last one, and one without a message.
const LAST: u8 = 1;
const NO_DATA: u8 = 4;

const HASTY: [&str; 2] = ["--timeout", "500ms"];
const ITEM: &str = "{\"text\":\"a\"}\n";

fn connect(address: &str) -> Tool {
    streams(&["connect", "--server-address", address])
}

fn item() -> Vec<u8> {
    field(1, b"a")
}

fn data(flags: u8, content: &[u8]) -> Vec<u8> {
    frame(1, DATA, flags, content)
}

/// What may go wrong on any stream that the agent sends.
fn rows() -> Vec<Row> {
    let one = data(0, &item());
    vec![
        sends("silence", [])
            .with(&HASTY)
            .fails(4, "the stream did not end within 500ms"),
        sends("silence after a message", one.clone())
            .with(&HASTY)
            .prints(ITEM)
            .fails(4, "the stream did not end within 500ms"),
        closes_after("a close", [])
            .fails(3, "the agent closed the connection before the stream ended"),
        closes_after("a close after a message", one.clone())
            .prints(ITEM)
            .fails(3, "the agent closed the connection before the stream ended"),
        closes_after("a close within a message", [&one[..], &one[..11]].concat())
            .prints(ITEM)
            .fails(
                3,
                "the agent closed the connection inside the data of a frame, after 1 of 3 bytes",
            ),
        sends("the end and nothing else", data(LAST | NO_DATA, b"")),
        sends("the end with a message", data(LAST, &item())).prints(ITEM),
        sends(
            "a message after the end",
            [data(LAST, &item()), data(0, &item())].concat(),
        )
        .prints(ITEM),
        sends(
            "neither a message nor the end",
            [data(NO_DATA, b""), data(LAST, &item())].concat(),
        )
        .prints(ITEM),
        sends(
            "a message that is denied by its flags",
            [one.clone(), data(NO_DATA, &item())].concat(),
        )
        .prints(ITEM)
        .breaks(
            "a data frame has 3 bytes, but its flags say that it has no data: 00 00 00 03 00 00 00 \
             01 03 04",
        ),
        sends("the same at the end", data(LAST | NO_DATA, &item())).breaks(
            "a data frame has 3 bytes, but its flags say that it has no data: 00 00 00 03 00 00 00 \
             01 03 05",
        ),
        sends("flags that nobody knows", data(0xf0 | LAST, &item())).prints(ITEM),
        sends(
            "a status in the middle",
            [one.clone(), frame(1, RESPONSE, 0, &status(13, "no"))].concat(),
        )
        .prints(ITEM)
        .fails(77, "the agent answered code: INTERNAL (13): no"),
        sends(
            "a message that is none",
            [one.clone(), data(0, b"\x0a\xff")].concat(),
        )
        .prints(ITEM)
        .fails(
            3,
            "the 2 bytes of the answer are not a streams.Item (text: the field at offset 0 is cut off): 0a ff",
        ),
        sends(
            "another stream's message",
            [one.clone(), frame(3, DATA, 0, &item())].concat(),
        )
        .prints(ITEM)
        .breaks(
            "a frame for stream 3 came, and the call is stream 1: 00 00 00 03 00 00 00 03 03 00",
        ),
        sends("a request", [one.clone(), frame(1, 1, 0, b"")].concat())
            .prints(ITEM)
            .breaks("a request frame came from the agent: 00 00 00 00 00 00 00 01 01 00"),
        sends("too much data", header((4 << 20) + 1, 1, DATA, 0)).breaks(
            "a frame header announces 4194305 bytes, and at most 4194304 are allowed: \
             00 40 00 01 00 00 00 01 03 00",
        ),
        answers("a response that is none", b"\xff\xff").breaks(
            "the 2 bytes of a response frame are not a response (the field at offset 0 is cut off): ff ff",
        ),
    ]
}

#[test]
fn the_agent_streams() {
    check_call(rows(), &connect, "Spread");
}

#[test]
fn both_stream() {
    check_call(rows(), &connect, "Exchange");
}

#[test]
fn the_client_streams() {
    check_call(
        [
            sends("silence", [])
                .with(&HASTY)
                .fails(4, "the stream did not end within 500ms"),
            closes_after("a close", [])
                .fails(3, "the agent closed the connection before the stream ended"),
            sends("a message of the agent's", data(0, &item())).breaks(
                "a data frame came where only a response may: 00 00 00 03 00 00 00 01 03 00",
            ),
            answers(
                "an answer before the end of the messages",
                super::agent::payload(item()),
            )
            .prints(ITEM),
            answers("a status before it", status(5, "no"))
                .fails(69, "the agent answered code: NOT_FOUND (5): no"),
        ],
        &connect,
        "Collect",
    );
}
