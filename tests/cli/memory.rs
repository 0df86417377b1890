//! How much memory a served agent takes when many containers come and go.

use std::fmt::Write as _;
use std::fs;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::served::{Served, serve};
use crate::tool::connect;

/// The least that a container's specification must have.
const CONFIG: &str = r#"{"root":{"path":"rootfs"},
    "process":{"user":{},"cwd":"/","args":["pause"],"env":["PATH=/bin"]},"mounts":[{"destination":"/proc"},{"destination":"/dev"}],
    "linux":{"namespaces":[{"type":"mount"}]}}"#;

/// By how much memory may grow, in KiB: far less than one that is kept for each
/// of 2,000 containers would take.
const GROWTH: u64 = 1024;

/// Makes containers with these numbers, each with a process that runs when it is
/// removed, by as many calls as one connection can make.
fn make(served: &Served, numbers: std::ops::Range<u32>) {
    let bundle = TempDir::new().unwrap();
    fs::write(bundle.path().join("config.json"), CONFIG).unwrap();
    let mut lines = String::new();
    for number in numbers.clone() {
        let _ = writeln!(
            lines,
            "CreateContainer cid=c{number}\nStartContainer cid=c{number}\n\
             ExecProcess cid=c{number} exec_id=e\nRemoveContainer cid=c{number}"
        );
    }
    let folder = bundle.path().display().to_string();
    let arguments = ["-i", "-o", "jsonl", "--bundle-dir", &folder];
    let output = connect(&served.address(), arguments).stdin(lines).run();
    let answers = output.succeeded().text();
    assert_eq!(answers, "{}\n".repeat(4 * numbers.len()));
}

/// What the agent has of this machine's memory, in KiB.
fn resident(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

fn stays(rounds: u32, each: u32) {
    let served = serve(&[]);
    served.listening();
    make(&served, 0..each);
    let before = resident(&served);
    for round in 1..=rounds {
        make(&served, round * each..(round + 1) * each);
        println!(
            "{} containers: {} KiB",
            (round + 1) * each,
            resident(&served)
        );
    }
    let after = resident(&served);
    assert!(after <= before + GROWTH, "{before} KiB, then {after} KiB");
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn containers_that_are_gone_leave_nothing() {
    stays(2, 1000);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_containers_that_are_gone_leave_nothing() {
    stays(99, 1000);
}
