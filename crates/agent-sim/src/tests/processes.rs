//! What conformance scripts cannot say of processes: calls that wait side by side,
//! and containers that share a namespace.

use serde_json::json;

use super::script::{Script, create};

/// An agent with a container `c1` that is not started.
fn created() -> Script {
    let mut script = Script::new();
    script.run(&[(&create("c1", &json!({})), "{}")]);
    script
}

/// An agent with a container `c1` that runs a program.
fn running(args: &[&str]) -> Script {
    let mut script = Script::new();
    script.run(&[
        (&create("c1", &json!({"Process": {"Args": args}})), "{}"),
        (r#"StartContainer {"container_id":"c1"}"#, "{}"),
    ]);
    script
}

/// A call about the process `e1` of the container `c1`, with more fields.
fn of_e1(name: &str, more: &str) -> String {
    format!(r#"{name} {{"container_id":"c1","exec_id":"e1"{more}}}"#)
}

fn exec(args: &[&str]) -> String {
    let process = json!({"Args": args});
    of_e1("ExecProcess", &format!(r#","process":{process}"#))
}

const LONG: [&str; 2] = ["sleep", "1000"];
const WAIT: &str = r#"WaitProcess {"container_id":"c1"}"#;

#[test]
fn what_waits_for_a_process_ends_when_its_container_is_removed() {
    let mut script = created();
    let wait = script.begin(r#"WaitProcess {"container_id":"c1"}"#);
    let read = script.begin(r#"ReadStdout {"container_id":"c1","len":9}"#);
    script.waits(wait);
    script.waits(read);
    script.run(&[
        (r#"ReadStdout {"container_id":"c1"}"#, "{}"),
        (r#"RemoveContainer {"container_id":"c1"}"#, "{}"),
    ]);
    assert_eq!(script.end(wait), "13 Invalid container id");
    assert_eq!(script.end(read), "{}");
}

#[test]
fn writing_waits_for_room_and_one_call_at_a_time_writes() {
    let mut script = created();
    let data = |length: usize| {
        // Base64 of zeros.
        let text = "A".repeat(length / 3 * 4);
        format!(r#"WriteStdin {{"container_id":"c1","data":"{text}"}}"#)
    };
    // More than a pipe holds.
    let long = script.begin(&data(90_000));
    script.waits(long);
    let short = script.begin(&data(3));
    script.waits(short);
    script.run(&[
        (r#"SignalProcess {"container_id":"c1","signal":9}"#, "{}"),
        (&data(3), "13 Broken pipe (os error 32)"),
    ]);
    for call in [long, short] {
        assert_eq!(script.end(call), "13 Broken pipe (os error 32)");
    }
}

#[test]
fn in_a_shared_namespace_the_first_process_is_as_any_other() {
    let mut script = running(&LONG);
    let shared = create("c2", &json!({"Process": {"Args": LONG}}));
    let (name, document) = shared.split_once(' ').unwrap();
    let mut request: serde_json::Value = serde_json::from_str(document).unwrap();
    request["sandbox_pidns"] = true.into();
    script.run(&[
        (&format!("{name} {request}"), "{}"),
        (r#"StartContainer {"container_id":"c2"}"#, "{}"),
        (r#"SignalProcess {"container_id":"c2","signal":10}"#, "{}"),
        (r#"WaitProcess {"container_id":"c2"}"#, r#"{"status":138}"#),
    ]);
}

#[test]
fn the_end_of_the_first_process_ends_the_others() {
    let mut script = running(&LONG);
    script.run(&[(&exec(&LONG), "{}")]);
    let waiting = script.begin(&of_e1("WaitProcess", ""));
    script.waits(waiting);
    script.run(&[
        (r#"SignalProcess {"container_id":"c1","signal":15}"#, "{}"),
        (WAIT, r#"{"status":137}"#),
    ]);
    assert_eq!(script.end(waiting), r#"{"status":137}"#);
}

#[test]
fn a_paused_process_gets_signals_when_it_goes_on() {
    let mut script = running(&LONG);
    script.run(&[
        (&exec(&LONG), "{}"),
        (r#"PauseContainer {"container_id":"c1"}"#, "{}"),
        (&of_e1("SignalProcess", r#","signal":15"#), "{}"),
    ]);
    let waiting = script.begin(&of_e1("WaitProcess", ""));
    script.waits(waiting);
    script.run(&[(r#"ResumeContainer {"container_id":"c1"}"#, "{}")]);
    assert_eq!(script.end(waiting), r#"{"status":143}"#);
}

#[test]
fn destroying_the_sandbox_ends_what_runs() {
    let mut script = running(&LONG);
    let calls = [WAIT, r#"ReadStdout {"container_id":"c1","len":9}"#];
    let [wait, read] = calls.map(|call| script.begin(call));
    script.waits(wait);
    script.waits(read);
    script.run(&[("DestroySandbox", "{}")]);
    assert_eq!(script.end(wait), "13 Invalid container id");
    assert_eq!(script.end(read), "{}");
}
