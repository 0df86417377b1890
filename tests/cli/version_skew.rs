//! Agents of another version than the protos of the build: they lack an RPC, or
//! answer with more than the build knows.

use std::io::Write;
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use typed_peer::protos::health::VersionCheckResponse;
use typed_peer::{Answer, Peer};

use crate::builds::{frobnicate, streams};
use crate::hostile::agent::{answers, check, check_call, field, payload, sends, status, varint};
use crate::sent::lines;
use crate::tool::connect;
use crate::wire::{Listener, RESPONSE, frame, read_frame};

fn peer() -> Peer {
    let peer = Peer::start();
    let version = VersionCheckResponse {
        agent_version: "3.9.0".to_owned(),
        ..Default::default()
    };
    peer.answer("Version", Answer::ok(&version));
    peer
}

#[test]
fn an_rpc_that_the_agent_does_not_have() {
    for (code, name, exit_status, said) in [
        (12, "UNIMPLEMENTED (12)", 76, "method AddSwap"),
        (12, "UNIMPLEMENTED (12)", 76, ""),
        (
            5,
            "NOT_FOUND (5)",
            69,
            "/grpc.AgentService/AddSwap is not supported",
        ),
        (
            3,
            "INVALID_ARGUMENT (3)",
            67,
            "/grpc.AgentService/AddSwap does not exist",
        ),
        (
            3,
            "INVALID_ARGUMENT (3)",
            67,
            "grpc.AgentService service does not exist",
        ),
    ] {
        let peer = peer();
        peer.answer("AddSwap", Answer::error(code, said));
        let colon = if said.is_empty() { "" } else { ": " };
        let error = format!(
            "error: AddSwap: the agent answered code: {name}{colon}{said}; this agent does not \
             have AddSwap, which is there since 2.2, and reports version \"3.9.0\"\n"
        );
        connect(peer.address(), ["-c", "AddSwap", "Check"])
            .status(exit_status)
            .stderr(error.clone())
            .test();
        assert_eq!(lines(&peer), ["AddSwap", "Version"]);

        // It is asked once in a run, and the run goes on on the same connection.
        connect(
            peer.address(),
            ["--ignore-errors", "-c", "AddSwap", "AddSwap", "Check"],
        )
        .status(exit_status)
        .stderr(error.repeat(2))
        .stdout("{}\n")
        .test();
        assert_eq!(lines(&peer), ["AddSwap", "Version", "AddSwap", "Check"]);

        let arguments = ["--error-format", "json", "-c", "AddSwap"];
        let output = connect(peer.address(), arguments).run();
        let json: serde_json::Value = serde_json::from_str(output.error()).unwrap();
        assert_eq!(json["code"], code);
        assert_eq!(json["exit_status"], exit_status);
        let hint = "this agent does not have AddSwap, which is there since 2.2, and reports version \"3.9.0\"";
        assert_eq!(
            (&json["message"], &json["hint"]),
            (&said.into(), &hint.into())
        );
    }
}

#[test]
fn errors_that_say_nothing_of_the_rpc() {
    let peer = peer();
    for (code, exit_status, shown) in [
        (3, 67, "INVALID_ARGUMENT (3): InvalidContainerId"),
        (5, 69, "NOT_FOUND (5): InvalidContainerId"),
    ] {
        peer.answer("WaitProcess", Answer::error(code, "InvalidContainerId"));
        connect(peer.address(), ["-c", "WaitProcess cid=x"])
            .status(exit_status)
            .stderr(format!(
                "error: WaitProcess: the agent answered code: {shown}\n"
            ))
            .test();
        assert_eq!(lines(&peer).len(), 1);
    }
}

