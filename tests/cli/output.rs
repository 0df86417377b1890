//! What standard output and standard error hold, in each format.

use typed_peer::protos::agent::{
    GuestDetailsResponse, Metrics, ReadStreamResponse, StatsContainerResponse,
};
use typed_peer::protos::csi::VolumeStatsResponse;
use typed_peer::protos::health::VersionCheckResponse;
use typed_peer::protos::types::Interface;
use typed_peer::{Answer, Peer};

use crate::tool::{connect, tool};

fn version() -> VersionCheckResponse {
    VersionCheckResponse {
        grpc_version: "0.0.1".to_owned(),
        agent_version: "4.1.0".to_owned(),
        ..Default::default()
    }
}

#[test]
fn json_and_json_lines() {
    let peer = Peer::start();
    peer.answer("Version", Answer::ok(&version()));
    connect(peer.address(), ["-c", "Version", "Check"])
        .stdout("{\n  \"grpc_version\": \"0.0.1\",\n  \"agent_version\": \"4.1.0\"\n}\n{}\n")
        .test();
    connect(peer.address(), ["-o", "json", "-c", "Version"])
        .stdout("{\n  \"grpc_version\": \"0.0.1\",\n  \"agent_version\": \"4.1.0\"\n}\n")
        .test();
    connect(peer.address(), ["-o", "jsonl", "-c", "Version", "Check"])
        .stdout("{\"grpc_version\":\"0.0.1\",\"agent_version\":\"4.1.0\"}\n{}\n")
        .test();
}

#[test]
fn values_in_json() {
    let peer = Peer::start();
    peer.answer(
        "GetGuestDetails",
        Answer::ok(&GuestDetailsResponse {
            mem_block_size_bytes: u64::MAX,
            support_mem_hotplug_probe: true,
            ..Default::default()
        }),
    );
    connect(peer.address(), ["-o", "jsonl", "-c", "GetGuestDetails"])
        .stdout("{\"mem_block_size_bytes\":\"18446744073709551615\",\"support_mem_hotplug_probe\":true}\n")
        .test();

    peer.answer(
        "ReadStdout",
        Answer::ok(&ReadStreamResponse {
            data: vec![0, 0xff, 0xfe],
            ..Default::default()
        }),
    );
    connect(peer.address(), ["-o", "jsonl", "-c", "ReadStdout"])
        .stdout("{\"data\":\"AP/+\"}\n")
        .test();

    // Maps print sorted by key, whatever order they arrive in.
    let mut stats = StatsContainerResponse::default();
    let memory = &mut stats.cgroup_stats.mut_or_insert_default().memory_stats;
    for (number, key) in ["z", "a", "m", "b"].into_iter().enumerate() {
        let number = u64::try_from(number).unwrap();
        let stats = &mut memory.mut_or_insert_default().stats;
        stats.insert(key.to_owned(), number);
    }
    peer.answer("StatsContainer", Answer::ok(&stats));
    connect(peer.address(), ["-o", "jsonl", "-c", "StatsContainer"])
        .stdout(
            "{\"cgroup_stats\":{\"memory_stats\":{\"stats\":\
             {\"a\":\"1\",\"b\":\"3\",\"m\":\"2\",\"z\":\"0\"}}}}\n",
        )
        .test();
}

#[test]
fn defaults_are_shown_when_asked_for() {
    let peer = Peer::start();
    for flag in [&["--emit-defaults"][..], &["--emit-defaults", "true"]] {
        connect(peer.address(), flag)
            .arguments([
                "-o",
                "jsonl",
                "-c",
                "Check",
                "GetVolumeStats",
                "UpdateInterface",
            ])
            .stdout(
                "{\"status\":\"UNKNOWN\"}\n\
                 {\"usage\":[]}\n\
                 {\"device\":\"\",\"name\":\"\",\"IPAddresses\":[],\"mtu\":\"0\",\"hwAddr\":\"\",\
                 \"devicePath\":\"\",\"type\":\"\",\"raw_flags\":0}\n",
            )
            .test();
    }
    peer.answer("UpdateInterface", Answer::ok(&Interface::default()));
    peer.answer(
        "GetVolumeStats",
        Answer::ok(&VolumeStatsResponse::default()),
    );
    connect(
        peer.address(),
        ["--emit-defaults", "false", "-c", "UpdateInterface"],
    )
    .stdout("{}\n")
    .test();
}

#[test]
fn raw_is_the_bytes_and_nothing_else() {
    let peer = Peer::start();
    let data = vec![0, 0xff, b'\n', 0x1b];
    peer.answer(
        "ReadStdout",
        Answer::ok(&ReadStreamResponse {
            data: data.clone(),
            ..Default::default()
        }),
    );
    let text = "a\x1b[0m\u{e9}";
    peer.answer(
        "GetMetrics",
        Answer::ok(&Metrics {
            metrics: text.to_owned(),
            ..Default::default()
        }),
    );
    let run = |commands: &[&str]| {
        connect(peer.address(), ["-o", "raw", "-c"])
            .arguments(commands)
            .run()
            .succeeded()
            .stdout
    };
    assert_eq!(
        run(&["ReadStdout", "ReadStdout"]),
        [data.clone(), data].concat()
    );
    assert_eq!(run(&["GetMetrics"]), text.as_bytes());
    assert_eq!(run(&["ReadStderr"]), b"");
    peer.received();

    // A response with no such field, or two: an error before anything is sent.
    for (rpc, reason) in [
        (
            "WaitProcess",
            "grpc.WaitProcessResponse has no bytes or string field that could be printed raw",
        ),
        (
            "Version",
            "grpc.VersionCheckResponse has several fields that could be printed raw: grpc_version, \
             agent_version",
        ),
        (
            "StartContainer",
            "google.protobuf.Empty has no bytes or string field that could be printed raw",
        ),
    ] {
        connect(peer.address(), ["-o", "raw", "-c", "ReadStdout", rpc])
            .status(2)
            .stderr(format!("error: {rpc}: {reason}\n"))
            .test();
        assert!(peer.received().is_empty(), "{rpc}");
    }
}

