//! Whole frames with something in them that should not be: the data of a response,
//! its status, and the message that it carries.

use super::agent::{Row, answers, check, check_call, field, payload, status};
use crate::tool::connect;

/// A payload that is not an answer of the RPC.
fn is_no_answer(name: &'static str, message: &[u8], reason: &str, bytes: &str) -> Row {
    answers(name, payload(message)).fails(
        3,
        format!(
            "the {} bytes of the answer are not a grpc.VersionCheckResponse ({reason}): {bytes}",
            message.len()
        ),
    )
}

/// A frame whose data is not a response.
fn is_no_response(name: &'static str, data: &[u8], reason: &str, bytes: &str) -> Row {
    answers(name, data).breaks(&format!(
        "the {} bytes of a response frame are not a response ({reason}): {bytes}",
        data.len()
    ))
}

const CUT: &str = "the field at offset 0 is cut off";
const BAD_TAG: &str = "the field at offset 0 has a number or type that protobuf does not have";
const WRONG_END: &str = "the group at offset 0 is closed by the end of another one";

/// An answer whose status is an error.
fn fails_with(name: &'static str, code: i32, message: &str, exit_status: i32, shown: &str) -> Row {
    answers(name, status(code, message))
        .fails(exit_status, format!("the agent answered code: {shown}"))
}

#[test]
fn the_data_of_a_response() {
    check([
        is_no_response("it is no protobuf", b"\xff\xff\xff", CUT, "ff ff ff"),
        is_no_response(
            "it is text",
            b"oops\n",
            BAD_TAG,
            "6f 6f 70 73 0a (\"oops\\n\")",
        ),
        is_no_response(
            "it is long",
            &[0xff; 1000],
            BAD_TAG,
            &format!("{} and 968 more bytes", ["ff"; 32].join(" ")),
        ),
        is_no_response("a field that is cut", b"\x12\x05hi", CUT, "12 05 68 69"),
        is_no_response(
            "a field in the status that is cut, behind a payload",
            b"\x12\x01x\x0a\x04\x08\x05\x12\x05",
            "the field at offset 7 is cut off",
            "12 01 78 0a 04 08 05 12 05",
        ),
        is_no_response(
            "a group that another one's end closes",
            b"\x9b\x06\x94\x06",
            WRONG_END,
            "9b 06 94 06",
        ),
        answers("a group that ends", b"\x9b\x06\x9c\x06").prints("{}\n"),
        answers("nothing", b"").prints("{}\n"),
        answers("an empty status", field(1, b"")).prints("{}\n"),
        answers("an empty payload", payload(b"")).prints("{}\n"),
        answers(
            "two payloads: the last counts",
            [payload(b"\x0a\x01a"), payload(b"\x0a\x01b")].concat(),
        )
        .prints("{\"grpc_version\":\"b\"}\n"),
        answers(
            "fields that no response has",
            [field(9, b"x"), payload(b"\x0a\x01a")].concat(),
        )
        .prints("{\"grpc_version\":\"a\"}\n"),
    ]);
}