#[test]
fn an_agent_that_does_not_tell_its_version() {
    let missing = "the agent answered code: UNIMPLEMENTED (12); this agent does not have Check";
    let unimplemented = |stream_id| frame(stream_id, RESPONSE, 0, &status(12, ""));
    for answer in [
        // It has no such RPC either, is silent, has no version, or breaks off.
        unimplemented(3),
        vec![],
        frame(3, RESPONSE, 0, &payload(field(1, b"0.0.1"))),
        frame(3, RESPONSE, 0, b"\xff"),
        frame(9, 9, 9, b""),
    ] {
        let listener = Listener::start(move |_, mut stream| {
            let _ = read_frame(&mut stream);
            let _ = stream.write_all(&unimplemented(1));
            let _ = read_frame(&mut stream);
            let _ = stream.write_all(&answer);
            let _ = read_frame(&mut stream);
        });
        let output = connect(&listener.address(), ["-c", "Check"])
            .status(76)
            .stderr(format!("error: Check: {missing}\n"))
            .test();
        assert!(output.time.as_secs() < 10);
    }
    // The RPC that would tell it is the one that is missing, or the build has none.
    let version = "the agent answered code: UNIMPLEMENTED (12): no; this agent does not have ";
    check([answers("Version", status(12, "no")).fails(76, format!("{version}Version"))]);
    let connect = |address: &str| streams(&["connect", "--server-address", address]);
    let row = answers("no Version", status(12, "no"));
    check_call(
        [row.fails(76, format!("{version}Plain"))],
        &connect,
        "Plain",
    );
    let row = answers("in a stream", status(12, "no"));
    check_call(
        [row.fails(76, format!("{version}Spread"))],
        &connect,
        "Spread",
    );
}

#[test]
fn the_agent_is_asked_for_its_version_no_longer_than_a_call_may_take() {
    let peer = peer();
    peer.answer("AddSwap", Answer::error(12, "no"));
    let version = Answer::ok(&VersionCheckResponse::default());
    peer.answer("Version", version.after(Duration::from_secs(20)));
    let output = connect(peer.address(), ["--timeout", "700ms", "-c", "AddSwap"])
        .status(76)
        .stderr(
            "error: AddSwap: the agent answered code: UNIMPLEMENTED (12): no; this agent does not \
             have AddSwap, which is there since 2.2\n",
        )
        .test();
    // Far less than the agent takes to tell it.
    assert!(output.time < Duration::from_secs(10), "{:?}", output.time);
}

#[test]
fn what_the_agent_says_of_its_version_is_not_trusted() {
    let peer = peer();
    let version = VersionCheckResponse {
        agent_version: format!("\u{1b}[2J\u{202e}{}", "9".repeat(1000)),
        ..Default::default()
    };
    peer.answer("Version", Answer::ok(&version));
    peer.answer("AddSwap", Answer::error(12, "no"));
    connect(peer.address(), ["-c", "AddSwap"])
        .status(76)
        .stderr(format!(
            "error: AddSwap: the agent answered code: UNIMPLEMENTED (12): no; this agent does not \
             have AddSwap, which is there since 2.2, and reports version \"\\x1b[2J\\u{{202e}}{}...\"\n",
            "9".repeat(55)
        ))
        .test();
}

/// Runs commands with an agent that answers each call with the next of these
/// messages: standard output and standard error.
fn run(messages: &[Vec<u8>], arguments: &[&str]) -> (String, String) {
    let messages = Arc::new(Mutex::new(messages.to_vec()));
    let listener = Listener::start(move |_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let message = messages.lock().unwrap().remove(0);
            let answer = frame(stream_id, RESPONSE, 0, &payload(message));
            let _ = stream.write_all(&answer);
        }
    });
    let output = connect(&listener.address(), ["-o", "jsonl"])
        .arguments(arguments)
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    (output.text(), output.stderr)
}

/// A field with a number as its value.
fn number(field_number: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(field_number) << 3), varint(value)].concat()
}

