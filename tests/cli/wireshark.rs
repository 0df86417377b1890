//! `show -o pcapng` and `show --wireshark`, as tshark reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use agent_schema::{Explicit, Message, Plain, Rpc, Schema, Service, json};
use proptest::prelude::any;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::is_installed;

use crate::recordings::recorded;
use crate::terminal::program_at_terminal;
use crate::tool::{program, tool};

/// A folder with the dissector, and what tshark shows of captures by it.
struct Wireshark {
    folder: TempDir,
}

impl Wireshark {
    /// With this build's dissector; none where tshark is not installed, in which case the test
    /// is skipped.
    fn new() -> Option<Wireshark> {
        let dissector = tool(["show", "--wireshark"]).run().succeeded().text();
        Wireshark::with(&dissector)
    }

    fn with(dissector: &str) -> Option<Wireshark> {
        if !is_installed("tshark") {
            return None;
        }
        let folder = TempDir::with_prefix("wireshark").unwrap();
        fs::write(folder.path().join("ttrpc.lua"), dissector).unwrap();
        Some(Wireshark { folder })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The capture that is made of a recording.
    fn capture_of(&self, recording: &str) -> PathBuf {
        let capture = self.file("capture");
        let shown = tool(["show", "-o", "pcapng", recording]).run().succeeded();
        fs::write(&capture, shown.stdout).unwrap();
        capture
    }

    /// What tshark prints, which must be without any complaint.
    #[track_caller]
    fn shows(&self, capture: &Path, arguments: &[&str]) -> String {
        let output = Command::new("tshark")
            .arg("-X")
            .arg(format!("lua_script:{}", self.file("ttrpc.lua").display()))
            .arg("-r")
            .arg(capture)
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // It says so of every run of root's.
        let said = said.replace(
            "Running as user \"root\" and group \"root\". This could be dangerous.\n",
            "",
        );
        assert!(output.status.success() && said.is_empty(), "{said}");
        // It prints bytes of strings as they are in JSON.
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_wrong = |line: &&str| line.contains("Lua Error") || line.contains("Dissector bug");
        assert_eq!(shown.lines().find(is_wrong), None);
        shown
    }

    /// These fields of each packet that a filter lets through, all values of each, with `|`
    /// between the fields.
    #[track_caller]
    fn fields(&self, capture: &Path, filter: &str, fields: &[&str]) -> Vec<String> {
        let mut arguments = vec!["-Y", filter, "-T", "fields", "-E", "separator=|"];
        // Errors of the dissector are seen in a field of their own only.
        let fields = fields.iter().chain(&["_ws.lua.error"]);
        arguments.extend(fields.flat_map(|field| ["-e", field]));
        let shown = self.shows(capture, &arguments);
        let lines = shown.lines().map(|line| {
            let (line, error) = line.rsplit_once('|').unwrap();
            assert_eq!(error, "", "{line}");
            line.to_owned()
        });
        lines.collect()
    }
}

/// A packet of a vsockmon device: whom it goes to, the kind of it, a transport's header, and
/// the payload.
fn packet(to_agent: bool, port: u32, op: u16, transport: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut ends = [(2u64, port), (3u64, 1024u32)];
    if !to_agent {
        ends.reverse();
    }
    let mut packet = Vec::new();
    packet.extend_from_slice(&ends[0].0.to_le_bytes());
    packet.extend_from_slice(&ends[1].0.to_le_bytes());
    packet.extend_from_slice(&ends[0].1.to_le_bytes());
    packet.extend_from_slice(&ends[1].1.to_le_bytes());
    packet.extend_from_slice(&op.to_le_bytes());
    // Virtio, or none that is known.
    let kind = if transport.is_empty() { 1u16 } else { 2 };
    packet.extend_from_slice(&kind.to_le_bytes());
    packet.extend_from_slice(&u16::try_from(transport.len()).unwrap().to_le_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(transport);
    packet.extend_from_slice(payload);
    packet
}

/// A capture file of the older format, as `tcpdump -i vsockmon0 -w` writes it.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = 0xa1b2_c3d4u32.to_le_bytes().to_vec();
    file.extend_from_slice(&[2, 0, 4, 0]);
    for number in [0u32, 0, 262_144, 271] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    for (number, packet) in (0u32..).zip(packets) {
        let length = u32::try_from(packet.len()).unwrap();
        for number in [
            1_000_000 + number / 1000,
            number % 1000 * 1000,
            length,
            length,
        ] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend_from_slice(packet);
    }
    file
}

fn frame(stream: u32, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(&[kind, 0]);
    frame.extend_from_slice(data);
    frame
}

/// A field that holds bytes.
fn bytes_field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        field.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).unwrap());
    field.extend_from_slice(content);
    field
}

