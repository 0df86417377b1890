//! A standard output that takes no more: its reader has gone, which ends the run
//! quietly, with the status of a program that SIGPIPE ended; or it is full, which is an
//! error; or it was closed. None is a panic, for no sub-command.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use tempfile::TempDir;
use typed_peer::Peer;

use crate::builds::streams;
use crate::sent::lines;
use crate::tool::{connect, program};

/// A run of each sub-command that prints.
const RUNS: &[&[&str]] = &[
    &["list"],
    &["list", "--json"],
    &["describe", "Check"],
    &["describe", "Check", "--json"],
    &["template", "Check"],
    &["examples"],
    &["examples", "version"],
    &["man"],
    &["completions", "bash"],
    &["complete", "bash", "kata-agent-ctl "],
    &["generate-cid"],
    &["generate-sid"],
    &["help"],
    &["--help"],
    &["connect", "--help"],
    &["--version"],
    &["connect", "--dry-run", "-c", "Check"],
    &["connect", "--server-address", "sim://", "-c", "Check"],
    &["connect", "--server-address", "sim://", "-c", "list"],
    &["connect", "--server-address", "sim://", "-c", "echo"],
    &["connect", "--server-address", "sim://", "-i", "-c", "Check"],
];

/// Starts a program whose standard output is this.
fn start(program: &str, arguments: &[&str], stdout: impl Into<Stdio>) -> Child {
    let home = TempDir::with_prefix("home").unwrap();
    Command::new(program)
        .args(arguments)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Its exit status and its standard error, at its end.
fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

/// A pipe that nobody reads.
fn unread() -> io::PipeWriter {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    // A process that another test starts has it open for a moment too.
    let mut polled = [PollFd::new(writer.as_fd(), PollFlags::empty())];
    assert_eq!(poll(&mut polled, 20_000u16), Ok(1));
    assert_eq!(polled[0].revents(), Some(PollFlags::POLLERR));
    writer
}

/// A disk that is full.
fn full() -> Stdio {
    let disk = OpenOptions::new().write(true).open("/dev/full");
    disk.unwrap().into()
}

/// Runs the tool with its standard output closed.
fn closed(arguments: &[&str]) -> Child {
    let shell = ["-c", "exec \"$0\" \"$@\" >&-", program()];
    start("sh", &[&shell, arguments].concat(), Stdio::null())
}

#[cfg(feature = "sim")]
#[test]
fn a_reader_that_has_gone() {
    let quiet = (Some(141), String::new());
    for arguments in RUNS {
        assert_eq!(
            end(start(program(), arguments, unread())),
            quiet,
            "{arguments:?}"
        );
    }
    let json = ["--error-format", "json", "list"];
    assert_eq!(end(start(program(), &json, unread())), quiet);
    let binary = streams(&[]);
    let binary = binary.path().to_str().unwrap();
    let call = ["connect", "--server-address", "sim://", "-c", "Exchange"];
    assert_eq!(end(start(binary, &call, unread())), quiet);
}

#[cfg(feature = "sim")]
#[test]
fn a_full_disk() {
    let error = "cannot write to standard output: no space left on device\n";
    for arguments in RUNS {
        let (status, stderr) = end(start(program(), arguments, full()));
        assert_eq!(status, Some(1), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.ends_with(error) && stderr.lines().count() == 1,
            "{arguments:?}: {stderr}"
        );
    }
}

#[cfg(feature = "sim")]
#[test]
fn one_that_was_closed_throws_away() {
    // Rust opens `/dev/null` in its place, before the program begins.
    for arguments in RUNS {
        let ended = end(closed(arguments));
        assert_eq!(ended, (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn nobody_needs_a_standard_output_that_is_not_written() {
    // What is thrown away is not an error, however it was opened.
    for read in [false, true] {
        let null = OpenOptions::new().read(read).write(true).open("/dev/null");
        let (status, stderr) = end(start(program(), &["list"], null.unwrap()));
        assert_eq!((status, stderr.as_str()), (Some(0), ""));
    }
    // A mistake is told as ever.
    let (status, stderr) = end(closed(&["connect", "--dry-run", "-c", "Nope"]));
    let error = "error: there is no RPC or built-in command \"Nope\"";
    assert!(status == Some(2) && stderr.starts_with(error), "{stderr}");
}

#[test]
fn no_command_follows() {
    let peer = Peer::start();
    for options in [
        &["-n"][..],
        &["--ignore-errors"],
        &["--repeat", "3"],
        &["-i"],
    ] {
        let mut arguments = vec!["connect", "--server-address", peer.address()];
        arguments.extend(options);
        arguments.extend(["-c", "Check", "Version"]);
        let no_space = "error: Check: cannot write to standard output: no space left on device\n";
        for (stdout, status, error) in [(Stdio::from(unread()), 141, ""), (full(), 1, no_space)] {
            let ended = end(start(program(), &arguments, stdout));
            assert_eq!(ended, (Some(status), error.to_owned()), "{options:?}");
            assert_eq!(lines(&peer), ["Check"]);
        }
    }
}

#[cfg(feature = "sim")]
#[test]
fn the_log_of_the_simulated_agent() {
    for (stdout, status, error) in [
        (Stdio::from(unread()), 141, ""),
        (
            full(),
            1,
            "error: cannot write to standard output: no space left on device\n",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("s");
        let address = format!("unix://{}", socket.display());
        let server = start(program(), &["serve", "--address", &address], stdout);
        let started = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = connect(&address, ["-c", "Check"]).run();
        let listening = format!("listening on {address}\n");
        assert_eq!(end(server), (Some(status), listening + error));
    }
}
