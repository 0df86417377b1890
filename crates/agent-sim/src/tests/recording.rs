//! The log of a served agent's calls.

use std::time::Duration;

use protobuf::MessageDyn;
use serde_json::{Value, json};
use ttrpc::proto::{
    FLAG_NO_DATA, FLAG_REMOTE_CLOSED, KeyValue, MESSAGE_LENGTH_MAX, MESSAGE_TYPE_REQUEST,
};

use super::api::SERVICE;
use super::serving::Running;
use super::unary::pair;
use super::wire::{Frame, request};
use crate::protos::agent::{CreateContainerRequest, StartContainerRequest};
use crate::protos::oci::{LinuxNamespace, Mount};

/// Takes out what differs from run to run, once it is known to be sensible.
fn settled(mut line: Value) -> Value {
    let fields = line.as_object_mut().unwrap();
    let time = fields.remove("time").unwrap();
    let time = time.as_str().unwrap();
    assert_eq!(time.len(), "2026-01-31T23:59:59.000001Z".len());
    assert!(time.starts_with("20") && time.ends_with('Z'));
    if let Some(duration) = fields.remove("duration_us") {
        assert!(duration.as_u64().unwrap() < 20_000_000);
    }
    line
}

#[test]
fn a_call_is_recorded_before_its_answer_goes_out() {
    let served = Running::start();
    let mut wire = served.connect();

    let mut call = request(SERVICE, "Plain", &pair("x"));
    call.timeout_nano = 5_000_000_000;
    for (key, value) in [("b", "1"), ("a", "\u{9b}2"), ("b", "3")] {
        call.metadata.push(KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
            ..KeyValue::default()
        });
    }
    wire.request(1, 0, &call);
    wire.receive();
    let line = served.line_now();
    assert!(line["duration_us"].is_u64());
    assert_eq!(
        settled(line),
        json!({
            "version": 1,
            "connection": 1,
            "stream": 1,
            "service": SERVICE,
            "method": "Plain",
            "request": {"key": "x"},
            "metadata": {"a": ["\u{9b}2"], "b": ["1", "3"]},
            "timeout_nano": 5_000_000_000_u64,
            "status": {"code": 0, "name": "OK"},
            "response": {},
        })
    );

    let mut other = served.connect();
    let (_, message) = other.call(SERVICE, "Plain", b"\xff\x01").status();
    assert!(message.starts_with("ttrpc err: Unpack request error "));
    let mut line = settled(served.line_now());
    let error = line.as_object_mut().unwrap().remove("error").unwrap();
    assert!(
        error
            .as_str()
            .unwrap()
            .starts_with("not a valid test.Pair: ")
    );
    assert_eq!(
        line,
        json!({
            "version": 1,
            "connection": 2,
            "stream": 1,
            "service": SERVICE,
            "method": "Plain",
            "payload": "ff01",
            "metadata": {},
            "status": {"code": 2, "name": "UNKNOWN", "message": message},
        })
    );
    served.end();
}

#[test]
fn of_a_request_that_only_the_real_agent_takes_the_bytes_are_recorded() {
    let served = Running::of(agent_api::schema());
    // The length of a storage reaches past the end.
    let payload = b"\x0a\x7f";
    let mut wire = served.connect();
    wire.call("grpc.AgentService", "UpdateEphemeralMounts", payload);
    let line = served.line_now();
    assert_eq!(line.get("request"), None, "{line}");
    assert_eq!(line["payload"], "0a7f");
    assert_eq!(
        line["error"],
        "not a valid grpc.UpdateEphemeralMountsRequest: storages: the field at offset 0 is \
         cut off"
    );
    served.end();
}

#[test]
fn a_stream_is_recorded_request_by_request_and_at_its_end() {
    let served = Running::start();
    let mut wire = served.connect();
    wire.request(3, FLAG_NO_DATA, &request(SERVICE, "Both", b""));
    let head = json!({
        "version": 1, "connection": 1, "stream": 3, "service": SERVICE, "method": "Both",
    });
    let with = |more: Value| {
        let mut line = head.clone();
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        line
    };
    for key in ["y", "z"] {
        wire.send(&Frame::data(3, &pair(key)));
        wire.receive();
        let expected = with(json!({"request": {"key": key}}));
        assert_eq!(settled(served.line_now()), expected);
        assert_eq!(settled(served.line_now()), with(json!({"response": {}})));
    }
    wire.send(&Frame::end(3));
    wire.receive();
    let end = json!({"metadata": {}, "status": {"code": 0, "name": "OK"}});
    assert_eq!(settled(served.line_now()), with(end));

    wire.request(5, FLAG_REMOTE_CLOSED, &request(SERVICE, "Up", &pair("u")));
    wire.receive();
    let line = served.line_now();
    assert_eq!(line["request"], json!({"key": "u"}));
    assert_eq!(line.get("response"), None);
    assert_eq!(served.line_now()["response"], json!({}));
    served.end();
}

