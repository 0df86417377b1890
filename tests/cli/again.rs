//! Calls that are made again: repeated ones, whose answers may be the same or not, and
//! those for which the connection has to be made again.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::tool::{connect, program};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

const SERVING: &[u8] = b"\x12\x02\x08\x01";
const NOT_SERVING: &[u8] = b"\x12\x02\x08\x02";
/// Code 13.
const INTERNAL: &[u8] = b"\x0a\x02\x08\x0d";

fn answer(stream: &mut UnixStream, data: &[u8]) {
    if let Ok((stream_id, _)) = read_frame(stream) {
        stream
            .write_all(&frame(stream_id, RESPONSE, 0, data))
            .unwrap();
    }
}

/// An agent that gives these answers on each connection.
fn agent(answers: &'static [&'static [u8]]) -> Listener {
    Listener::start(move |_, mut stream| {
        for data in answers {
            answer(&mut stream, data);
        }
    })
}

#[test]
fn each_answer_of_a_repeated_call_is_printed_as_it_is() {
    let agent = agent(&[SERVING, SERVING, NOT_SERVING, NOT_SERVING, SERVING, &[]]);
    let lines = "{\"status\":\"SERVING\"}\n\
                 {\"status\":\"SERVING\"}\n\
                 {\"status\":\"NOT_SERVING\"}\n\
                 {\"status\":\"NOT_SERVING\"}\n\
                 {\"status\":\"SERVING\"}\n\
                 {}\n";
    connect(&agent.address(), ["-o", "jsonl", "--repeat", "6"])
        .arguments(["-c", "Check"])
        .stdout(lines)
        .test();
    connect(&agent.address(), ["-o", "hex", "-c", "repeat 3", "Check"])
        .stdout("0801\n0801\n0802\n")
        .test();
}

#[test]
fn a_failure_between_equal_answers() {
    let agent = agent(&[SERVING, INTERNAL, SERVING]);
    connect(
        &agent.address(),
        ["-o", "jsonl", "--repeat", "3", "--ignore-errors"],
    )
    .arguments(["-c", "Check"])
    .status(77)
    .stdout("{\"status\":\"SERVING\"}\n{\"status\":\"SERVING\"}\n")
    .stderr("error: Check: the agent answered code: INTERNAL (13)\n")
    .test();
}

#[test]
fn equal_answers_to_two_commands_are_both_printed() {
    let agent = agent(&[SERVING, SERVING, SERVING]);
    connect(&agent.address(), ["-o", "jsonl"])
        .arguments(["-c", "Check", "echo x", "Check", "Check"])
        .stdout("{\"status\":\"SERVING\"}\nx\n{\"status\":\"SERVING\"}\n{\"status\":\"SERVING\"}\n")
        .test();
}

#[test]
fn a_connection_that_was_closed_between_two_calls_is_made_again() {
    // One call on each connection, whose other direction is still read after its end.
    let agent = Listener::start(|number, mut stream| {
        answer(&mut stream, [SERVING, NOT_SERVING][number % 2]);
        if number == 0 {
            stream.shutdown(Shutdown::Write).unwrap();
            let _ = stream.read(&mut [0]);
        }
    });
    connect(&agent.address(), ["-o", "jsonl", "-c", "Check"])
        .arguments(["sleep 200ms", "Check", "sleep 200ms", "Check"])
        .stdout(
            "{\"status\":\"SERVING\"}\n{\"status\":\"NOT_SERVING\"}\n{\"status\":\"SERVING\"}\n",
        )
        .test();
}

#[test]
fn no_socket_comes_to_stand_in_the_place_of_a_stream_that_is_closed() {
    let (sender, received) = mpsc::channel();
    let agent = Listener::start(move |_, mut stream| {
        answer(&mut stream, SERVING);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        sender.send(rest).unwrap();
    });
    for closed in ["<&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"] {
        let shell = format!("exec \"$0\" \"$@\" {closed}");
        let status = Command::new("sh")
            .args(["-c", &shell, program()])
            .args(["connect", "--server-address", &agent.address()])
            .args(["-v", "-c", "Check"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        // None of what is shown on standard error, or printed.
        let rest = received.recv_timeout(Duration::from_secs(20));
        assert_eq!(rest.as_deref(), Ok(&b""[..]), "{closed}");
        assert_eq!(status.code(), Some(0), "{closed}");
    }
}
