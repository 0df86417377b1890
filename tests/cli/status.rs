//! What a run ends with when something is wrong: the exit status, and one line
//! that says what, where, and what would be right.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use typed_peer::protos::empty::Empty;
use typed_peer::{Answer, Peer};

use crate::tool::{connect, tool};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

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
        (12, 76, "UNIMPLEMENTED (12)"),
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

/// Commands that are wrong, and what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    (r#"NoSuchCall"#, r#"there is no RPC "NoSuchCall""#),
    (
        r#"GetGuestDetail"#,
        r#"there is no RPC "GetGuestDetail"; did you mean "GetGuestDetails"?"#,
    ),
    (
        r#"Check servic=x"#,
        r#"Check: grpc.CheckRequest has no field "servic"; did you mean "service"?"#,
    ),
    (
        r#"Check service"#,
        r#"Check: "service" is neither field=value nor a document (json://{...} or file:///path.json)"#,
    ),
    (
        r#"Check json://{"servic":"x"}"#,
        r#"Check: grpc.CheckRequest has no field "servic"; did you mean "service"?"#,
    ),
    (
        r#"Check json://{"service":1}"#,
        r#"Check: service: 1 is not a string"#,
    ),
    (
        r#"Check json://{"service":"x","service":"y"}"#,
        r#"Check: service: given twice"#,
    ),
    (
        r#"Check json://{} json://{}"#,
        r#"Check: there are two documents; one is allowed, and setters after it"#,
    ),
    (
        r#"Check service=x json://{}"#,
        r#"Check: the document must come before the setters, which change it"#,
    ),
    (
        r#"Check file:///no/such/file.json"#,
        r#"Check: "/no/such/file.json": no such file or directory"#,
    ),
    (
        r#"Check service='x"#,
        r#"Check: the quote ' at column 9 is not closed"#,
    ),
    (
        r#"Check service.x=1"#,
        r#"Check: service: string has no fields"#,
    ),
    (
        r#"CreateContainer storages[0].fs_group.group_id=abc"#,
        r#"CreateContainer: storages[0].fs_group.group_id: "abc" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"RemoveContainer timeout=4294967296"#,
        r#"RemoveContainer: timeout: "4294967296" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"CreateSandbox sandbox_pidns=yes"#,
        r#"CreateSandbox: sandbox_pidns: "yes" is not true, false, 1 or 0"#,
    ),
    (
        r#"CreateSandbox storages[1].driver=x"#,
        r#"CreateSandbox: storages[1]: beyond the end of the list: its length is 0, so index 0 appends"#,
    ),
    (
        r#"CreateSandbox storages[0].fs_group.group_change_policy=Sometimes"#,
        r#"CreateSandbox: storages[0].fs_group.group_change_policy: "Sometimes" is not a value of types.FSGroupChangePolicy (Always, OnRootMismatch) or a 32-bit number"#,
    ),
    (
        r#"CopyFile data=hex:zz"#,
        r#"CopyFile: data: "hex:zz" is not bytes: 'z' at character 1 is not a hexadecimal digit"#,
    ),
    (
        r#"CreateContainer OCI={"Root":{"Path":1}}"#,
        r#"CreateContainer: OCI.Root.Path: 1 is not a string"#,
    ),
    (
        r#"sleep soon"#,
        r#"sleep: "soon" is not a time: write a number and a unit of ns, us, ms, s, m or h, as in 500ms or 2m"#,
    ),
    (
        r#"repeat 0"#,
        r#"repeat: "0" is not a count: write a number from 1, or -1 for ever"#,
    ),
];

#[test]
fn a_mistake_is_told_exactly() {
    for (command, line) in MISTAKES {
        connect("sim://", ["-c", command])
            .status(2)
            .stderr(format!("error: {line}\n"))
            .test();
    }
}

