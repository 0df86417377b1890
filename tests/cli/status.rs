//! An agent's error statuses, and the two forms in which errors are told.

use serde_json::json;
use typed_peer::{Answer, Peer};

use crate::tool::connect;
use crate::wire::{Listener, read_frame};

#[test]
fn an_agents_status() {
    let peer = Peer::start();
    for (code, status, name) in [
        (1, 65, "CANCELLED (1)"),
        (2, 66, "UNKNOWN (2)"),
        (3, 67, "INVALID_ARGUMENT (3)"),
        (4, 68, "DEADLINE_EXCEEDED (4)"),
        (5, 69, "NOT_FOUND (5)"),
        (6, 70, "ALREADY_EXISTS (6)"),
        (7, 71, "PERMISSION_DENIED (7)"),
        (8, 72, "RESOURCE_EXHAUSTED (8)"),
        (9, 73, "FAILED_PRECONDITION (9)"),
        (10, 74, "ABORTED (10)"),
        (11, 75, "OUT_OF_RANGE (11)"),
        (13, 77, "INTERNAL (13)"),
        (14, 78, "UNAVAILABLE (14)"),
        (15, 79, "DATA_LOSS (15)"),
        (16, 80, "UNAUTHENTICATED (16)"),
        (17, 81, "17"),
        (127, 191, "127"),
        (128, 192, "128"),
        (i32::MAX, 192, "2147483647"),
        (-1, 192, "-1"),
    ] {
        peer.answer(
            "StartContainer",
            Answer::error(code, "Invalid container id"),
        );
        connect(peer.address(), ["-c", "StartContainer cid=x", "Check"])
            .status(status)
            .stderr(format!(
                "error: StartContainer: the agent answered code: {name}: Invalid container id\n"
            ))
            .test();
        let calls = peer.received();
        assert_eq!(calls.len(), 1, "{code}");
    }
}

#[test]
fn the_first_line_of_a_message() {
    let peer = Peer::start();
    let first = "error: Check: the agent answered code: INTERNAL (13): ";
    for (message, shown) in [
        ("EINVAL\n\nStack backtrace:\n   0: x", "EINVAL"),
        ("\x1b[2Jclear\x07", r"\x1b[2Jclear\x07"),
    ] {
        peer.answer("Check", Answer::error(13, message));
        let output = connect(peer.address(), ["-c", "Check"]).run();
        assert_eq!(output.status, 77);
        assert!(!output.stderr.contains(['\x1b', '\x07']));
        assert_eq!(output.error(), format!("{first}{shown}"));
    }

    peer.answer(
        "Check",
        Answer::error(13, "EINVAL\n\nStack backtrace:\n   0: x"),
    );
    let output = connect(peer.address(), ["-v", "-c", "Check"]).run();
    assert!(output.stderr.contains("EINVAL"), "{}", output.stderr);
    assert!(
        output.stderr.contains("Stack backtrace:"),
        "{}",
        output.stderr
    );

    peer.answer("Check", Answer::error(13, "x".repeat(10_000)));
    let output = connect(peer.address(), ["-c", "Check"]).run();
    let shown = output.error().matches('x').count();
    assert!((2_000..2_010).contains(&shown), "{shown}");
}

#[test]
fn the_agents_own_deadline() {
    let peer = Peer::start();
    peer.answer("Check", Answer::error(4, "too late"));
    let line = "error: Check: the agent answered code: DEADLINE_EXCEEDED (4): too late\n";
    connect(peer.address(), ["--timeout", "5s", "-c", "Check"])
        .status(4)
        .stderr(line)
        .test();
    connect(peer.address(), ["-c", "Check"])
        .status(68)
        .stderr(line)
        .test();
}

#[test]
fn an_error_without_a_message() {
    let peer = Peer::start();
    peer.answer("Check", Answer::error(13, ""));
    connect(peer.address(), ["-c", "Check"])
        .status(77)
        .stderr("error: Check: the agent answered code: INTERNAL (13)\n")
        .test();
}

#[test]
fn errors_as_json() {
    let peer = Peer::start();
    peer.answer("Check", Answer::error(7, "not\nallowed"));
    let json = |arguments: &[&str]| {
        let output = connect(peer.address(), ["--error-format", "json"])
            .arguments(arguments)
            .run();
        assert_eq!(output.text(), "");
        let error: serde_json::Value = serde_json::from_str(output.error()).unwrap();
        assert_eq!(error["exit_status"], output.status);
        error
    };
    assert_eq!(
        json(&["-c", "Check"]),
        json!({
            "kind": "status",
            "message": "not",
            "command": "Check",
            "path": null,
            "code": 7,
            "code_name": "PERMISSION_DENIED",
            "details": [],
            "exit_status": 71,
        })
    );
    assert_eq!(
        json(&["-c", "CreateSandbox storages[0].fs_group.group_id=abc"]),
        json!({
            "kind": "usage",
            "message": "storages[0].fs_group.group_id: \"abc\" is not an unsigned 32-bit number \
                        (0 to 4294967295)",
            "command": "CreateSandbox",
            "path": "storages[0].fs_group.group_id",
            "code": null,
            "code_name": null,
            "details": [],
            "exit_status": 2,
        })
    );
    for (command, path) in [
        (
            r#"CreateSandbox json://{"storages":[{"fs_group":{"gid":1}}]}"#,
            "storages[0].fs_group.gid",
        ),
        (r#"Check json://{"nope":1}"#, "nope"),
        ("Check nope=1", "nope"),
        ("CreateSandbox storages[0].nope=1", "storages[0].nope"),
        ("CreateContainer OCI.Rot.Path=1", "OCI.Rot"),
        ("CreateContainer OCI.Root.Path.x=1", "OCI.Root.Path"),
        (
            r#"CreateSandbox storages[0]={"fs_group":{"gid":1}}"#,
            "storages[0].fs_group.gid",
        ),
        ("SetPolicy policy_file=/none", "policy_file"),
    ] {
        assert_eq!(json(&["-c", command])["path"], path, "{command}");
    }
    let error = json(&["-c", "Check", "--no-such-option"]);
    assert_eq!(
        (&error["kind"], &error["exit_status"]),
        (&json!("usage"), &json!(2))
    );
    let error = json(&["-c", "Check", "Nope"]);
    assert_eq!(
        (&error["kind"], &error["exit_status"]),
        (&json!("usage"), &json!(2))
    );

    let listener = Listener::start(|_, mut stream| {
        let _ = read_frame(&mut stream);
    });
    let arguments = ["--error-format", "json", "-c", "Check"];
    let output = connect(&listener.address(), arguments).run();
    let error: serde_json::Value = serde_json::from_str(output.error()).unwrap();
    assert_eq!(error["kind"], "connection");
    assert_eq!(error["command"], "Check");
    assert_eq!(error["exit_status"], 3);
}
