//! Frames that do not come, come in part, or are not what they say: everything up
//! to the data of a response.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tempfile::TempDir;

use super::agent::{
    HINT, agent, check, check_call, closes_after, header, payload, sends, wait_for_end,
};
use crate::tool::connect;
use crate::wire::{RESPONSE, frame, read_frame};

const REQUEST: u8 = 1;
const DATA: u8 = 3;
const HELLO: &str = "{\"grpc_version\":\"hello\"}\n";

/// A whole answer.
fn answer() -> Vec<u8> {
    frame(1, RESPONSE, 0, &payload(b"\x0a\x05hello"))
}

/// Waits until the tool has closed its end, without reading anything.
fn read_nothing(stream: &mut UnixStream) {
    let mut polled = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    poll(&mut polled, PollTimeout::NONE).unwrap();
}

#[test]
fn silence() {
    let hasty = ["--timeout", "400ms"];
    let stopped = "no whole answer within 400ms: it stopped inside";
    check([
        agent("it accepts and is silent", wait_for_end)
            .with(&hasty)
            .fails(4, "no answer within 400ms"),
        agent("it never reads", read_nothing)
            .with(&hasty)
            .fails(4, "no answer within 400ms"),
        sends("silent after half a header", &answer()[..6])
            .with(&hasty)
            .fails(
                4,
                format!("{stopped} a frame header, after 6 of 10 bytes: 00 00 00 09 00 00"),
            ),
        sends("silent after a header", &answer()[..10])
            .with(&hasty)
            .fails(
                4,
                format!("{stopped} the data of a frame, after 0 of 9 bytes"),
            ),
        sends("silent after some data", &answer()[..12])
            .with(&hasty)
            .fails(
                4,
                format!("{stopped} the data of a frame, after 2 of 9 bytes"),
            ),
        agent("a byte a second", |stream| {
            let _ = read_frame(stream);
            for byte in answer() {
                if stream.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_secs(1));
            }
        })
        .with(&["--timeout", "2500ms"])
        .fails(
            4,
            "no whole answer within 2.5s: it stopped inside a frame header, after 3 of 10 bytes: \
             00 00 00",
        ),
        agent("a byte at a time, in time", |stream| {
            let _ = read_frame(stream);
            for byte in answer() {
                stream.write_all(&[byte]).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        })
        .with(&["--timeout", "8s"])
        .prints(HELLO),
    ]);
}

#[test]
fn a_request_that_nobody_reads() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("policy");
    fs::write(&path, vec![b'x'; 4_000_000]).unwrap();
    check_call(
        [
            agent("it never reads", read_nothing)
                .with(&["--timeout", "400ms"])
                .fails(4, "the request was not taken within 400ms"),
            agent("it reads a part and resets", |stream| {
                let _ = stream.read_exact(&mut [0; 10_000]);
            })
            .fails(
                3,
                format!("the agent reset the connection while the request was sent{HINT}"),
            ),
            agent("it answers before it has read, and closes", |stream| {
                let _ = stream.read_exact(&mut [0; 10]);
                let _ = stream.write_all(&frame(1, RESPONSE, 0, &super::agent::status(8, "full")));
            })
            .fails(72, "the agent answered code: RESOURCE_EXHAUSTED (8): full"),
        ],
        &|address| connect(address, [""; 0]),
        &format!("SetPolicy policy=@{}", path.display()),
    );
}

#[test]
fn an_end() {
    let closed = "the agent closed the connection";
    check([
        closes_after("before the header", [])
            .fails(3, format!("{closed} before it answered{HINT}")),
        closes_after("within the header", &answer()[..4]).fails(
            3,
            format!("{closed} inside a frame header, after 4 of 10 bytes: 00 00 00 09"),
        ),
        closes_after("after the header", &answer()[..10]).fails(
            3,
            format!("{closed} inside the data of a frame, after 0 of 9 bytes"),
        ),
        closes_after("within the data", &answer()[..13]).fails(
            3,
            format!("{closed} inside the data of a frame, after 3 of 9 bytes"),
        ),
        closes_after("after the data", answer()).prints(HELLO),
        agent("it resets instead of an answer", |stream| {
            let _ = stream.read_exact(&mut [0; 3]);
        })
        .fails(
            3,
            format!("the agent reset the connection before it answered{HINT}"),
        ),
    ]);
}

#[test]
fn lengths() {
    let announces = |length: u32, bytes: &str| {
        format!(
            "a frame header announces {length} bytes, and at most 4194304 are allowed: {bytes} 00 \
             00 00 01 02 00"
        )
    };
    check([
        sends("no data", header(0, 1, RESPONSE, 0)).prints("{}\n"),
        sends("4 MiB that do not come", header(4 << 20, 1, RESPONSE, 0))
            .with(&["--timeout", "400ms"])
            .fails(
                4,
                "no whole answer within 400ms: it stopped inside the data of a frame, after 0 of \
                 4194304 bytes",
            ),
        closes_after("4 MiB that end early", header(4 << 20, 1, RESPONSE, 0)).fails(
            3,
            "the agent closed the connection inside the data of a frame, after 0 of 4194304 bytes",
        ),
        sends("4 MiB and 1", header((4 << 20) + 1, 1, RESPONSE, 0))
            .breaks(&announces(4_194_305, "00 40 00 01")),
        sends("the largest number", header(u32::MAX, 1, RESPONSE, 0))
            .breaks(&announces(u32::MAX, "ff ff ff ff")),
    ]);
}

#[test]
fn streams_types_and_flags() {
    let wrong_stream = |stream: u32, bytes: &str| {
        format!(
            "a frame for stream {stream} came, and the call is stream 1: 00 00 00 00 {bytes} 02 00"
        )
    };
    let empty = |stream_id, kind| frame(stream_id, kind, 0, &[]);
    check([
        sends("stream 0", empty(0, RESPONSE)).breaks(&wrong_stream(0, "00 00 00 00")),
        sends("an even stream", empty(2, RESPONSE)).breaks(&wrong_stream(2, "00 00 00 02")),
        sends("a later stream", empty(3, RESPONSE)).breaks(&wrong_stream(3, "00 00 00 03")),
        sends("the last stream", empty(u32::MAX, RESPONSE))
            .breaks(&wrong_stream(u32::MAX, "ff ff ff ff")),
        sends("type 0", empty(1, 0))
            .breaks("a frame has the unknown type 0: 00 00 00 00 00 00 00 01 00 00"),
        sends("a request", empty(1, REQUEST))
            .breaks("a request frame came from the agent: 00 00 00 00 00 00 00 01 01 00"),
        sends("data", empty(1, DATA))
            .breaks("a data frame came where only a response may: 00 00 00 00 00 00 00 01 03 00"),
        sends("data, and the end of a stream", frame(1, DATA, 5, &[]))
            .breaks("a data frame came where only a response may: 00 00 00 00 00 00 00 01 03 05"),
        sends("type 255", empty(1, 255))
            .breaks("a frame has the unknown type 255: 00 00 00 00 00 00 00 01 ff 00"),
        // Flags mean nothing on a response.
        sends(
            "flags",
            frame(1, RESPONSE, 0xff, &payload(b"\x0a\x05hello")),
        )
        .prints(HELLO),
        sends("no ttRPC", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).breaks(
            "a frame has the unknown type 32: 48 54 54 50 2f 31 2e 31 20 34 (\"HTTP/1.1 4\")",
        ),
        sends("an SSH server", b"SSH-2.0-\x1b[2J\r\n".to_vec())
            .breaks("a frame has the unknown type 27: 53 53 48 2d 32 2e 30 2d 1b 5b"),
    ]);
}
