//! Every form in which a call can be written, and what is sent for it.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use typed_peer::protos::agent::{CopyFileRequest, SignalProcessRequest, StartContainerRequest};
use typed_peer::protos::agent::{ExecProcessRequest, RemoveContainerRequest};
use typed_peer::{Answer, Peer};

use crate::tool::{Tool, connect};

/// What arrives when the tool is run with these arguments: one line for each
/// call, its name and its request in protobuf's text format.
#[track_caller]
fn sent(arguments: &[&str]) -> Vec<String> {
    sent_by(|address| connect(address, arguments))
}

#[track_caller]
fn sent_by(tool: impl FnOnce(&str) -> Tool) -> Vec<String> {
    let peer = Peer::start();
    tool(peer.address()).run().succeeded();
    lines(&peer)
}

fn lines(peer: &Peer) -> Vec<String> {
    let received = peer.received();
    let line = |call: &typed_peer::Received| {
        let line = format!("{} {}", call.name(), call.text());
        line.trim_end().to_owned()
    };
    received.iter().map(line).collect()
}

/// What one command with `-n` sends.
#[track_caller]
fn sent_exactly(command: &str) -> String {
    let mut sent = sent(&["-n", "-c", command]);
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

#[test]
fn a_name_alone() {
    assert_eq!(sent_exactly("GetGuestDetails"), "GetGuestDetails");
    for name in [
        "Check",
        "Health.Check",
        "grpc.Health.Check",
        "grpc.Health/Check",
        "check",
    ] {
        assert_eq!(sent_exactly(name), "Check", "{name}");
    }
    assert_eq!(sent_exactly("GetIptables"), "GetIPTables");
    assert_eq!(sent_exactly("setiptables"), "SetIPTables");
}

#[test]
fn exactly_what_was_given() {
    for (command, text) in [
        (
            "GetGuestDetails mem_block_size=true",
            "GetGuestDetails mem_block_size: true",
        ),
        (
            r#"Check json://{"service":"a://b c"}"#,
            r#"Check service: "a://b c""#,
        ),
        (
            r#"CreateSandbox hostname="hello world" dns=8.8.8.8 dns=1.1.1.1 storages[0].driver=blk"#,
            r#"CreateSandbox hostname: "hello world" dns: "8.8.8.8" dns: "1.1.1.1" storages {driver: "blk"}"#,
        ),
    ] {
        assert_eq!(sent_exactly(command), text);
    }
}

#[test]
fn words_are_quoted_as_in_a_shell() {
    for (word, text) in [
        (r#""hello world""#, "hello world"),
        ("'a b'", "a b"),
        (r"a\ b", "a b"),
        (r#""a\\b""#, r"a\\b"),
        (r#""\"""#, r#"\""#),
        (r#""a\tb""#, r"a\tb"),
        (r"'a\tb'", r"a\\tb"),
        (r#""\$x""#, r"\\$x"),
        ("$HOME`x`*?~", "$HOME`x`*?~"),
        ("a=b", "a=b"),
        (r#"a'b 'c"d "e"#, "ab cd e"),
        ("a://b", "a://b"),
        ("{a", "{a"),
        ("[a]", "[a]"),
        ("@@x", "@x"),
        ("null", "null"),
    ] {
        let expected = format!("Check service: \"{text}\"");
        assert_eq!(sent_exactly(&format!("Check service={word}")), expected);
    }
    for empty in ["", "''", "\"\""] {
        assert_eq!(sent_exactly(&format!("Check service={empty}")), "Check");
    }
    assert_eq!(
        sent_exactly(" \t Check \t service=a  \n"),
        r#"Check service: "a""#
    );
}

#[test]
fn json_is_taken_verbatim_to_its_end() {
    for (command, text) in [
        (
            r#"CreateSandbox json://{ "dns": ["a b", "'\"", "\\\u00e9}"] } hostname=x"#,
            r#"CreateSandbox hostname: "x" dns: "a b" dns: "\'\"" dns: "\\\303\251}""#,
        ),
        (
            r#"CreateSandbox dns=["a b", "]"] hostname=x"#,
            r#"CreateSandbox hostname: "x" dns: "a b" dns: "]""#,
        ),
        (
            r#"CreateSandbox storages={"driver": "a } b", "options": ["x=y"]} storages={} hostname=x"#,
            r#"CreateSandbox hostname: "x" storages {driver: "a } b" options: "x=y"} storages {}"#,
        ),
        (
            r#"CreateContainer OCI.Root={"Path": "/a b"} OCI.Root={"Readonly":true}"#,
            r#"CreateContainer OCI {Root {Path: "/a b" Readonly: true}}"#,
        ),
        (
            r#"CreateContainer OCI.Annotations={"a b": "c"}"#,
            r#"CreateContainer OCI {Annotations {key: "a b" value: "c"}}"#,
        ),
    ] {
        assert_eq!(sent_exactly(command), text);
    }
}

#[test]
fn setters_of_every_kind() {
    for (command, text) in [
        (
            "CreateContainer OCI.Process.User.UID=7 OCI.Process.Cwd=/tmp",
            r#"OCI {Process {User {UID: 7} Cwd: "/tmp"}}"#,
        ),
        (
            "CreateContainer OCI.Annotations[io.kubernetes.pod]=x",
            r#"OCI {Annotations {key: "io.kubernetes.pod" value: "x"}}"#,
        ),
        (
            r#"CreateContainer OCI.Linux.Sysctl["net.ipv4.ip_forward"]=1"#,
            r#"OCI {Linux {Sysctl {key: "net.ipv4.ip_forward" value: "1"}}}"#,
        ),
        (
            "CreateContainer OCI.Annotations[a=b c]=d",
            r#"OCI {Annotations {key: "a=b c" value: "d"}}"#,
        ),
        (
            "CreateSandbox storages[0].driver=a storages[1].driver=b storages[0].source=c",
            r#"storages {driver: "a" source: "c"} storages {driver: "b"}"#,
        ),
        (
            "CreateSandbox dns=a dns[0]=b dns[1]=c",
            r#"dns: "b" dns: "c""#,
        ),
        (r#"CreateSandbox dns=a dns=["b"]"#, r#"dns: "b""#),
        ("CreateSandbox dns=a dns=null", ""),
        (
            "createsandbox HOSTNAME=a sandboxPidns=1",
            r#"hostname: "a" sandbox_pidns: true"#,
        ),
        ("StartContainer containerId=a", r#"container_id: "a""#),
        ("RemoveContainer timeout=0x1f", "timeout: 31"),
        ("RemoveContainer timeout=0o17", "timeout: 15"),
        ("RemoveContainer timeout=0b101", "timeout: 5"),
        (
            "RemoveContainer timeout=4_294_967_295",
            "timeout: 4294967295",
        ),
        (
            "CopyFile uid=-2147483648 file_size=-1",
            "file_size: -1 uid: -2147483648",
        ),
        (r#"CopyFile data="a\x00\xff\n""#, r#"data: "a\000\377\n""#),
        ("CopyFile data=hex:00Ff", r#"data: "\000\377""#),
        ("CopyFile data=base64:AP8=", r#"data: "\000\377""#),
        ("MemAgentMemcgSet swap=false", "swap: false"),
        ("MemAgentMemcgSet swap=true swap=null", ""),
        ("MemAgentMemcgSet period_secs=0", "period_secs: 0"),
        (
            "CreateContainer OCI.Linux.Seccomp.Syscalls[0].errnoret=0",
            "OCI {Linux {Seccomp {Syscalls {errnoret: 0}}}}",
        ),
        (
            "CreateSandbox storages[0].fs_group.group_change_policy=onrootmismatch",
            "storages {fs_group {group_change_policy: OnRootMismatch}}",
        ),
        (
            "CreateSandbox storages[0].fs_group.group_change_policy=1",
            "storages {fs_group {group_change_policy: OnRootMismatch}}",
        ),
    ] {
        let found = sent_exactly(command);
        let (_, found) = found.split_once(' ').unwrap_or_default();
        assert_eq!(found, text, "{command}");
    }
}

#[test]
fn values_and_documents_from_files() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let policy = write("allow all.rego", b"package agent_policy\n");
    let bytes = write("bytes", &[0, 0xff]);
    let document = write(
        "request.json",
        b"{\"hostname\": \"a b\",\n \"dns\": [\"x\"]}\n",
    );

    assert_eq!(
        sent_exactly(&format!("SetPolicy policy=@'{policy}'")),
        r#"SetPolicy policy: "package agent_policy\n""#
    );
    assert_eq!(
        sent_exactly(&format!("CopyFile data=@{bytes}")),
        r#"CopyFile data: "\000\377""#
    );
    let expected = r#"CreateSandbox hostname: "a b" dns: "x""#;
    assert_eq!(
        sent_exactly(&format!("CreateSandbox file://{document}")),
        expected
    );
    assert_eq!(
        sent_by(|address| {
            connect(address, ["-n", "-c", "CreateSandbox file://request.json"])
                .folder(folder.path())
        }),
        [expected]
    );
    assert_eq!(
        sent_by(|address| {
            connect(address, ["-n", "-c", "CreateSandbox file://- dns=y"])
                .stdin(r#"{"dns": ["x"]}"#)
        }),
        [r#"CreateSandbox dns: "x" dns: "y""#]
    );
}

#[test]
fn a_setter_beats_the_document() {
    assert_eq!(
        sent_exactly(r#"CreateSandbox json://{"hostname":"a","sandbox_id":"b"} hostname=c"#),
        r#"CreateSandbox hostname: "c" sandbox_id: "b""#
    );
    assert_eq!(
        sent_exactly(
            r#"CreateContainer json://{"OCI":{"Root":{"Path":"a","Readonly":true}}} OCI.Root.Path=b"#
        ),
        r#"CreateContainer OCI {Root {Path: "b" Readonly: true}}"#
    );
    assert_eq!(
        sent_exactly(r#"MemAgentMemcgSet json://{"swap":true,"disabled":false} swap=null"#),
        "MemAgentMemcgSet disabled: false"
    );
}

#[test]
fn several_commands_in_order() {
    for arguments in [
        &["-c", "Check", "Version", "-c", "ListRoutes"][..],
        &["--cmd", "Check", "-c", "Version", "-c", "ListRoutes"],
        &["-c", "Check", "Version", "ListRoutes", "-n"],
        &["-n", "true", "-c", "Check", "Version", "ListRoutes"],
        &["-c", "Check", "Version", "ListRoutes", "quit", "Check"],
    ] {
        assert_eq!(
            sent(arguments),
            ["Check", "Version", "ListRoutes"],
            "{arguments:?}"
        );
    }
}

#[test]
fn commands_from_a_script() {
    let script = "# a comment\n\n  Check  \n\t# another\nCheck service='a # b'\n";
    let expected = ["Check", r#"Check service: "a # b""#];
    assert_eq!(
        sent_by(|address| connect(address, ["--script", "-"]).stdin(script)),
        expected
    );

    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("commands"), script).unwrap();
    let sent = sent_by(|address| {
        let arguments = ["-c", "Version", "--script", "commands", "-c", "ListRoutes"];
        connect(address, arguments).folder(folder.path())
    });
    assert_eq!(sent, ["Version", expected[0], expected[1], "ListRoutes"]);
}

#[test]
fn a_run_ends_with_the_sandbox() {
    assert_eq!(sent(&["-c", "DestroySandbox", "Check"]), ["DestroySandbox"]);
}

#[test]
fn commands_are_repeated() {
    assert_eq!(sent(&["--repeat", "3", "-c", "Check"]), ["Check"; 3]);
    assert_eq!(
        sent(&["-c", "repeat 2", "Check", "Version"]),
        ["Check", "Check", "Version"]
    );
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

#[test]
fn ids_are_made_and_remembered() {
    let peer = Peer::start();
    let run = || {
        let commands = ["-c", "StartContainer", "RemoveContainer", "ExecProcess"];
        connect(peer.address(), commands).run().succeeded();
        let received = peer.received();
        let id = received[0]
            .request::<StartContainerRequest>()
            .container_id
            .clone();
        assert!(is_id(&id), "{id}");
        assert_eq!(
            received[1].request::<RemoveContainerRequest>().container_id,
            id
        );
        let exec = received[2].request::<ExecProcessRequest>();
        assert_eq!((&exec.container_id, &exec.exec_id), (&id, &id));
        id
    };
    assert_ne!(run(), run());
}

#[test]
fn explicit_ids_are_remembered() {
    assert_eq!(
        sent(&[
            "-c",
            "StartContainer container_id=a",
            "PauseContainer",
            "ResumeContainer cid=b",
            "PauseContainer",
            "ExecProcess exec_id=e",
            "Check cid=c sid=s",
            "StartContainer",
            "CreateSandbox",
        ]),
        [
            r#"StartContainer container_id: "a""#,
            r#"PauseContainer container_id: "a""#,
            r#"ResumeContainer container_id: "b""#,
            r#"PauseContainer container_id: "b""#,
            r#"ExecProcess container_id: "b" exec_id: "e""#,
            "Check",
            r#"StartContainer container_id: "c""#,
            r#"CreateSandbox sandbox_id: "s""#,
        ]
    );
    // An explicit empty value is a value.
    assert_eq!(
        sent(&["-c", "StartContainer container_id=a", "PauseContainer cid="]),
        [r#"StartContainer container_id: "a""#, "PauseContainer"]
    );
    // Without automatic values nothing is remembered, but an alias is an alias.
    assert_eq!(
        sent(&["-n", "-c", "StartContainer cid=a", "PauseContainer"]),
        [r#"StartContainer container_id: "a""#, "PauseContainer"]
    );
}

#[test]
fn automatic_values_are_those_of_the_table() {
    assert_eq!(
        sent(&[
            "-c",
            "GetGuestDetails",
            "GetGuestDetails mem_block_size=false"
        ]),
        [
            "GetGuestDetails mem_block_size: true mem_hotplug_probe: true",
            "GetGuestDetails mem_hotplug_probe: true"
        ]
    );
}

#[test]
fn signals_by_name_and_number() {
    let peer = Peer::start();
    for (word, number) in [
        ("", 9),
        ("signal=usr1", 10),
        ("signal=USR1", 10),
        ("signal=SIGUSR1", 10),
        ("signal=sigterm", 15),
        ("signal=10", 10),
        ("signal=0", 0),
        (r#"json://{"signal": 1}"#, 1),
    ] {
        let command = format!("SignalProcess {word}");
        connect(peer.address(), ["-c", &command]).run().succeeded();
        let signal = peer.only().request::<SignalProcessRequest>().signal;
        assert_eq!(signal, number, "{command}");
    }
    let command = "SignalProcess signal=usr1 sid=s cid=c";
    connect(peer.address(), ["-n", "-c", command])
        .run()
        .succeeded();
    assert_eq!(
        lines(&peer),
        [r#"SignalProcess container_id: "c" signal: 10"#]
    );
}

#[test]
fn metadata_is_sent_as_given() {
    let peer = Peer::start();
    let arguments = [
        "--metadata",
        "a=1",
        "--metadata",
        "b=x=y z",
        "--metadata",
        "a=2",
    ];
    connect(peer.address(), arguments)
        .arguments(["-c", "Check", "Version"])
        .run()
        .succeeded();
    let text = |text: &str| text.to_owned();
    let expected = HashMap::from([
        (text("a"), vec![text("1"), text("2")]),
        (text("b"), vec![text("x=y z")]),
    ]);
    let received = peer.received();
    assert_eq!(received.len(), 2);
    for call in received {
        assert_eq!(call.metadata, expected);
    }
}

#[test]
fn a_timeout_is_sent_to_the_agent() {
    let peer = Peer::start();
    let timeout = |text: &str| {
        let arguments = ["--timeout", text, "-c", "Check"];
        connect(peer.address(), arguments).run().succeeded();
        peer.only().timeout
    };
    assert_eq!(timeout("0"), None);
    for (text, limit) in [
        ("5000ms", Duration::from_secs(5)),
        ("5s", Duration::from_secs(5)),
        ("2m", Duration::from_secs(120)),
        ("5000000000", Duration::from_secs(5)),
    ] {
        // What is left of it may be sent as well as the whole.
        let sent = timeout(text).unwrap();
        assert!(sent <= limit, "{text}: {sent:?}");
        assert!(sent > limit - Duration::from_secs(1), "{text}: {sent:?}");
    }
}

#[test]
fn errors_end_a_run_unless_ignored() {
    let peer = Peer::start();
    peer.answer("Check", Answer::error(13, "no"));
    peer.answer("ListRoutes", Answer::error(5, "neither"));
    let commands = ["-c", "Version", "Check", "ListRoutes", "Version"];
    let check = "error: Check: the agent answered code: INTERNAL (13): no\n";
    let routes = "error: ListRoutes: the agent answered code: NOT_FOUND (5): neither\n";

    connect(peer.address(), commands)
        .status(77)
        .stdout("{}\n")
        .stderr(check)
        .test();
    assert_eq!(lines(&peer), ["Version", "Check"]);

    for flag in [&["--ignore-errors"][..], &["--ignore-errors", "true"]] {
        connect(peer.address(), flag)
            .arguments(commands)
            .status(77)
            .stdout("{}\n{}\n")
            .stderr(format!("{check}{routes}"))
            .test();
        assert_eq!(lines(&peer), ["Version", "Check", "ListRoutes", "Version"]);
    }
}

#[test]
fn a_dry_run_prints_and_sends_nothing() {
    let peer = Peer::start();
    let commands = ["-n", "-c", "GetGuestDetails mem_block_size=true", "Check"];
    connect(peer.address(), ["--dry-run"])
        .arguments(commands)
        .stdout("{\n  \"mem_block_size\": true\n}\n{}\n")
        .test();
    connect(peer.address(), ["--dry-run", "-o", "jsonl"])
        .arguments(commands)
        .stdout("{\"mem_block_size\":true}\n{}\n")
        .test();
    connect(peer.address(), ["--dry-run", "-o", "hex"])
        .arguments(commands)
        .stdout("0801\n\n")
        .test();
    assert!(peer.received().is_empty());

    // A mistake is one all the same.
    let command = "GetGuestDetails mem_block_size=maybe";
    let output = connect(peer.address(), ["--dry-run", "-c", command]).run();
    assert_eq!(output.status, 2);
}

#[test]
fn a_dry_run_needs_no_agent() {
    crate::tool::tool(["connect", "--dry-run", "-n", "-c", "Check service=x"])
        .stdout("{\n  \"service\": \"x\"\n}\n")
        .test();
}

#[test]
fn a_call_carries_a_mebibyte() {
    let peer = Peer::start();
    let folder = TempDir::new().unwrap();
    let data: Vec<u8> = (0..1_u32 << 20)
        .flat_map(|n| n.to_le_bytes().into_iter().take(1))
        .collect();
    fs::write(folder.path().join("data"), &data).unwrap();
    connect(peer.address(), ["-n", "-c", "CopyFile data=@data"])
        .folder(folder.path())
        .run()
        .succeeded();
    assert!(peer.only().request::<CopyFileRequest>().data == data);
}