#[test]
fn text_is_for_reading() {
    let peer = Peer::start();
    peer.answer("Version", Answer::ok(&version()));
    connect(peer.address(), ["-o", "text", "-c", "Version"])
        .stdout("grpc_version:  \"0.0.1\"\nagent_version: \"4.1.0\"\n")
        .test();
}

#[test]
fn control_characters_are_escaped() {
    let peer = Peer::start();
    let hostile = "a\x1b]0;x\x07\u{9b}31m\u{7f}\u{202e}\r\nb";
    peer.answer(
        "Version",
        Answer::ok(&VersionCheckResponse {
            agent_version: hostile.to_owned(),
            ..version()
        }),
    );
    for format in ["json", "jsonl", "text"] {
        let output = connect(peer.address(), ["-o", format, "-c", "Version"])
            .run()
            .succeeded();
        let text = output.text();
        let found = text.chars().find(|each| each.is_control() && *each != '\n');
        assert_eq!(found, None, "{format}: {text:?}");
        if format != "text" {
            assert_eq!(output.json()["agent_version"], hostile);
        }
    }
}

#[test]
fn answers_are_logged_at_info() {
    let peer = Peer::start();
    for arguments in [
        &["-l", "info", "connect"][..],
        &["connect", "-l", "info"],
        &["--log-level", "debug", "connect"],
        &["connect", "--log-level=trace"],
    ] {
        let output = tool(arguments)
            .arguments(["--server-address", peer.address(), "-c", "Check"])
            .run();
        assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
        let line = output
            .stderr
            .lines()
            .find(|line| line.contains("response received"));
        let line = line.unwrap_or_else(|| panic!("{arguments:?}: {}", output.stderr));
        assert!(line.contains("Check") && line.contains("OK"), "{line}");
    }

    peer.answer("Check", Answer::error(5, "no"));
    let output = connect(peer.address(), ["-l", "info", "-c", "Check"]).run();
    let line = output
        .stderr
        .lines()
        .find(|line| line.contains("response received"));
    assert!(
        line.is_some_and(|line| line.contains("NOT_FOUND")),
        "{}",
        output.stderr
    );
}

#[test]
fn success_is_quiet() {
    let peer = Peer::start();
    for level in ["warn", "error", "critical"] {
        connect(peer.address(), ["-l", level, "-c", "Check"])
            .stdout("{}\n")
            .test();
    }
    connect(peer.address(), ["-c", "Check"])
        .stdout("{}\n")
        .test();
}

#[test]
fn verbose_shows_the_request_on_standard_error() {
    let peer = Peer::start();
    for flag in [&["-v"][..], &["--verbose", "true"]] {
        let output = connect(peer.address(), flag)
            .arguments(["--metadata", "key=value", "-c", "Check service=x"])
            .run();
        assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
        for part in [
            "grpc.Health/Check",
            "key",
            "value",
            r#""service""#,
            r#""x""#,
        ] {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
    }
}

#[test]
fn built_in_commands_print() {
    connect("sim://", ["-c", "echo hello  'a  b'", "echo"])
        .stdout("hello a  b\n\n")
        .test();
    let output = connect("sim://", ["-c", "help"]).run().succeeded();
    for word in ["json://", "file://", "describe", "repeat", "quit"] {
        assert!(output.text().contains(word), "{word}");
    }
    let listed = tool(["list"]).run().succeeded().text();
    connect("sim://", ["-c", "list"]).stdout(listed).test();
    // Of an RPC it shows other command lines.
    let described = tool(["describe", "CheckRequest"]).run().succeeded().text();
    connect("sim://", ["-c", "describe CheckRequest"])
        .stdout(described)
        .test();
}

#[test]
fn ids_are_generated() {
    for command in ["generate-cid", "generate-sid"] {
        let one = tool([command]).run().succeeded().text();
        let two = tool([command]).run().succeeded().text();
        assert_ne!(one, two);
        let id = one.strip_suffix('\n').unwrap();
        assert_eq!(id.len(), 64, "{id}");
        assert!(
            id.bytes().all(|byte| b"0123456789abcdef".contains(&byte)),
            "{id}"
        );
    }
}

#[test]
fn version_names_the_protos() {
    let output = tool(["--version"]).run().succeeded();
    let text = output.text();
    let begins = format!(
        "kata-agent-ctl {} (protos: protos, ",
        env!("CARGO_PKG_VERSION")
    );
    let hash = text.strip_prefix(&begins);
    let hash = hash.and_then(|rest| rest.strip_suffix(")\n"));
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|it| it.is_ascii_hexdigit());
    assert!(hash.is_some_and(is_hash), "{text}");
    // Other protos, another hash.
    let other = crate::builds::one(&["--version"]).run().succeeded().text();
    assert!(!other.contains(hash.unwrap()), "{other}");
}

#[test]
fn a_large_answer() {
    let peer = Peer::start();
    let metrics = Metrics {
        metrics: "x".repeat(3 << 20),
        ..Default::default()
    };
    peer.answer("GetMetrics", Answer::ok(&metrics));
    let output = connect(peer.address(), ["-o", "raw", "-c", "GetMetrics"])
        .run()
        .succeeded();
    assert!(output.stdout == metrics.metrics.as_bytes());
}