fn request(stream: u32, service: &str, method: &str, message: &[u8]) -> Vec<u8> {
    let parts = [service.as_bytes(), method.as_bytes(), message];
    let fields = (1..)
        .zip(parts)
        .map(|(number, part)| bytes_field(number, part));
    frame(stream, 1, &fields.collect::<Vec<_>>().concat())
}

#[test]
fn a_recording_is_a_capture_with_calls_status_and_fields() {
    let Some(wireshark) = Wireshark::new() else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let recording = recorded(folder.path());
    let lines = tool(["show", "-o", "jsonl", &recording])
        .run()
        .succeeded()
        .text();
    let mut calls: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    calls.sort_by_key(|call| call["stream"].as_u64());
    let stream = |line: &String| -> u64 { line.split('|').next().unwrap().parse().unwrap() };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();

    let capture = wireshark.capture_of(&recording);
    let mut requests = wireshark.fields(
        &capture,
        "ttrpc.type == 1",
        &[
            "ttrpc.stream",
            "ttrpc.service",
            "ttrpc.method",
            "ttrpc.grpc.CreateContainerRequest.container_id",
        ],
    );
    requests.sort_by_key(stream);
    let expected: Vec<String> = calls
        .iter()
        .map(|call| {
            let id = match call["method"] == "CreateContainer" {
                true => text(&call["request"]["container_id"]),
                false => String::new(),
            };
            format!(
                "{}|{}|{}|{id}",
                call["stream"],
                text(&call["service"]),
                text(&call["method"])
            )
        })
        .collect();
    assert_eq!(requests, expected);
    let mut answers = wireshark.fields(
        &capture,
        "ttrpc.type == 2",
        &[
            "ttrpc.stream",
            "ttrpc.method",
            "ttrpc.status.code",
            "ttrpc.grpc.WaitProcessResponse.status",
        ],
    );
    answers.sort_by_key(stream);
    let expected: Vec<String> = calls
        .iter()
        .filter(|call| !call["status"].is_null())
        .map(|call| {
            let status = match (
                &call["method"] == "WaitProcess",
                &call["response"]["status"],
            ) {
                (true, Value::Number(status)) => status.to_string(),
                _ => String::new(),
            };
            format!(
                "{}|{}|{}|{status}",
                call["stream"],
                text(&call["method"]),
                call["status"]["code"]
            )
        })
        .collect();
    assert_eq!(answers, expected);
    assert!(
        answers
            .iter()
            .any(|line| line.ends_with("|WaitProcess|0|7")),
        "{answers:?}"
    );

    // A filter by a value, the column of information, and how long calls took.
    let id = "b".repeat(64);
    let filter = format!("ttrpc.grpc.StartContainerRequest.container_id == \"{id}\"");
    let shown = wireshark.shows(&capture, &["-Y", &filter]);
    assert_eq!(shown.lines().count(), 1);
    assert!(shown.trim_end().ends_with("> StartContainer"), "{shown}");
    for took in wireshark.fields(&capture, "ttrpc.type == 2", &["ttrpc.time"]) {
        let took: f64 = took.parse().unwrap();
        assert!((0.0..60.0).contains(&took), "{took}");
    }
    // The time of each request, to the microsecond.
    let mut times = wireshark.fields(
        &capture,
        "ttrpc.type == 1",
        &["ttrpc.stream", "frame.time_epoch"],
    );
    times.sort_by_key(stream);
    for (shown, call) in times.iter().zip(&calls) {
        let fraction = |time: &str| time.rsplit('.').next().unwrap()[..6].to_owned();
        assert_eq!(fraction(shown), fraction(call["time"].as_str().unwrap()));
    }
    // Where it came from, and the handshake.
    let comments = wireshark.fields(&capture, "frame.comment", &["vsock.op", "frame.comment"]);
    assert!(comments[0].starts_with("1|unix://"), "{comments:?}");
    assert_eq!(comments[1], "3|CONNECT 1024");
}