#[test]
fn what_the_build_does_not_know_is_recorded_as_bytes() {
    let served = Running::start();
    let mut wire = served.connect();
    let line = |method, message| {
        json!({
            "version": 1, "connection": 1, "stream": 1, "service": "test.Small",
            "method": method, "error": "this build has no such RPC", "payload": "0a",
            "metadata": {}, "status": {"code": 12, "name": "UNIMPLEMENTED", "message": message},
        })
    };
    wire.call(SERVICE, "Other", b"\x0a");
    assert_eq!(settled(served.line_now()), line("Other", "Other method"));
    wire.call("no.Such", "Other", b"");
    let unknown = settled(served.line_now());
    assert_eq!(unknown["service"], "no.Such");
    assert_eq!(unknown["status"]["code"], 3);

    // Neither an envelope nor a frame that is short enough.
    wire.send(&Frame {
        kind: MESSAGE_TYPE_REQUEST,
        data: b"\xff".to_vec(),
        ..Frame::data(3, b"")
    });
    wire.receive();
    let envelope = settled(served.line_now());
    assert_eq!(envelope.get("service"), None);
    assert_eq!(envelope["payload"], "ff");
    assert_eq!(envelope["status"]["code"], 3);
    wire.send(&Frame {
        kind: MESSAGE_TYPE_REQUEST,
        data: vec![0; MESSAGE_LENGTH_MAX + 1],
        ..Frame::data(5, b"")
    });
    let message = "message length 4194305 exceed maximum message size of 4194304";
    assert_eq!(wire.receive().status(), (3, message.to_owned()));
    assert_eq!(settled(served.line_now())["error"], message);
    served.end();
}

#[test]
fn why_a_call_is_never_answered_is_recorded_at_once() {
    let served = Running::start();
    let mut wire = served.connect();
    let mut call = |method, message: &dyn MessageDyn| {
        let payload = message.write_to_bytes_dyn().unwrap();
        wire.request(1, 0, &request("grpc.AgentService", method, &payload));
    };
    let mut create = CreateContainerRequest::new();
    create.container_id = "web".to_owned();
    let spec = create.OCI.mut_or_insert_default();
    spec.Root.mut_or_insert_default().Path = "/r".to_owned();
    spec.Linux.mut_or_insert_default().Namespaces = vec![LinuxNamespace::new()];
    let process = spec.Process.mut_or_insert_default();
    process.Args = vec!["/pause".to_owned()];
    process.Cwd = "/".to_owned();
    process.Capabilities.mut_or_insert_default();
    let mut proc = Mount::new();
    proc.destination = "/proc".to_owned();
    spec.Mounts.push(proc);
    let mut start = StartContainerRequest::new();
    start.container_id = "web".to_owned();
    call("CreateContainer", &create);
    assert_eq!(served.line()["status"]["name"], "OK");
    call("StartContainer", &start);
    assert_eq!(served.line()["status"]["name"], "OK");
    call("StartContainer", &start);
    let line = served.line();
    assert_eq!(line["method"], "StartContainer");
    let reason = "the container's process was started before, or has ended";
    assert_eq!(line["never_answered"], reason);
    wire.leave();
    assert_eq!(served.line()["given_up"], true);
    served.end();
}

#[test]
fn calls_that_are_given_up_are_recorded_too() {
    let served = Running::start();
    served.rules(&["delay Plain 3600s"]);

    let mut wire = served.connect();
    wire.request(1, 0, &request(SERVICE, "Plain", b""));
    wire.leave();
    let line = served.line();
    assert_eq!(line["given_up"], true);
    assert_eq!(line["faults"], json!(["delay"]));
    assert_eq!(line.get("status"), None);

    let mut wire = served.connect();
    let mut late = request(SERVICE, "Plain", b"");
    late.timeout_nano = 20_000_000;
    wire.request(1, 0, &late);
    assert_eq!(wire.receive().status(), (4, "timeout".to_owned()));
    let line = served.line();
    let status = json!({"code": 4, "name": "DEADLINE_EXCEEDED", "message": "timeout"});
    assert_eq!(line["status"], status);
    assert!(line["duration_us"].as_u64().unwrap() >= 20_000);

    wire.request(3, 0, &request(SERVICE, "Plain", b""));
    std::thread::sleep(Duration::from_millis(50));
    let log = served.end_and_log();
    let last: Value = serde_json::from_slice(log.last().unwrap()).unwrap();
    assert_eq!(last["given_up"], true);
    wire.leave();
}
