//! Hybrid vsock devices that do not do what they should before the agent's own
//! bytes begin.

use std::fmt::Display;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use super::agent::{Row, agent, check_call, payload, wait_for_end};
use crate::tool::{Tool, connect};
use crate::wire::{RESPONSE, frame, read_frame};

/// The same socket as a hypervisor's, with a port of its guest.
fn hybrid(address: &str) -> Tool {
    connect(
        &format!("{}:1024", address.replace("unix:", "hvsock:")),
        [""; 0],
    )
}

fn refusal(reason: impl Display) -> String {
    format!("cannot connect to \"hvsock://{{path}}:1024\": {reason}")
}

/// What the hypervisor's silent end means.
const CLOSED: &str = "the hypervisor closed the connection without an answer: nothing listens on \
                      this port of the guest, or the guest is not up (tried for 400ms)";

impl Row {
    /// No connection comes about.
    fn refuses(self, reason: impl Display) -> Self {
        self.fails(3, refusal(reason))
    }
}

/// A device that reads the request line, sends these bytes, and leaves the
/// connection open.
fn device(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    agent(name, move |stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(&bytes);
        wait_for_end(stream);
    })
    .with(&["--connect-timeout", "400ms"])
}

/// One that closes the connection after the bytes.
fn closes_after(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    agent(name, move |stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(&bytes);
    })
    .with(&["--connect-timeout", "400ms"])
}

#[test]
fn the_answer_to_connect() {
    let xs = "x".repeat(32);
    check_call(
[
        device("silence", []).refuses("the hypervisor took the connection and did not answer CONNECT (tried for 400ms)"),
        closes_after("a close", []).refuses(CLOSED),
        agent("a reset", |stream| {
            let _ = stream.read(&mut [0; 1]);
        })
        .with(&["--connect-timeout", "400ms"])
        .refuses("the hypervisor reset the connection: the guest is not up (tried for 400ms)")
        .through_a_proxy(refusal(CLOSED)),
        device("OK without the end of its line", b"OK 1073741824".to_vec()).refuses("the hypervisor's answer to CONNECT stopped after \"OK 1073741824\" (tried for 400ms)",
        ),
        closes_after("the same, and a close", b"OK 10".to_vec())
            .refuses("the hypervisor's answer to CONNECT stopped after \"OK 10\""),
        device("OK without a port", b"OK\n".to_vec())
            .refuses("the hypervisor answered CONNECT with \"OK\" without a port after it"),
        device("a line of 1 MiB", [&[b'x'; 1 << 20][..], b"\n"].concat()).refuses(format!("the hypervisor's answer to CONNECT has no end: \"{xs}\" and 4064 more bytes"),
        ),
        device("an error", b"ERR no such port\n".to_vec()).refuses("the hypervisor answered CONNECT with \"ERR no such port\" instead of OK",
        ),
        device("an error that a terminal would act on", b"ERR \x1b[2J\x9b\xe2\x80\xae\r\n".to_vec()).refuses("the hypervisor answered CONNECT with \"ERR \\x1b[2J\\x9b\\xe2\\x80\\xae\\r\" instead of OK",
        ),
        device("an empty line", b"\n".to_vec())
            .refuses("the hypervisor answered CONNECT with \"\" instead of OK"),
        device("small letters", b"ok 1\n".to_vec())
            .refuses("the hypervisor answered CONNECT with \"ok 1\" instead of OK"),
        device("ttRPC at once", frame(1, RESPONSE, 0, b"\n")).refuses("the hypervisor answered CONNECT with \"\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x02\\x00\" instead of OK",
        ),
        agent("single bytes", |stream| {
            let _ = stream.read(&mut [0; 64]);
            for byte in b"OK 5\n" {
                stream.write_all(&[*byte]).unwrap();
                thread::sleep(Duration::from_millis(10));
            }
            let _ = read_frame(stream);
            let _ = stream.write_all(&frame(1, RESPONSE, 0, &payload(b"\x0a\x01a")));
            wait_for_end(stream);
        })
        .prints("{\"grpc_version\":\"a\"}\n"),
        agent("a close after OK", |stream| {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"OK 5\n");
            let _ = read_frame(stream);
        })
        .fails(3, "the agent closed the connection before it answered"),
    ],
    &hybrid, "Version");
}