#[test]
fn fields_that_the_build_does_not_know() {
    let known = field(2, b"4.9.0");
    let message = [known.clone(), field(99, b"new"), number(100, 7)].concat();
    let stdout = "{\"agent_version\":\"4.9.0\"}\n";
    let warning = |number: u32, rest: &str| {
        format!(
            "warn: Version: the answer has field {number}, which grpc.VersionCheckResponse of this \
             build does not have{rest}\n"
        )
    };
    // Once in a run.
    let messages = vec![message.clone(); 3];
    assert_eq!(
        run(
            &messages,
            &["-c", "Version", "-c", "Version", "-c", "Version"]
        ),
        (stdout.repeat(3), warning(99, "") + &warning(100, ""))
    );
    // The bytes, when asked for; and nothing when only errors are.
    let (out, shown) = run(&messages, &["-v", "-c", "Version"]);
    assert_eq!(out, stdout);
    let expected = [
        warning(99, ": 3 bytes: 6e 65 77"),
        warning(100, ": the number 7"),
    ];
    assert!(shown.contains(&expected.concat()), "{shown}");
    assert_eq!(
        run(&messages, &["-l", "error", "-c", "Version"]),
        (stdout.to_owned(), String::new())
    );
    // Of many bytes the first, of many values the first, and none that a terminal
    // would act on.
    let bits = [
        vec![0x9d, 6, 1, 0, 0, 0],
        vec![0xa1, 6, 2, 0, 0, 0, 0, 0, 0, 0],
        field(101, [0x1b; 1000]),
        field(102, b""),
        number(103, 1),
        number(103, 2),
    ];
    let (_, shown) = run(&[bits.concat()], &["-v", "-c", "Version"]);
    let expected = [
        warning(99, ": the 32 bits 0x00000001"),
        warning(100, ": the 64 bits 0x0000000000000002"),
        warning(
            101,
            &format!(": 1000 bytes: {} and 968 more bytes", ["1b"; 32].join(" ")),
        ),
        warning(102, ": no bytes"),
        warning(103, ": 2 times, first the number 1"),
    ];
    assert!(shown.contains(&expected.concat()), "{shown}");
}

#[test]
fn unknown_fields_anywhere_in_an_answer() {
    let new = field(99, b"x");
    // A message, a list and a map.
    let details = field(2, &new);
    assert_eq!(
        run(&[details], &["-c", "GetGuestDetails"]),
        (
            "{\"agent_details\":{}}\n".to_owned(),
            "warn: GetGuestDetails: agent_details: the answer has field 99, which grpc.AgentDetails \
             of this build does not have\n"
                .to_owned()
        )
    );
    let interfaces = [field(1, b""), field(1, &new), field(1, &new)].concat();
    assert_eq!(
        run(&[interfaces], &["-c", "ListInterfaces"]),
        (
            "{\"Interfaces\":[{},{},{}]}\n".to_owned(),
            "warn: ListInterfaces: Interfaces[1]: the answer has field 99, which types.Interface of \
             this build does not have\n"
                .to_owned()
        )
    );
    let entry = [field(1, b"2\x1bMB"), field(2, &new)].concat();
    let (_, shown) = run(
        &[field(1, field(5, entry))],
        &["-c", "StatsContainer cid=x"],
    );
    assert_eq!(
        shown,
        "warn: StatsContainer: cgroup_stats.hugetlb_stats[\"2\\u001bMB\"]: the answer has field 99, \
         which grpc.HugetlbStats of this build does not have\n"
    );
}

#[test]
fn a_field_of_another_type_than_the_build_knows() {
    assert_eq!(
        run(
            &[[number(1, 5), field(2, b"x")].concat()],
            &["-c", "Version"]
        ),
        (
            "{\"agent_version\":\"x\"}\n".to_owned(),
            "warn: Version: the answer has field 1 as a number, and grpc.VersionCheckResponse of \
             this build has it as \"grpc_version\", string\n"
                .to_owned()
        )
    );
}