#[test]
fn a_mistake_sends_nothing() {
    let peer = Peer::start();
    for command in [
        "",
        " ",
        "NoSuchCall",
        "Check servic=x",
        "Check service",
        "Check json://{",
        r#"Check json://{"servic":"x"}"#,
        r#"Check json://{"service":1}"#,
        r#"Check json://{"service":"x"} json://{}"#,
        "Check service=x json://{}",
        "Check file:///no/such/file.json",
        "Check service='x",
        r"Check service=x\",
        "SetPolicy policy=@/no/such/file",
        "RemoveContainer timeout=4294967296",
        "RemoveContainer timeout=-1",
        "RemoveContainer timeout=1.5",
        "RemoveContainer timeout=",
        "CreateSandbox sandbox_pidns=yes",
        "CreateSandbox storages[1].driver=x",
        "CreateSandbox storages[x].driver=x",
        "CreateSandbox storages[0.driver=x",
        "CreateSandbox storages.driver=x",
        "CreateSandbox storages=x",
        "CreateSandbox storages={x",
        "CreateSandbox hostname.x=y",
        "CreateSandbox storages[0].fs_group.group_change_policy=Sometimes",
        "CreateContainer OCI=x",
        "CopyFile data=hex:0",
        "CopyFile data=hex:zz",
        "CopyFile data=base64:*",
        "SignalProcess signal=SIGNOPE",
        "sleep soon",
        "repeat 0",
    ] {
        let output = connect(peer.address(), ["-c", "Check", "Version", command]).run();
        assert_eq!(output.status, 2, "{command}: {}", output.stderr);
        assert_eq!(output.text(), "", "{command}");
        assert!(
            output.error().starts_with("error: "),
            "{command}: {}",
            output.stderr
        );
        assert!(peer.received().is_empty(), "{command}");
    }
}

#[test]
fn a_wrong_command_line() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["connect"],
        &["connect", "--server-address", "sim://"],
        &["connect", "--server-address", "sim://", "-c"],
        &["connect", "-c", "Check"],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "--timeout",
            "soon",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "-o",
            "xml",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "--metadata",
            "x",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "--repeat",
            "0",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "--no-such-option",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "-c",
            "Check",
            "-n",
            "maybe",
        ],
        &[
            "connect",
            "--server-address",
            "sim://",
            "--script",
            "/no/such/script",
        ],
        &["describe", "NoSuchThing"],
        &["template", "NoSuchThing"],
        &["describe"],
    ] {
        let output = tool(arguments).run();
        assert_eq!(output.status, 2, "{arguments:?}: {}", output.stderr);
        assert_eq!(output.text(), "", "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_place_in_a_script() {
    let peer = Peer::start();
    let output = connect(peer.address(), ["--script", "-"])
        .stdin("Check\n# fine\nRemoveContainer timeout=x\n")
        .run();
    assert_eq!(output.status, 2);
    assert!(
        output
            .error()
            .contains(":3: RemoveContainer: timeout: \"x\" is not"),
        "{}",
        output.stderr
    );
    assert!(peer.received().is_empty());
}

#[test]
fn nothing_listens() {
    let folder = TempDir::new().unwrap();
    let address = format!("unix://{}/agent.sock", folder.path().display());
    let limit = Duration::from_millis(600);
    let output = connect(&address, ["--connect-timeout", "600ms", "-c", "Check"]).run();
    assert_eq!(output.status, 3, "{}", output.stderr);
    assert!(
        output
            .error()
            .contains(&format!("{}/agent.sock", folder.path().display()))
    );
    assert!(
        output.error().contains("no such socket file"),
        "{}",
        output.stderr
    );
    assert!(output.time >= limit, "{:?}", output.time);
    assert!(
        output.time < limit + Duration::from_secs(2),
        "{:?}",
        output.time
    );

    // A socket that nobody listens on any more.
    let path = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = format!("unix://{}", path.display());
    let output = connect(&address, ["--connect-timeout", "50ms", "-c", "Check"]).run();
    assert_eq!(output.status, 3);
    assert!(
        output.error().contains("nothing listens"),
        "{}",
        output.stderr
    );
}

#[test]
fn an_agent_that_is_still_starting() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let running = connect(&format!("unix://{}", path.display()), ["-c", "Check"]).start();
    std::thread::sleep(Duration::from_millis(300));
    let peer = Peer::at_path(&path);
    let output = running.wait().succeeded();
    assert_eq!(output.text(), "{}\n");
    assert_eq!(peer.only().name(), "Check");
}

