//! The word to a person at a terminal whose call takes long, whatever it waits for.

use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::builds::streams;
use crate::hostile::agent::{status, wait_for_end};
use crate::terminal::{AtTerminal, at_terminal, program_at_terminal};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

const WORD: &str = "still waiting for an answer; Ctrl-C gives up";

/// An agent that does this once it has read the request, and is silent then.
fn agent(then: impl Fn(&mut UnixStream) + Send + Sync + 'static) -> Listener {
    Listener::start(move |_, mut stream| {
        let _ = read_frame(&mut stream);
        then(&mut stream);
        wait_for_end(&mut stream);
    })
}

/// Waits for the word, which is said once, and ends the run.
#[track_caller]
fn is_told(run: AtTerminal) {
    let terminal = run.start();
    terminal.sees(WORD);
    terminal.signal(Signal::SIGINT);
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(130), "{bytes}");
    assert_eq!(bytes.matches(WORD).count(), 1, "{bytes}");
}

#[test]
fn for_the_rest_of_an_answer() {
    let agent = agent(|stream| stream.write_all(&[0]).unwrap());
    is_told(at_terminal(&agent.address(), ["-c", "Version"]));
}

#[test]
fn for_an_agent_that_takes_no_request() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("policy"), vec![b'x'; 4_000_000]).unwrap();
    let agent = Listener::start(|_, stream| {
        let mut polled = [PollFd::new(stream.as_fd(), PollFlags::empty())];
        poll(&mut polled, PollTimeout::NONE).unwrap();
    });
    let command = ["-c", "SetPolicy policy=@policy"];
    is_told(at_terminal(&agent.address(), command).folder(folder.path()));
}

#[test]
fn for_a_stream_to_begin() {
    let agent = agent(|_| ());
    let binary = streams(&[]);
    let address = agent.address();
    let arguments = ["connect", "--server-address", &address, "-c", "Spread"];
    is_told(program_at_terminal(
        binary.path().to_str().unwrap(),
        arguments,
    ));
}

#[test]
fn not_where_the_answer_comes_in_time_or_never_may() {
    let refusing = agent(|stream| {
        let _ = stream.write_all(&frame(1, RESPONSE, 0, &status(5, "no")));
    });
    let silent = agent(|_| ());
    for (address, options, expected) in [
        (refusing.address(), &["-c", "Version"][..], 69),
        (silent.address(), &["-c", "Version", "--timeout", "1s"], 4),
    ] {
        let run = at_terminal(&address, options.iter().copied()).start();
        let (status, bytes) = run.end();
        assert_eq!(status, Some(expected), "{bytes}");
        assert!(!bytes.contains("waiting"), "{bytes}");
    }
}