#[test]
fn the_details_of_a_status_are_shown_as_messages() {
    let Some(wireshark) = Wireshark::new() else {
        return;
    };
    let any = |name: &str, value: &[u8]| {
        let parts = [bytes_field(1, name.as_bytes()), bytes_field(2, value)];
        bytes_field(3, &parts.concat())
    };
    let status = [
        &[8, 9][..],
        &bytes_field(2, b"not now"),
        &any("type.googleapis.com/grpc.HealthCheckResponse", &[8, 1]),
        &any("x.Unknown", b"\xff\xff"),
        // Without a type, and cut off.
        &bytes_field(3, &bytes_field(2, &[8, 2])),
        &bytes_field(3, &[10, 200]),
    ]
    .concat();
    let packets = [
        packet(true, 5, 4, &[], &request(1, "grpc.Health", "Check", b"")),
        packet(false, 5, 4, &[], &frame(1, 2, &bytes_field(1, &status))),
    ];
    let capture = wireshark.file("details");
    fs::write(&capture, pcap(&packets)).unwrap();
    let fields = [
        "ttrpc.status.code",
        "ttrpc.status.details.type_url",
        "ttrpc.grpc.HealthCheckResponse.status",
        "ttrpc.malformed",
    ];
    let shown = wireshark.fields(&capture, "ttrpc.type == 2", &fields);
    let names = "type.googleapis.com/grpc.HealthCheckResponse,x.Unknown";
    let [line] = &shown[..] else {
        panic!("{shown:?}");
    };
    assert!(line.starts_with(&format!("9|{names}|1|")), "{line}");
    assert!(!line.ends_with('|'), "what is cut off is told: {line}");
}

#[test]
fn a_capture_of_vsockmon_is_shown_however_it_is_cut() {
    let Some(wireshark) = Wireshark::new() else {
        return;
    };
    let chunk = [
        bytes_field(1, b"/run/file"),
        bytes_field(7, &vec![7; 1 << 20]),
    ]
    .concat();
    let status = [
        &[8, 13][..],
        &bytes_field(2, "no\u{1b}[2J \u{e9}".as_bytes()),
    ]
    .concat();
    let calls = [
        request(
            3,
            "grpc.AgentService",
            "StartContainer",
            &bytes_field(1, b"web"),
        ),
        request(5, "grpc.Health", "Check", b""),
        request(7, "x.Y", "Unknown", &[8, 150, 1]),
    ];
    let answers = [
        frame(5, 2, &bytes_field(2, &[8, 1])),
        frame(3, 2, &bytes_field(1, &status)),
        frame(1, 2, b""),
        frame(99, 2, b""),
    ];
    let fields = [
        "ttrpc.stream",
        "ttrpc.type",
        "ttrpc.method",
        "ttrpc.status.code",
        "ttrpc.status.message",
        "ttrpc.grpc.CopyFileRequest.path",
        "ttrpc.grpc.StartContainerRequest.container_id",
        "ttrpc.grpc.HealthCheckResponse.status",
    ];
    let together = [
        "1,3,5,7|1,1,1,1|CopyFile,StartContainer,Check,Unknown|||/run/file|web|",
        "5,3,1,99|2,2,2,2|Check,StartContainer,CopyFile|0,13,0,0|no\u{1b}[2J \u{e9}|||1",
    ];
    let one_by_one = [
        "1|1|CopyFile|||/run/file||",
        "3|1|StartContainer||||web|",
        "5|1|Check|||||",
        "7|1|Unknown|||||",
        "5|2|Check|0||||1",
        "3|2|StartContainer|13|no\u{1b}[2J \u{e9}|||",
        "1|2|CopyFile|0||||",
        "99|2||0||||",
    ];
    // The large one in the packets that the device makes, a small one cut at every byte.
    for (size, message, expected) in [
        (65_536, &chunk[..], &together[..]),
        (4096, &chunk, &together),
        (7, &chunk[..11], &one_by_one),
        (1, &chunk[..11], &one_by_one),
    ] {
        let first = request(1, "grpc.AgentService", "CopyFile", message);
        let to_agent = [&[first][..], &calls].concat().concat();
        let connect = |to_agent| packet(to_agent, 50_000, 1, &[1; 44], b"");
        let mut packets = vec![connect(true), connect(false)];
        for piece in to_agent.chunks(size) {
            packets.push(packet(true, 50_000, 4, &[1; 44], piece));
            // Its other traffic, and that of a port which is not the agent's.
            packets.push(packet(false, 50_000, 3, &[1; 44], b""));
            let mut other = packet(true, 50_001, 4, &[], b"login: ");
            other[20..24].copy_from_slice(&1026u32.to_le_bytes());
            packets.push(other);
        }
        for piece in answers.concat().chunks(size) {
            packets.push(packet(false, 50_000, 4, &[1; 44], piece));
        }
        let capture = wireshark.file("vsockmon.pcap");
        fs::write(&capture, pcap(&packets)).unwrap();
        let lines = wireshark.fields(&capture, "ttrpc.type", &fields);
        assert_eq!(lines, expected, "in packets of {size} bytes");
        // Seen once more, out of order and in the column of information.
        let info = wireshark.fields(&capture, "ttrpc.status.code == 13", &["_ws.col.Info"]);
        assert!(
            info[0].contains("< StartContainer: INTERNAL (13): no.[2J .."),
            "{info:?}"
        );
        let twice = wireshark.shows(&capture, &["-2", "-Y", "ttrpc.stream == 99"]);
        assert_eq!(twice.lines().count(), 1);
    }
}

