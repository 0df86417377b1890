//! Processes that run for a while: what is written to them, what signals do to
//! them, and how they depend on each other.

use serde_json::json;

use super::script::{Script, create};

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
fn what_was_written_before_the_start_is_read_after_it() {
    let mut script = Script::new();
    let id = r#"{"container_id":"c1"}"#;
    let read = r#"ReadStdout {"container_id":"c1","len":9}"#;
    script.run(&[
        (&create("c1", &json!({"Process": {"Args": ["cat"]}})), "{}"),
        (
            r#"WriteStdin {"container_id":"c1","data":"eHl6"}"#,
            r#"{"len":3}"#,
        ),
        (&format!("CloseStdin {id}"), "{}"),
    ]);
    let reading = script.begin(read);
    script.waits(reading);
    script.run(&[(&format!("StartContainer {id}"), "{}")]);
    assert_eq!(script.end(reading), r#"{"data":"eHl6"}"#);
    script.run(&[(read, "{}"), (read, "{}"), (WAIT, "{}")]);
}

#[test]
fn a_long_write_is_answered_once_all_of_it_was_taken() {
    let mut script = running(&["cat"]);
    // Zeros: more than the pipes on both sides of the program hold.
    let text = "A".repeat(300_000 / 3 * 4);
    let write = script.begin(&format!(
        r#"WriteStdin {{"container_id":"c1","data":"{text}"}}"#
    ));
    script.waits(write);
    let mut zeros = 0;
    while zeros < 300_000 {
        let read = script.call(r#"ReadStdout {"container_id":"c1","len":100000}"#);
        let read: serde_json::Value = serde_json::from_str(&read).unwrap();
        let data = read["data"].as_str().unwrap();
        let padding = data.len() - data.trim_end_matches('=').len();
        assert!(data.trim_end_matches('=').bytes().all(|byte| byte == b'A'));
        zeros += data.len() / 4 * 3 - padding;
    }
    assert_eq!(zeros, 300_000);
    assert_eq!(script.end(write), r#"{"len":300000}"#);
}

#[test]
fn an_executed_process_ends_by_a_signal_and_the_first_one_does_not() {
    let mut script = running(&LONG);
    for signal in [1, 2, 10, 15] {
        let more = format!(r#","signal":{signal}"#);
        script.run(&[
            (&exec(&LONG), "{}"),
            (&of_e1("SignalProcess", &more), "{}"),
            (
                &of_e1("WaitProcess", ""),
                &format!(r#"{{"status":{}}}"#, 128 + signal),
            ),
        ]);
    }
    let waiting = script.begin(WAIT);
    for signal in [1, 2, 10] {
        let call = format!(r#"SignalProcess {{"container_id":"c1","signal":{signal}}}"#);
        assert_eq!(script.call(&call), "{}");
    }
    script.waits(waiting);
    script.run(&[(r#"SignalProcess {"container_id":"c1","signal":15}"#, "{}")]);
    assert_eq!(script.end(waiting), r#"{"status":137}"#);
}

#[test]
fn the_first_process_gets_a_signal_that_it_handles() {
    let mut script = running(&["/pause"]);
    script.run(&[
        (r#"SignalProcess {"container_id":"c1","signal":1}"#, "{}"),
        (r#"SignalProcess {"container_id":"c1","signal":15}"#, "{}"),
        (WAIT, "{}"),
    ]);
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
fn time_counts_while_processes_run_and_not_while_they_are_paused() {
    let mut script = running(&LONG);
    let usage = |script: &mut Script| {
        let answer = script.call(r#"StatsContainer {"container_id":"c1"}"#);
        let stats: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let stats = &stats["cgroup_stats"];
        let time = stats["cpu_stats"]["cpu_usage"]["total_usage"].clone();
        let time = time.as_str().unwrap().parse::<u64>().unwrap();
        (time, stats["pids_stats"]["current"].clone())
    };
    script.run(&[(&exec(&LONG), "{}")]);
    let (first, processes) = usage(&mut script);
    assert_eq!(processes, "2");
    let (second, _) = usage(&mut script);
    assert!(second > first, "{second} {first}");
    script.run(&[(r#"PauseContainer {"container_id":"c1"}"#, "{}")]);
    let paused = usage(&mut script);
    assert_eq!(usage(&mut script), paused);
    script.run(&[
        (r#"ResumeContainer {"container_id":"c1"}"#, "{}"),
        (&of_e1("SignalProcess", r#","signal":9"#), "{}"),
        (&of_e1("WaitProcess", ""), r#"{"status":137}"#),
    ]);
    let (after, processes) = usage(&mut script);
    assert!(after > paused.0, "{after} {paused:?}");
    assert_eq!(processes, "1");
}

#[test]
fn a_program_gets_its_environment_and_a_home() {
    let env = |env: &[&str]| {
        let mut script = running(&LONG);
        let process = json!({"Args": ["sh", "-c", "echo \"$A,$B,$HOME\""], "Env": env});
        let call = of_e1("ExecProcess", &format!(r#","process":{process}"#));
        script.run(&[(&call, "{}")]);
        script.call(&of_e1("ReadStdout", r#","len":99"#))
    };
    // "2,,/\n"
    let expected = r#"{"data":"MiwsLwo="}"#;
    assert_eq!(env(&["A=1", "B", "=x", "A=2"]), expected);
    // ",,/root\n"
    assert_eq!(env(&["HOME=/root"]), r#"{"data":"LCwvcm9vdAo="}"#);
}

#[test]
fn a_terminal_that_is_closed_hangs_up_its_process() {
    let mut script = running(&LONG);
    let process = json!({"Args": LONG, "Terminal": true});
    let call = of_e1("ExecProcess", &format!(r#","process":{process}"#));
    script.run(&[
        (&call, "{}"),
        (&of_e1("CloseStdin", ""), "{}"),
        (&of_e1("WaitProcess", ""), r#"{"status":129}"#),
    ]);
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
