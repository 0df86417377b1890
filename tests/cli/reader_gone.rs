//! Whoever read standard output has gone: the run ends quietly, with the status
//! of a program that SIGPIPE ended.

use std::io;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use typed_peer::Peer;

use crate::sent::lines;

/// Runs the tool with a standard output that nobody reads: its exit status and
/// its standard error.
fn unread(arguments: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let home = TempDir::with_prefix("home").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"))
        .args(arguments)
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(writer)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn every_sub_command_ends_alike() {
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["describe", "Check"],
        &["template", "Check"],
        &["examples"],
        &["man"],
        &["completions", "bash"],
        &["generate-cid"],
        &["help"],
        &["--help"],
        &["connect", "--help"],
        &["--version"],
        &["connect", "--dry-run", "-c", "Check"],
        &["--error-format", "json", "list"],
    ] {
        assert_eq!(
            unread(arguments),
            (Some(141), String::new()),
            "{arguments:?}"
        );
    }
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
        assert_eq!(
            unread(&arguments),
            (Some(141), String::new()),
            "{options:?}"
        );
        assert_eq!(lines(&peer), ["Check"]);
    }
}