#[test]
fn an_agent_that_goes_away_in_a_call() {
    let listener = Listener::start(|_, mut stream| {
        let _ = read_frame(&mut stream);
    });
    for timeout in ["0", "20s"] {
        let started = Instant::now();
        let arguments = ["--timeout", timeout, "-c", "Check"];
        let output = connect(&listener.address(), arguments).run();
        assert_eq!(output.status, 3, "{}", output.stderr);
        assert!(
            output.error().starts_with("error: Check: "),
            "{}",
            output.stderr
        );
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn answers_that_are_not_ttrpc() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        frame(3, RESPONSE, 0, b""),
        frame(1, 9, 0, b""),
        frame(1, RESPONSE, 0, b"\xff\xff\xff"),
        // A payload that is no message: field 2 of the response, one stray byte.
        frame(1, RESPONSE, 0, b"\x12\x01\xff"),
        vec![0xff; 10],
        vec![0; 5],
    ] {
        let shown = answer.escape_ascii().to_string();
        let listener = Listener::start(move |_, mut stream| {
            let _ = read_frame(&mut stream);
            let _ = stream.write_all(&answer);
        });
        let output = connect(&listener.address(), ["--timeout", "5s", "-c", "Check"]).run();
        assert_eq!(output.status, 3, "{shown}: {}", output.stderr);
        assert!(
            output.error().starts_with("error: Check: "),
            "{shown}: {}",
            output.stderr
        );
        assert_eq!(output.text(), "", "{shown}");
    }
}

#[test]
fn an_answer_without_a_byte() {
    let listener = Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            stream
                .write_all(&frame(stream_id, RESPONSE, 0, b""))
                .unwrap();
        }
    });
    connect(&listener.address(), ["-c", "Check", "Version"])
        .stdout("{}\n{}\n")
        .test();
}

#[test]
fn a_timeout() {
    let peer = Peer::start();
    peer.answer(
        "Check",
        Answer::ok(&typed_peer::protos::health::HealthCheckResponse::default())
            .after(Duration::from_secs(20)),
    );
    let output = connect(peer.address(), ["--timeout", "300ms", "-c", "Check"]).run();
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(
        output.error().starts_with("error: Check: "),
        "{}",
        output.stderr
    );
    assert!(output.time < Duration::from_secs(5));

    // One that never answers, not even that it is too late.
    let silent = Listener::start(|_, mut stream| while read_frame(&mut stream).is_ok() {});
    let output = connect(&silent.address(), ["--timeout", "300ms", "-c", "Check"]).run();
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(output.error().contains("300ms"), "{}", output.stderr);
    assert!(output.time >= Duration::from_millis(300));
    assert!(output.time < Duration::from_secs(5));
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
fn an_interrupt() {
    let peer = Peer::start();
    peer.answer(
        "DestroySandbox",
        Answer::ok(&Empty::default()).after(Duration::from_secs(20)),
    );
    let running = connect(peer.address(), ["-c", "DestroySandbox"]).start();
    let started = Instant::now();
    while peer.received().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "no call");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130, "{}", output.stderr);
    assert!(output.time < Duration::from_secs(10));
    assert_eq!(output.text(), "");
}

#[test]
fn an_interrupt_ends_an_endless_repeat() {
    let peer = Peer::start();
    let running = connect(
        peer.address(),
        ["--repeat", "-1", "-o", "jsonl", "-c", "Check"],
    )
    .start();
    let started = Instant::now();
    let mut calls = 0;
    while calls < 5 {
        assert!(started.elapsed() < Duration::from_secs(10), "no calls");
        std::thread::sleep(Duration::from_millis(5));
        calls += peer.received().len();
    }
    running.interrupt();
    assert_eq!(running.wait().status, 130);
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
            "exit_status": 2,
        })
    );
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
