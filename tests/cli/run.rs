//! A run of several commands, and the options that hold for all of them.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use typed_peer::protos::agent::CopyFileRequest;
use typed_peer::{Answer, Peer};

use crate::sent::{lines, sent, sent_by};
use crate::tool::{connect, tool};

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

    // What a real run would refuse is refused, and what it takes is JSON.
    connect(peer.address(), ["--dry-run", "-o", "raw", "-c", "Check"])
        .status(2)
        .stderr(
            "error: Check: grpc.HealthCheckResponse has no bytes or string field that could be \
             printed raw\n",
        )
        .test();
    connect(
        peer.address(),
        ["--dry-run", "-o", "raw", "-n", "-c", "GetMetrics"],
    )
    .stdout("{}\n")
    .test();

    // A mistake is one all the same.
    let command = "GetGuestDetails mem_block_size=maybe";
    connect(peer.address(), ["--dry-run", "-c", command])
        .status(2)
        .stderr("error: GetGuestDetails: mem_block_size: \"maybe\" is not true, false, 1 or 0\n")
        .test();
}

#[cfg(feature = "sim")]
#[test]
fn the_last_of_an_option_counts() {
    let options = ["-o", "json", "-o", "jsonl", "-c", "Check"];
    connect("sim://", options)
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
}

#[cfg(feature = "sim")]
#[test]
fn bytes_are_shown_at_the_level_that_asks_for_them() {
    let output = connect("sim://", ["-l", "trace", "-n", "-c", "Check service=x"]).run();
    let lines: Vec<_> = output.stderr.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "trace: request: 0a0178",
            "debug: connected to sim://",
            "trace: response: 0801",
        ]
    );
}

#[test]
fn a_dry_run_needs_no_agent() {
    tool(["connect", "--dry-run", "-n", "-c", "Check service=x"])
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
