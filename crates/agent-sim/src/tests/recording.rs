//! The log of a served agent's calls.

use std::time::Duration;

use serde_json::{Value, json};
use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED, KeyValue};

use super::api::SERVICE;
use super::serving::{Served, connect};
use super::unary::pair;
use super::wire::{Frame, request};

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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::at(&path);
    let mut wire = connect(&path);

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
            "connection": 1,
            "service": SERVICE,
            "method": "Plain",
            "request": {"key": "x"},
            "metadata": {"a": ["\u{9b}2"], "b": ["1", "3"]},
            "timeout_nano": 5_000_000_000_u64,
            "status": {"code": 0, "name": "OK"},
            "response": {},
        })
    );

    let mut other = connect(&path);
    let (_, message) = other.call(SERVICE, "Plain", b"\xff\x01").status();
    assert_eq!(
        settled(served.line_now()),
        json!({
            "connection": 2,
            "service": SERVICE,
            "method": "Plain",
            "error": message.strip_prefix("ttrpc err: ").unwrap(),
            "payload": "ff01",
            "metadata": {},
            "status": {"code": 2, "name": "UNKNOWN", "message": message},
        })
    );
    assert!(message.starts_with("ttrpc err: the request is not a valid test.Pair: "));
    served.end();
}

#[test]
fn of_a_request_that_only_the_real_agent_takes_the_bytes_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::of(agent_api::schema(), &path);
    // The length of a storage reaches past the end.
    let payload = b"\x0a\x7f";
    let mut wire = connect(&path);
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::at(&path);
    let mut wire = connect(&path);
    wire.request(3, FLAG_NO_DATA, &request(SERVICE, "Both", b""));
    let head = json!({"connection": 1, "service": SERVICE, "method": "Both", "stream": 3});
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
        let expected = with(json!({"request": {"key": key}, "response": {}}));
        assert_eq!(settled(served.line_now()), expected);
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
fn calls_that_are_given_up_are_recorded_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let served = Served::at(&path);
    served.rules(&["delay Plain 3600s"]);

    let mut wire = connect(&path);
    wire.request(1, 0, &request(SERVICE, "Plain", b""));
    wire.leave();
    let line = served.line();
    assert_eq!(line["given_up"], true);
    assert_eq!(line["faults"], json!(["delay"]));
    assert_eq!(line.get("status"), None);

    let mut wire = connect(&path);
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
