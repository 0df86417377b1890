//! Processes of a container: their streams, signals and ends, and the calls
//! that wait for them.

use serde_json::json;

use super::script::{Script, create};

/// An agent with a container `c1` that is not started.
fn created() -> Script {
    let mut script = Script::new();
    script.run(&[(&create("c1", &json!({})), "{}")]);
    script
}

#[test]
fn a_process_is_waited_for_once_and_its_streams_go_with_it() {
    let mut script = created();
    let exec = r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{"Args":["sleep"]}}"#;
    let about = |name: &str| format!(r#"{name} {{"container_id":"c1","exec_id":"e1","len":99}}"#);
    let of_process = |name: &str| format!(r#"{name} {{"container_id":"c1","exec_id":"e1"}}"#);
    script.run(&[
        (exec, "{}"),
        (exec, "13 exec_id 'e1' already exists"),
        // "sleep: missing operand\n"
        (
            &about("ReadStderr"),
            r#"{"data":"c2xlZXA6IG1pc3Npbmcgb3BlcmFuZAo="}"#,
        ),
        (&about("ReadStdout"), "{}"),
        (&about("ReadStderr"), "{}"),
        (&of_process("SignalProcess"), "{}"),
        (&of_process("WaitProcess"), r#"{"status":1}"#),
        (&of_process("WaitProcess"), "5 InvalidExecId"),
        (&about("ReadStdout"), "5 InvalidExecId"),
        (&about("ReadStderr"), "5 InvalidExecId"),
        (&of_process("SignalProcess"), "5 InvalidExecId"),
        (exec, "{}"),
    ]);
}

#[test]
fn the_first_process_has_the_containers_id_and_none() {
    let mut script = created();
    script.run(&[
        (r#"StartContainer {"container_id":"c1"}"#, "{}"),
        (
            r#"WaitProcess {"container_id":"c1","exec_id":"c1"}"#,
            r#"{"status":1}"#,
        ),
        (
            r#"WaitProcess {"container_id":"c1","exec_id":"c1"}"#,
            "5 InvalidExecId",
        ),
        (
            r#"WaitProcess {"container_id":"c1"}"#,
            "5 InitProcessNotFound",
        ),
        (
            r#"WriteStdin {"container_id":"c1","data":"eA=="}"#,
            "13 Process not found: init process missing",
        ),
        (
            r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{"Args":["true"]}}"#,
            "13 failed to fork temporary process: ENOMEM",
        ),
    ]);
}

#[test]
fn all_who_wait_for_a_process_are_told_how_it_ended() {
    let mut script = created();
    let wait = r#"WaitProcess {"container_id":"c1"}"#;
    let calls = [wait, wait, wait].map(|call| script.begin(call));
    for call in calls {
        script.waits(call);
    }
    // Before it is started only one signal ends it, or is turned into that one.
    for signal in [0, 1, 2, 10, 64] {
        let call = format!(r#"SignalProcess {{"container_id":"c1","signal":{signal}}}"#);
        assert_eq!(script.call(&call), "{}");
    }
    for call in calls {
        script.waits(call);
    }
    script.run(&[
        (
            r#"SignalProcess {"container_id":"c1","signal":65}"#,
            "13 EINVAL: Invalid argument",
        ),
        (r#"SignalProcess {"container_id":"c1","signal":15}"#, "{}"),
    ]);
    for call in calls {
        assert_eq!(script.end(call), r#"{"status":137}"#);
    }
    script.run(&[(wait, "5 InitProcessNotFound")]);
}

#[test]
fn killing_without_an_id_kills_all() {
    let mut script = created();
    let waiting = script.begin(r#"WaitProcess {"container_id":"c1"}"#);
    script.run(&[
        (r#"PauseContainer {"container_id":"c1"}"#, "{}"),
        (r#"SignalProcess {"container_id":"c1","signal":9}"#, "{}"),
    ]);
    assert_eq!(script.end(waiting), r#"{"status":137}"#);
}

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
fn input_is_taken_until_it_is_closed() {
    let mut script = created();
    let write = r#"WriteStdin {"container_id":"c1","data":"eHl6"}"#;
    let close = r#"CloseStdin {"container_id":"c1"}"#;
    script.run(&[
        (write, r#"{"len":3}"#),
        (close, "{}"),
        (close, "{}"),
        (write, "13 Cannot get writer"),
        (r#"WriteStdin {"container_id":"c1"}"#, "{}"),
    ]);
    let mut script = created();
    script.run(&[
        (r#"WriteStdin {"container_id":"c1"}"#, "{}"),
        (write, "13 Cannot get writer"),
    ]);
}

#[test]
fn a_terminal_has_a_size_until_it_is_closed() {
    let mut script = created();
    let resize = |id: &str| format!(r#"TtyWinResize {{"container_id":"{id}","row":3,"column":4}}"#);
    script.run(&[
        (&resize("c1"), "14 \"no tty\""),
        (&create("c2", &json!({"Process": {"Terminal": true}})), "{}"),
        (&resize("c2"), "{}"),
    ]);
    let reading = script.begin(r#"ReadStderr {"container_id":"c2","len":9}"#);
    script.waits(reading);
    script.run(&[
        (r#"CloseStdin {"container_id":"c2"}"#, "{}"),
        (&resize("c2"), "14 \"no tty\""),
        (
            r#"ReadStdout {"container_id":"c2","len":9}"#,
            "13 cannot get stream reader",
        ),
    ]);
}

#[test]
fn executing_in_a_paused_container_waits() {
    let exec = r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{"Args":["sleep"]}}"#;
    let wait = r#"WaitProcess {"container_id":"c1","exec_id":"e1"}"#;
    let pause = r#"PauseContainer {"container_id":"c1"}"#;
    let mut script = created();
    script.run(&[(pause, "{}")]);
    let executing = script.begin(exec);
    script.waits(executing);
    script.run(&[
        (wait, "5 InvalidExecId"),
        (r#"ResumeContainer {"container_id":"c1"}"#, "{}"),
    ]);
    assert_eq!(script.end(executing), "{}");
    script.run(&[(wait, r#"{"status":1}"#), (pause, "{}")]);

    let executing = script.begin(exec);
    script.waits(executing);
    script.run(&[(r#"RemoveContainer {"container_id":"c1"}"#, "{}")]);
    assert_eq!(script.end(executing), "13 Invalid container id");
}

#[test]
fn a_program_without_a_name_is_refused() {
    let mut script = created();
    let exec = r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{"Args":[""]}}"#;
    let answer = script.call(exec);
    assert!(answer.starts_with("13 "), "{answer}");
    let answer = script.call(&create("c2", &json!({"Process": {"Args": []}})));
    assert!(answer.starts_with("13 "), "{answer}");
    script.run(&[(
        r#"WaitProcess {"container_id":"c1","exec_id":"e1"}"#,
        "5 InvalidExecId",
    )]);
}

#[test]
fn without_arguments_a_shell_is_executed() {
    let mut script = created();
    let write = r#"{"container_id":"c1","exec_id":"e1","data":"ZXhpdCA3Cg=="}"#;
    script.run(&[
        (
            r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{}}"#,
            "{}",
        ),
        // "exit 7\n"
        (&format!("WriteStdin {write}"), r#"{"len":7}"#),
        (
            r#"WaitProcess {"container_id":"c1","exec_id":"e1"}"#,
            r#"{"status":7}"#,
        ),
    ]);
}

#[test]
fn nothing_is_executed_beside_a_namespace_of_processes_that_was_asked_for() {
    let mut script = Script::new();
    let namespaces = json!({"Linux": {"Namespaces": [{"Type": "mount"}, {"Type": "pid"}]}});
    script.run(&[
        (&create("c1", &namespaces), "{}"),
        (
            r#"ExecProcess {"container_id":"c1","exec_id":"e1","process":{"Args":["true"]}}"#,
            "13 failed to join pidns",
        ),
    ]);
}

#[test]
fn a_terminal_ends_with_an_error_and_takes_what_nobody_reads() {
    let mut script = created();
    let process = r#""exec_id":"e1","process":{"Args":["true"],"Terminal":true}"#;
    let e1 = r#""container_id":"c1","exec_id":"e1""#;
    script.run(&[
        (
            &format!(r#"ExecProcess {{"container_id":"c1",{process}}}"#),
            "{}",
        ),
        (
            &format!(r#"ReadStdout {{{e1},"len":9}}"#),
            "13 Input/output error (os error 5)",
        ),
        (
            &format!(r#"WriteStdin {{{e1},"data":"eHl6"}}"#),
            r#"{"len":3}"#,
        ),
        (&format!("CloseStdin {{{e1}}}"), "{}"),
        (
            &format!(r#"WriteStdin {{{e1},"data":"eHl6"}}"#),
            "13 Cannot get writer",
        ),
    ]);
}
