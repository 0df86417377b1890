//! A hundred thousand evaluations in one process, which must not grow. This program is both
//! sides: it starts itself as the process that evaluates.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;
use std::time::Duration;

use agent_policy::{Judge, Rego, Verdict};
use serde_json::value::RawValue;

const POLICY: &str = r#"package agent_policy

StartContainerRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/id", "value": input.container_id}]} if {
    print("starting", input.container_id)
    some prefix in ["web", "db"]
    startswith(input.container_id, prefix)
}

default RemoveContainerRequest := false

RemoveContainerRequest if {
    print("removing", input.container_id, "after", data.pstate.id)
    input.container_id == data.pstate.id
}
"#;

/// How many evaluations come before memory is first looked at, and how many there are.
const COUNTS: [u32; 2] = [20_000, 100_000];
/// How much more memory may be in use in the end, in KiB: what an allocator keeps.
const SLACK: u64 = 2_048;

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
    let other = RawValue::from_string(r#"{"container_id": "db"}"#.to_owned()).unwrap();
    let mut done = 0;
    let mut memory = Vec::new();
    for count in COUNTS {
        while done < count {
            // A change of the state makes the engine prepare the policy anew, which takes long.
            if done % 50 == 0 {
                let id = format!(r#"{{"container_id": "web-{}"}}"#, done % 1_000);
                let input = RawValue::from_string(id).unwrap();
                let started = judge.allow("StartContainerRequest", &input).unwrap();
                assert_eq!(started, Verdict::Allowed);
            }
            let removed = judge.allow("RemoveContainerRequest", &other).unwrap();
            assert!(matches!(removed, Verdict::Denied(_)), "{removed:?}");
            done += 1;
        }
        memory.push(in_use());
    }
    println!("memory in KiB after {COUNTS:?} evaluations: {memory:?}");
    assert!(memory[1] <= memory[0] + SLACK, "{memory:?}");
}

/// How much memory the process has that this one started, in KiB.
fn in_use() -> u64 {
    let children = fs::read_to_string("/proc/thread-self/children").unwrap();
    let child = children.split_whitespace().next().unwrap();
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