#[test]
fn statuses() {
    check([
        fails_with("no code has this number", -1, "no", 192, "-1: no"),
        fails_with("nor this", 17, "no", 81, "17: no"),
        fails_with("77, which is no INTERNAL", 77, "no", 141, "77: no"),
        fails_with("the largest", i32::MAX, "no", 192, "2147483647: no"),
        fails_with("the smallest", i32::MIN, "no", 192, "-2147483648: no"),
        fails_with("no message", 13, "", 77, "INTERNAL (13)"),
        fails_with(
            "lines without anything",
            13,
            "\n\r\n\n",
            77,
            "INTERNAL (13)",
        ),
        fails_with(
            "lines that look empty",
            13,
            " \n\t\r\n  no\nmore",
            77,
            "INTERNAL (13):   no",
        ),
        answers(
            "a status with details",
            field(
                1,
                [
                    b"\x08\x05".to_vec(),
                    field(2, b"gone"),
                    field(
                        3,
                        [field(1, b"type.googleapis.com/x.Y"), field(2, b"\xff\xff")].concat(),
                    ),
                ]
                .concat(),
            ),
        )
        .fails(69, "the agent answered code: NOT_FOUND (5): gone"),
        answers(
            "OK with a message",
            [status(0, "fine"), payload(b"\x0a\x01a")].concat(),
        )
        .prints("{\"grpc_version\":\"a\"}\n"),
        answers(
            "an error with a payload",
            [status(5, "no"), payload(b"\x0a\x01a")].concat(),
        )
        .fails(69, "the agent answered code: NOT_FOUND (5): no"),
        is_no_response(
            "a message that is no text",
            &field(1, b"\x08\x05\x12\x02\xff\xfe"),
            "the string at offset 6 is not UTF-8",
            "0a 06 08 05 12 02 ff fe",
        ),
        answers(
            "a code of 64 bits, of which the lower 32 count: 5",
            b"\x0a\x0a\x08\x85\x80\x80\x80\x80\x80\x80\x80\x7f",
        )
        .fails(69, "the agent answered code: NOT_FOUND (5)"),
        answers(
            "a status in two parts, the second of them empty",
            [status(5, "no"), field(1, b"")].concat(),
        )
        .fails(69, "the agent answered code: NOT_FOUND (5): no"),
        answers(
            "a status in two parts, its message in the second",
            [field(1, b"\x08\x05"), field(1, field(2, b"no"))].concat(),
        )
        .fails(69, "the agent answered code: NOT_FOUND (5): no"),
    ]);
}

#[test]
fn the_message() {
    check([
        is_no_answer("it is no protobuf", b"\xff", CUT, "ff"),
        is_no_answer(
            "a string that is no UTF-8",
            b"\x0a\x02\xff\xfe",
            "grpc_version: the string at offset 2 is not UTF-8",
            "0a 02 ff fe",
        ),
        is_no_answer(
            "a string that is cut",
            b"\x0a\x05hi",
            "grpc_version: the field at offset 0 is cut off",
            "0a 05 68 69",
        ),
        is_no_answer("a tag of field 0", b"\x02\x01x", BAD_TAG, "02 01 78"),
        is_no_answer("a group that does not end", b"\x9b\x06", CUT, "9b 06"),
        is_no_answer(
            "the end of a group that has not begun",
            b"\x9c\x06",
            "at offset 0 a group ends that has not begun",
            "9c 06",
        ),
        is_no_answer(
            "a group that another one's end closes",
            b"\x9b\x06\x94\x06\x0a\x01v",
            WRONG_END,
            "9b 06 94 06 0a 01 76",
        ),
        is_no_answer(
            "the same in a group",
            b"\x9b\x06\x0b\x9c\x06\x0c",
            "the group at offset 2 is closed by the end of another one",
            "9b 06 0b 9c 06 0c",
        ),
        is_no_answer(
            "a number of 11 bytes",
            &[&[0x98, 6][..], &[0xff; 10], &[1]].concat(),
            "the field at offset 0 has a number of too many bytes",
            "98 06 ff ff ff ff ff ff ff ff ff ff 01",
        ),
        answers("the last of several counts", payload(b"\x0a\x01a\x0a\x01b"))
            .prints("{\"grpc_version\":\"b\"}\n"),
    ]);
}

#[test]
fn groups_of_messages_in_the_message() {
    // In an interface, behind one that is well.
    let interfaces = [field(1, b""), field(1, b"\x9b\x06\x94\x06")].concat();
    let row = answers("in a list", payload(&interfaces)).fails(
        3,
        "the 8 bytes of the answer are not a grpc.Interfaces (Interfaces[1]: the group at offset 4 is \
         closed by the end of another one): 0a 00 0a 04 9b 06 94 06",
    );
    check_call(
        [row],
        &|address| connect(address, [""; 0]),
        "ListInterfaces",
    );
}