/// A schema that takes each of these messages as an RPC of `t.T`, named as the message.
fn takes(names: &[&str]) -> &'static Schema {
    let wide = wide_api::schema();
    let find = |name: &str| -> &'static Message {
        let full = format!("wide.{name}");
        wide.messages
            .iter()
            .find(|message| message.full_name == full)
            .unwrap()
    };
    let rpc = |name: &&str| Rpc {
        service: "t.T",
        file: "t.proto",
        name: find(name).name(),
        doc: "",
        deprecated: false,
        request: find(name),
        response: find(name),
        client_streaming: false,
        server_streaming: false,
    };
    let service = Service {
        full_name: "t.T",
        file: "t.proto",
        doc: "",
        deprecated: false,
        rpcs: Vec::leak(names.iter().map(rpc).collect()),
    };
    let services: &[&Service] = Vec::leak(vec![&*Box::leak(Box::new(service))]);
    Box::leak(Box::new(Schema { services, ..*wide }))
}

#[test]
fn every_kind_of_field_has_its_value() {
    let names = ["Scalars", "Lists", "Maps", "Node"];
    let schema = takes(&names);
    let Some(wireshark) = Wireshark::with(&agent_tap::show::dissector(schema)) else {
        return;
    };
    let documents = [
        json!({
            "f_double": 1.5, "f_float": -0.5, "f_int32": -5, "f_int64": i64::MIN.to_string(),
            "f_uint32": u32::MAX, "f_uint64": u64::MAX.to_string(), "f_sint32": i32::MIN,
            "f_sint64": i64::MIN.to_string(), "f_fixed32": 7, "f_fixed64": "8", "f_sfixed32": -9,
            "f_sfixed64": "-10", "f_bool": true, "f_string": "h\u{e9}", "f_bytes": "AP8=",
            "f_level": "BELOW",
        }),
        json!({
            "f_double": [0.25, 2], "f_int32": [1, -1], "f_uint64": [u64::MAX.to_string(), "3"],
            "f_sint32": [1, -1, 0], "f_sint64": ["-2", "2"], "f_sfixed32": [-1, 1],
            "f_fixed64": ["1", "2"], "f_string": ["a", "", "b"], "f_bytes": ["", "AQ=="],
            "f_level": ["LOW", "BELOW"], "f_message": [{"f_int32": 1}, {"f_int32": 2}],
            "f_not_packed": [4, 5],
        }),
        json!({
            "by_int32": {"-3": 0.5}, "by_sint64": {"-4": "x"}, "by_fixed64": {"5": "High"},
            "by_sfixed32": {"-6": {"f_string": "inner"}}, "by_bool": {"true": 1.5},
            "by_string": {"k": {"name": "n"}},
        }),
        json!({"name": "top", "left": {"name": "l", "children": [{"name": "c"}, {}]}}),
    ];
    let mut packets = Vec::new();
    for (number, (name, document)) in (0u32..).zip(names.iter().zip(&documents)) {
        let rpc = schema.services[0]
            .rpcs
            .iter()
            .find(|rpc| rpc.name == *name)
            .unwrap();
        let mut message = (rpc.request.new)();
        let text = document.to_string();
        json::merge(
            &mut *message,
            &mut Explicit::default(),
            &Plain,
            schema,
            &text,
        )
        .unwrap();
        let mut encoded = Vec::new();
        message.encode_into(&mut encoded).unwrap();
        let request = request(2 * number + 1, "t.T", name, &encoded);
        packets.push(packet(true, 1, 4, &[], &request));
    }
    let capture = wireshark.file("wide.pcap");
    fs::write(&capture, pcap(&packets)).unwrap();
    for (method, field, expected) in [
        ("Scalars", "Scalars.f_double", "1.5"),
        ("Scalars", "Scalars.f_float", "-0.5"),
        ("Scalars", "Scalars.f_int32", "-5"),
        ("Scalars", "Scalars.f_int64", "-9223372036854775808"),
        ("Scalars", "Scalars.f_uint32", "4294967295"),
        ("Scalars", "Scalars.f_uint64", "18446744073709551615"),
        ("Scalars", "Scalars.f_sint32", "-2147483648"),
        ("Scalars", "Scalars.f_sint64", "-9223372036854775808"),
        ("Scalars", "Scalars.f_fixed32", "7"),
        ("Scalars", "Scalars.f_fixed64", "8"),
        ("Scalars", "Scalars.f_sfixed32", "-9"),
        ("Scalars", "Scalars.f_sfixed64", "-10"),
        ("Scalars", "Scalars.f_string", "h\u{e9}"),
        ("Scalars", "Scalars.f_bytes", "00ff"),
        ("Scalars", "Scalars.f_level", "-1"),
        ("Lists", "Lists.f_double", "0.25,2"),
        ("Lists", "Lists.f_int32", "1,-1"),
        ("Lists", "Lists.f_uint64", "18446744073709551615,3"),
        ("Lists", "Lists.f_sint32", "1,-1,0"),
        ("Lists", "Lists.f_sint64", "-2,2"),
        ("Lists", "Lists.f_sfixed32", "-1,1"),
        ("Lists", "Lists.f_fixed64", "1,2"),
        ("Lists", "Lists.f_string", "a,,b"),
        ("Lists", "Lists.f_bytes", "01"),
        ("Lists", "Lists.f_level", "1,-1"),
        ("Lists", "Lists.f_not_packed", "4,5"),
        ("Lists", "Scalars.f_int32", "1,2"),
        ("Maps", "Maps.by_int32.key", "-3"),
        ("Maps", "Maps.by_int32.value", "0.5"),
        ("Maps", "Maps.by_sint64.key", "-4"),
        ("Maps", "Maps.by_sint64.value", "x"),
        ("Maps", "Maps.by_fixed64.value", "2"),
        ("Maps", "Maps.by_sfixed32.key", "-6"),
        ("Maps", "Scalars.f_string", "inner"),
        ("Maps", "Node.name", "n"),
        ("Node", "Node.name", "top,l,c"),
    ] {
        let filter = format!("ttrpc.method == \"{method}\"");
        let shown = wireshark.fields(&capture, &filter, &[&format!("ttrpc.wide.{field}")]);
        assert_eq!(shown, [expected], "{method} {field}");
    }
    // Later releases print a boolean as a word.
    let shown = wireshark.fields(
        &capture,
        "ttrpc.wide.Scalars.f_bool == 1",
        &["ttrpc.method"],
    );
    assert_eq!(shown, ["Scalars"]);
    let shown = wireshark.shows(&capture, &["-V"]);
    for part in ["f_level: BELOW (-1)", "value: High (2)"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("Not as the protos say"), "{shown}");
}

