//! The job for CI that the page on the simulated agent shows: its shell parts
//! run one after the other, each in a shell of its own as the service has it,
//! with a stand-in for the runtime that is tested.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;
use test_support::is_installed;

use crate::tool::program;

/// Makes a container as a runtime does that tries twice, and removes it.
const RUNTIME: &str = r#"#!/bin/bash
set -e
test "$1" = test
call() { kata-agent-ctl connect --server-address "$AGENT" -o jsonl "$@"; }
cat > config.json <<'SPEC'
{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["true"],"env":["PATH=/bin"]},"mounts":[{"destination":"/proc"},{"destination":"/dev"}],
 "linux":{"namespaces":[{"type":"mount"}]}}
SPEC
call -c CreateSandbox
call --bundle-dir . -c 'CreateContainer cid=web' || call --bundle-dir . -c 'CreateContainer cid=web'
call -c 'StartContainer cid=web' WaitProcess RemoveContainer DestroySandbox
"#;

/// The exit status that says that the first step failed; the next one says it of the
/// second, and so on.
const FAILED: usize = 100;

/// The `run` of each step, in order.
fn steps(page: &str) -> Vec<String> {
    let (_, job) = page.split_once("```yaml\n").unwrap();
    let (job, _) = job.split_once("```\n").unwrap();
    let mut steps = Vec::new();
    let mut lines = job.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(("", text)) = line.trim_start().split_once("run: ") else {
            continue;
        };
        if text != "|" {
            steps.push(text.to_owned());
            continue;
        }
        // Everything that is indented deeper, without what the first line is indented by.
        let depth = |line: &str| line.len() - line.trim_start().len();
        let first = depth(lines.peek().unwrap());
        let mut script = String::new();
        while let Some(line) = lines.next_if(|line| depth(line) >= first) {
            script.push_str(&line[first..]);
            script.push('\n');
        }
        steps.push(script);
    }
    steps
}

fn install(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the steps until one fails. What they printed, and the number of the one that
/// failed, from 0.
fn run(steps: &[String], runtime: &str) -> (String, Option<i32>) {
    let folder = TempDir::with_prefix("job").unwrap();
    let programs = TempDir::with_prefix("bin").unwrap();
    symlink(program(), programs.path().join("kata-agent-ctl")).unwrap();
    install(programs.path(), "cargo", "#!/bin/sh\nexit 0\n");
    install(programs.path(), "make", runtime);

    let mut script = String::from("exec 2>&1\n");
    for (number, step) in steps.iter().enumerate() {
        let name = format!("step{number}");
        fs::write(folder.path().join(&name), step).unwrap();
        script.push_str(&format!("bash -e {name} || exit {}\n", FAILED + number));
    }
    let path = env::var("PATH").unwrap_or_default();
    let child = Command::new("bash")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .env("HOME", folder.path())
        .env(
            "AGENT",
            format!("unix://{}", folder.path().join("s").display()),
        )
        .current_dir(folder.path())
        .process_group(0)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let output = child.wait_with_output().unwrap();
    // The agent that a step left behind, as the service ends it with the job.
    let _ = killpg(group, Signal::SIGKILL);
    let status = output.status.code().unwrap();
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        (status != 0).then(|| status - FAILED as i32),
    )
}

fn job() -> Vec<String> {
    let steps = steps(include_str!("../../docs/simulated-agent.md"));
    assert_eq!(steps.len(), 6, "{steps:#?}");
    steps
}

#[test]
fn a_runtime_that_tries_again_passes() {
    if !is_installed("jq") {
        return;
    }
    let (text, failed) = run(&job(), RUNTIME);
    assert_eq!(failed, None, "{text}");
    assert!(text.contains("try again"), "{text}");
    assert!(
        text.contains("close CreateContainer[1]  # 0 of 0 calls\n"),
        "{text}"
    );
}

#[test]
fn a_runtime_with_a_mistake_does_not() {
    if !is_installed("jq") {
        return;
    }
    let start = "call -c 'StartContainer";
    let create = "call --bundle-dir . -c 'CreateContainer cid=web'";
    for (from, to, step, printed) in [
        // It gives up at once: its own test fails.
        (
            format!("{create} || {create}"),
            create.to_owned(),
            2,
            "error: CreateContainer: the agent answered code: UNAVAILABLE (14): try again\n",
        ),
        // It does not clean up: each creation was tried again, but not all are removed.
        (
            " RemoveContainer".to_owned(),
            String::new(),
            4,
            "\ntrue\nfalse\n",
        ),
        // It calls what is not there, which the job shows.
        (
            start.to_owned(),
            format!("call -c 'PauseContainer cid=none' || true\n{start}"),
            4,
            "\"method\":\"PauseContainer\",\"request\":{\"container_id\":\"none\"}",
        ),
    ] {
        let runtime = RUNTIME.replace(&from, &to);
        assert_ne!(runtime, RUNTIME);
        let (text, failed) = run(&job(), &runtime);
        assert_eq!(failed, Some(step), "{to}: {text}");
        assert!(text.contains(printed), "{to}: {text}");
    }
}