#[test]
fn groups_which_no_proto3_message_has() {
    let group = |number: u64, content: &[u8]| {
        let tag = |kind| varint(number << 3 | kind);
        [tag(3), content.to_vec(), tag(4)].concat()
    };
    let warning = |rest: &str| format!("warn: Version: the answer has field {rest}\n");
    let message = "grpc.VersionCheckResponse of this build";
    let answer = [
        group(1, &field(1, b"x")),
        group(99, &field(1, b"hidden")),
        group(100, &group(7, b"")),
        group(101, b""),
        group(101, &number(1, 1)),
        field(2, b"v"),
    ]
    .concat();
    let (stdout, shown) = run(slice::from_ref(&answer), &["-c", "Version"]);
    assert_eq!(stdout, "{\"agent_version\":\"v\"}\n");
    let known = format!("1 as a group, and {message} has it as \"grpc_version\", string");
    let unknown = |number| format!("{number}, which {message} does not have");
    let expected = [known.clone(), unknown(99), unknown(100), unknown(101)];
    assert_eq!(shown, expected.map(|rest| warning(&rest)).concat());
    // The bytes, when asked for.
    let (_, shown) = run(&[answer], &["-v", "-c", "Version"]);
    let expected = [
        known + ": a group of 3 bytes: 0a 01 78",
        unknown(99) + ": a group of 8 bytes: 0a 06 68 69 64 64 65 6e",
        unknown(100) + ": a group of 2 bytes: 3b 3c",
        unknown(101) + ": 2 times, first an empty group",
    ];
    let expected = expected.map(|rest| warning(&rest)).concat();
    assert!(shown.contains(&expected), "{shown}");

    // In messages, the first of them.
    let new = group(99, b"");
    let interfaces = [field(1, b""), field(1, &new), field(1, &new)].concat();
    let (_, shown) = run(&[interfaces], &["-c", "ListInterfaces"]);
    assert_eq!(
        shown,
        "warn: ListInterfaces: Interfaces[1]: the answer has field 99, which types.Interface of \
         this build does not have\n"
    );
    let entry = [field(1, b"2\x1bMB"), field(2, &new)].concat();
    let (_, shown) = run(
        &[field(1, field(5, entry))],
        &["-c", "StatsContainer cid=x"],
    );
    assert_eq!(
        shown,
        "warn: StatsContainer: cgroup_stats.hugetlb_stats[\"2\\u001bMB\"]: the answer has field 99, \
         which grpc.HugetlbStats of this build does not have\n"
    );
}

#[test]
fn no_agent_floods_with_warnings() {
    let message: Vec<u8> = (1000..500_000).flat_map(|field| number(field, 1)).collect();
    let (_, shown) = run(
        &[message.clone(), message],
        &["-v", "-c", "Version", "-c", "Version"],
    );
    let warnings: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("warn:"))
        .collect();
    assert_eq!(warnings.len(), 17, "{warnings:?}");
    assert!(warnings[0].contains("field 1000,") && warnings[15].contains("field 1015,"));
    assert_eq!(
        warnings[16],
        "warn: Version: the answer has more fields that are not known"
    );
}

#[test]
fn unknown_fields_in_a_stream() {
    let connect = |address: &str| streams(&["connect", "--server-address", address]);
    let item = [field(1, b"a"), field(9, b"x")].concat();
    let rows = [sends(
        "two messages",
        [frame(1, 3, 0, &item), frame(1, 3, 1, &item)].concat(),
    )
    .prints("{\"text\":\"a\"}\n{\"text\":\"a\"}\n")
    .warns("Spread: the answer has field 9, which streams.Item of this build does not have")];
    check_call(rows, &connect, "Spread");
}

#[test]
fn a_newer_build_against_an_agent_that_lacks_the_rpc() {
    let peer = peer();
    let output = frobnicate(&["connect", "--server-address", peer.address()])
        .arguments(["-c", "Frobnicate"])
        .run();
    assert_eq!(output.status, 76, "{}", output.stderr);
    assert!(
        output.error().contains("code: UNIMPLEMENTED (12)"),
        "{}",
        output.stderr
    );
    assert!(
        output
            .error()
            .ends_with("; this agent does not have Frobnicate, and reports version \"3.9.0\""),
        "{}",
        output.stderr
    );
}

#[test]
fn as_hex_an_answer_is_shown_as_it_came() {
    // Fields in an order that no encoder gives them: unknown ones first, and mixed.
    let answer = [
        field(900, b"c"),
        field(2, b"v"),
        field(700, b"a"),
        field(1, b"g"),
        field(800, b"b"),
    ]
    .concat();
    let digits: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
    let row = answers("hex", payload(&answer))
        .with(&["-o", "hex", "-l", "error"])
        .prints(format!("{digits}\n"));
    check([row]);
}
