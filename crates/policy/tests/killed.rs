//! What becomes of the questions after the engine's process was ended by something else, as the
//! kernel does when memory is short. This program is both sides: it starts itself as the process
//! that evaluates.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;
use std::time::Duration;

use agent_policy::{Judge, Rego, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::value::RawValue;

const POLICY: &str = r#"package agent_policy

default GetMetricsRequest := false

GetMetricsRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/asked", "value": true}]} if {
    not data.pstate.asked
}
"#;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("work") {
        agent_policy::work().unwrap();
        return;
    }
    let program = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("work");
        Ok(command)
    };
    let mut judge = Judge::new(program, Duration::from_secs(60));
    judge.set_policy(POLICY, Rego::V1).unwrap();
    let input = RawValue::from_string("{}".to_owned()).unwrap();
    assert_eq!(
        judge.allow("GetMetricsRequest", &input).unwrap(),
        Verdict::Allowed
    );
    let first = child();
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    while !fs::read_to_string(format!("/proc/{first}/stat"))
        .unwrap()
        .contains(") Z ")
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Another one is asked, which has the policy and its state.
    assert_eq!(
        judge.allow("GetMetricsRequest", &input).unwrap(),
        Verdict::Denied(String::new())
    );
    assert_ne!(child(), first);
}

/// The process that this one started.
fn child() -> i32 {
    let children = fs::read_to_string("/proc/thread-self/children").unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}