#[test]
fn hostile_bytes_are_no_errors_of_the_dissector() {
    let names = ["Node", "Lists", "Maps", "Scalars"];
    let dissector = agent_tap::show::dissector(takes(&names));
    let Some(wireshark) = Wireshark::with(&dissector) else {
        return;
    };
    // A node within a node within one..., fields without end, and lists of numbers.
    let mut deep = Vec::new();
    for _ in 0..2000 {
        deep = bytes_field(2, &deep);
    }
    let many = [8, 1].repeat(1 << 20);
    let list = bytes_field(3, &vec![1; 2 << 20]);
    let valid = request(1, "t.T", "Node", &bytes_field(1, b"a name"));
    let mut frames = vec![
        request(3, "t.T", "Node", &deep),
        request(5, "t.T", "Node", &many),
        request(7, "t.T", "Lists", &list),
        request(9, "t.T", "Maps", &bytes_field(12, &bytes_field(2, &deep))),
        request(11, "\0\x1b</\u{202e}", "%s%n", &[0xff; 40]),
        frame(
            1,
            1,
            &[
                0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            ],
        ),
        frame(1, 2, &[0x0a, 0x80]),
        frame(1, 3, b"\x0b\x0c"),
        frame(1, 3, b""),
        [&[0, 0x40, 0, 1][..], &[0; 6]].concat(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        valid.clone(),
    ];
    // The same with wrong bytes in it, and bytes at random.
    let mut runner = TestRunner::deterministic();
    let mut drawn = |most: usize| {
        let bytes = proptest::collection::vec(any::<u8>(), 0..most);
        bytes.new_tree(&mut runner).unwrap().current()
    };
    for _ in 0..300 {
        let mut wrong = valid.clone();
        for change in drawn(6).chunks_exact(2) {
            // Behind the header, so that it is looked at.
            let at = 10 + usize::from(change[0]) % (wrong.len() - 10);
            wrong[at] = change[1];
        }
        frames.push(wrong);
        for name in names {
            frames.push(request(1, "t.T", name, &drawn(80)));
        }
        frames.push(frame(1, 2, &drawn(40)));
        frames.push(drawn(40));
    }
    let mut packets = Vec::new();
    for (number, frame) in (0u32..).zip(&frames) {
        for piece in frame.chunks(65_536) {
            // Each on a connection of its own, as nothing may follow what is not ttRPC.
            packets.push(packet(number % 3 != 2, number, 4, &[], piece));
        }
    }
    // Packets that are cut themselves.
    for length in 0..50 {
        let mut cut = packet(true, 7, 4, &[1; 4], &valid);
        cut.truncate(length);
        packets.push(cut);
    }
    let capture = wireshark.file("hostile.pcap");
    fs::write(&capture, pcap(&packets)).unwrap();
    let shown = wireshark.shows(&capture, &["-V"]);
    for part in [
        "Further fields are not shown",
        "deeper than 100 messages",
        "bytes that are not ttRPC",
        "name: a name",
    ] {
        assert!(shown.contains(part), "{part}");
    }
    wireshark.shows(&capture, &["-2", "-T", "json"]);
}

#[test]
fn a_capture_of_any_length_takes_constant_memory() {
    let folder = TempDir::new().unwrap();
    let recording = recorded(folder.path());
    let whole = fs::read_to_string(&recording).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();
    // 100 MB and more.
    let times = (100 << 20) / rest.len() + 1;
    let long = folder.path().join("long");
    fs::write(&long, format!("{first}\n{}", rest.repeat(times))).unwrap();
    let once = tool(["show", "-o", "pcapng", &recording])
        .run()
        .succeeded()
        .stdout;
    let shown = tool(["show", "-o", "pcapng", long.to_str().unwrap()])
        .memory(32 << 20)
        .limit(Duration::from_secs(120))
        .run()
        .succeeded();
    // Each packet stands there so often, what is before the packets once.
    let packets = (shown.stdout.len() - once.len()) / (times - 1);
    assert_eq!(once.len() + (times - 1) * packets, shown.stdout.len());
    assert!(
        packets < once.len() && packets + 300 > once.len(),
        "{packets}"
    );
}

#[test]
fn a_capture_is_not_written_on_a_terminal() {
    let folder = TempDir::new().unwrap();
    let recording = recorded(folder.path());
    let terminal = program_at_terminal(program(), ["show", "-o", "pcapng", &recording]).start();
    let error = "error: -o pcapng: this is not for a terminal: write it to a file, as in \
                 \"> calls.pcapng\"\r\n";
    assert_eq!(terminal.end(), (Some(2), error.to_owned()));
}

#[test]
fn the_dissector_needs_no_recording() {
    tool(["show"])
        .status(2)
        .stderr("error: the following required arguments were not provided: <FILE>\n")
        .test();
    let both = tool(["show", "--wireshark", "x"]).run();
    assert_eq!(both.status, 2);
    assert_eq!(
        both.error(),
        "error: the argument '--wireshark' cannot be used with '[FILE]'"
    );
}
