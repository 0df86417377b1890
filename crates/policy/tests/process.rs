//! The process that evaluates: one that another program ends is replaced, questions that are on
//! the way at once come out as if each were asked alone, and a hundred thousand evaluations leave
//! it no larger. This program is both sides: it starts itself as the process that evaluates.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use agent_policy::{Judge, JudgeError, Rego, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
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

default ListRoutesRequest := false

ListRoutesRequest if {
    some i in numbers.range(1, 9000)
    some j in numbers.range(1, 9000)
    i * j == -1
}
"#;

const START: &str = "StartContainerRequest";
const REMOVE: &str = "RemoveContainerRequest";
const ENDLESS: &str = "ListRoutesRequest";

/// How many evaluations come before memory is first looked at, and how many there are.
const COUNTS: [u32; 2] = [20_000, 100_000];
/// How much more memory may be in use in the end, in KiB: what an allocator keeps.
const SLACK: u64 = 2_048;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("work") {
        agent_policy::work().unwrap();
        return;
    }
    another_has_the_state_of_one_that_was_killed();
    questions_at_once_are_answered_one_by_one();
    the_time_is_that_of_each_question();
    a_hundred_thousand_evaluations_take_no_memory();
}

fn judge(timeout: Duration) -> Judge {
    let program = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("work");
        Ok(command)
    };
    let mut judge = Judge::new(program, timeout);
    judge.set_policy(POLICY, Rego::V1).unwrap();
    judge
}

fn request(id: &str) -> Box<RawValue> {
    RawValue::from_string(format!(r#"{{"container_id": {id:?}}}"#)).unwrap()
}

/// The process that this one started.
fn child() -> i32 {
    let children = fs::read_to_string("/proc/thread-self/children").unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

fn another_has_the_state_of_one_that_was_killed() {
    let mut judge = judge(Duration::from_secs(60));
    let web = request("web");
    assert_eq!(judge.allow(START, &web).unwrap(), Verdict::Allowed);
    let first = child();
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    while !fs::read_to_string(format!("/proc/{first}/stat"))
        .unwrap()
        .contains(") Z ")
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(judge.allow(REMOVE, &web).unwrap(), Verdict::Allowed);
    assert_ne!(child(), first);
}

fn questions_at_once_are_answered_one_by_one() {
    // Some are larger than a pipe, and what is printed of them is as large.
    let ids: Vec<_> = (0..200_usize)
        .map(|number| format!("web-{number}-{}", "x".repeat(number % 7 * 20_000)))
        .collect();
    let mut inputs = Vec::new();
    for (id, before) in ids.iter().zip([&ids[..1], &ids].concat()) {
        inputs.extend([(REMOVE, request(&before)), (START, request(id))]);
        inputs.push((REMOVE, request(id)));
    }
    let asked = || inputs.iter().map(|(rule, input)| (*rule, input.as_ref()));
    let mut alone = judge(Duration::from_secs(60));
    let expected: Vec<_> = asked()
        .map(|(rule, input)| alone.allow(rule, input).unwrap())
        .collect();
    let mut found = Vec::new();
    let together = judge(Duration::from_secs(60)).allow_each(asked(), |verdict| {
        found.push(verdict.unwrap());
        Ok::<(), Infallible>(())
    });
    assert_eq!(together, Ok(()));
    assert!(found == expected);
    // Who wants no more is asked no more, and the next question gets its own answer.
    let mut judge = judge(Duration::from_secs(60));
    let stopped = judge.allow_each(asked(), |verdict| match verdict.unwrap() {
        Verdict::Allowed => Err("enough"),
        _ => Ok(()),
    });
    assert_eq!(stopped, Err("enough"));
    let other = judge.allow(REMOVE, &request("other")).unwrap();
    assert!(matches!(other, Verdict::Denied(_)), "{other:?}");
}

fn the_time_is_that_of_each_question() {
    let timeout = Duration::from_millis(700);
    let mut judge = judge(timeout);
    let web = request("web");
    let rules = [START, REMOVE, ENDLESS, START];
    let mut found = Vec::new();
    let begin = Instant::now();
    let asked = rules.map(|rule| (rule, web.as_ref()));
    let done = judge.allow_each(asked, |verdict| {
        // What is done with an answer takes none of the time of the next question.
        std::thread::sleep(timeout);
        found.push(verdict);
        Ok::<(), Infallible>(())
    });
    assert_eq!(done, Ok(()));
    let said = found.iter().map(|verdict| match verdict {
        Ok(verdict) => format!("{verdict:?}"),
        Err(JudgeError::Timeout(time)) => format!("{time:?}"),
        Err(error) => error.to_string(),
    });
    assert_eq!(said.collect::<Vec<_>>(), ["Allowed", "Allowed", "700ms"]);
    assert!(begin.elapsed() < timeout * 9, "{:?}", begin.elapsed());
    // The state is that after the second one.
    assert_eq!(judge.allow(REMOVE, &web).unwrap(), Verdict::Allowed);
}

fn a_hundred_thousand_evaluations_take_no_memory() {
    let mut judge = judge(Duration::from_secs(60));
    let other = request("db");
    let mut done = 0;
    let mut memory = Vec::new();
    for count in COUNTS {
        while done < count {
            // A change of the state makes the engine prepare the policy anew, which takes long.
            let started = judge
                .allow(START, &request(&format!("web-{}", done % 1_000)))
                .unwrap();
            assert_eq!(started, Verdict::Allowed);
            let removals = (0..50).map(|_| (REMOVE, other.as_ref()));
            let asked = judge.allow_each(removals, |verdict| match verdict.unwrap() {
                Verdict::Denied(_) => Ok(()),
                other => Err(other),
            });
            assert_eq!(asked, Ok(()));
            done += 50;
        }
        memory.push(in_use());
    }
    println!("memory in KiB after {COUNTS:?} evaluations: {memory:?}");
    assert!(memory[1] <= memory[0] + SLACK, "{memory:?}");
}

/// How much memory the process has that this one started, in KiB.
fn in_use() -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
