//! A standard output whose reader does not read, or not yet: a signal ends the wait
//! for it, and it is not part of a call's time.

use std::io::{self, PipeReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::hostile::agent::{field, payload, wait_for_end};
use crate::tool::program;
use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// More than any pipe holds.
const LARGE: usize = 3 << 20;
/// How long nobody reads.
const PAUSE: Duration = Duration::from_secs(3);
/// How soon a run ends after the signal.
const SOON: Duration = Duration::from_secs(5);

/// An agent whose version is large.
fn agent() -> Listener {
    let answer = payload(field(1, b"x".repeat(LARGE)));
    Listener::start(move |_, mut stream| {
        let _ = read_frame(&mut stream);
        let _ = stream.write_all(&frame(1, RESPONSE, 0, &answer));
        wait_for_end(&mut stream);
    })
}

/// A run of which nobody reads the standard output so far.
fn start(agent: &Listener, arguments: &[&str]) -> (Child, PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let child = Command::new(program())
        .args(["connect", "--server-address", &agent.address(), "-c"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (child, reader)
}

/// Its status and its standard error, which come soon.
#[track_caller]
fn end(mut child: Child) -> (Option<i32>, String) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > SOON {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

#[test]
fn the_first_signal_ends_the_wait_for_it() {
    let agent = agent();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        for arguments in [&["Version"][..], &["Version", "Check", "--ignore-errors"]] {
            let (child, mut reader) = start(&agent, arguments);
            // Then the first of it is there.
            reader.read_exact(&mut [0; 1]).unwrap();
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            let expected = "error: Version: interrupted\n".to_owned();
            assert_eq!(end(child), (Some(130), expected), "{signal} {arguments:?}");
        }
    }
}

#[test]
fn a_reader_that_comes_late_gets_all() {
    let agent = agent();
    let (child, mut reader) = start(&agent, &["Version", "-v", "-o", "jsonl"]);
    reader.read_exact(&mut [0; 1]).unwrap();
    thread::sleep(PAUSE);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    let expected = format!("\"grpc_version\":\"{}\"}}\n", "x".repeat(LARGE));
    assert!(rest == expected, "{} bytes", rest.len());
    let (status, stderr) = end(child);
    assert_eq!(status, Some(0), "{stderr}");
    // It is not part of the call's time.
    let (_, time) = stderr.trim_end().rsplit_once("< OK in ").unwrap();
    let seconds = time.trim_end_matches(|c: char| c.is_alphabetic());
    let seconds: f64 = seconds.parse().unwrap();
    let is_short = time.ends_with("ms") || time.ends_with("us");
    assert!(is_short || seconds < PAUSE.as_secs_f64(), "{stderr}");
}
