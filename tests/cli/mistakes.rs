//! Commands and command lines that are wrong: status 2, one line that says what,
//! where, and what would be right, and nothing sent.

use typed_peer::Peer;

use crate::tool::{connect, tool};

/// Commands that are wrong, and what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    (
        r#"NoSuchCall"#,
        r#"there is no RPC or built-in command "NoSuchCall"; "list" shows the RPCs"#,
    ),
    (
        r#"GetGuestDetail"#,
        r#"there is no RPC or built-in command "GetGuestDetail"; did you mean "GetGuestDetails"?"#,
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
        r#"Check json://{"service":"\ud800"}"#,
        r#"Check: json://: invalid JSON at line 1, column 19: half of a surrogate pair without its other half"#,
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
        r#"Check: the quote ' at column 15 is not closed"#,
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
    (
        r#"repeat 2"#,
        r#"repeat: the command to repeat must follow"#,
    ),
    (
        r#"SignalProcess signal=4294967296"#,
        r#"SignalProcess: signal: "4294967296" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"SignalProcess signal=-1"#,
        r#"SignalProcess: signal: "-1" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r##"Check service=a # b=c"##,
        r##"Check: "#" is neither field=value nor a document (json://{...} or file:///path.json)"##,
    ),
    (
        r#"quit now"#,
        r#"quit: it takes no arguments, and "now" is one"#,
    ),
    (
        r#"SignalProcess signal=SIGFOO"#,
        r#"SignalProcess: signal: "SIGFOO" is neither a signal's name, such as SIGUSR1 or term, nor a number"#,
    ),
    (
        r#"CreateContainer OCI.Root={"Path":"/r", Readonly: true}"#,
        r#"CreateContainer: OCI.Root: invalid JSON at line 1, column 15: key must be a string"#,
    ),
    (
        r#"WriteStdin container_id="\xff""#,
        r#"WriteStdin: container_id: the value is not UTF-8 text (the byte at offset 0 is wrong), and only a bytes field takes other bytes"#,
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
