use std::time::{Duration, SystemTime};

use super::*;
use crate::conversation::Direction;
use crate::recording::{Kind, Payload, Record, Status};

fn at(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000 + milliseconds)
}

fn of_call(milliseconds: u64, kind: Kind, stream: u32) -> Record {
    Record {
        connection: Some(1),
        stream: Some(stream),
        service: Some("grpc.AgentService".to_owned()),
        method: Some("StartContainer".to_owned()),
        ..Record::new(at(milliseconds), kind)
    }
}

fn recording() -> Vec<u8> {
    let message = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).ok();
    let records = [
        Record::first(at(0), "proxy unix:///a to unix:///b"),
        Record {
            connection: Some(1),
            text: Some("unix:///a to unix:///b".to_owned()),
            ..Record::new(at(1), Kind::Open)
        },
        Record {
            metadata: [("k", "1"), ("k", "2")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            message: message(r#"{"container_id":"web"}"#),
            payload: Some(Payload(b"\x0a\x03web".to_vec())),
            ..of_call(2, Kind::Request, 1)
        },
        of_call(3, Kind::Request, 3),
        Record {
            status: Some(Status::ok()),
            message: message("{}"),
            payload: Some(Payload::default()),
            ..of_call(12, Kind::Response, 1)
        },
        Record {
            status: Some(Status {
                code: 13,
                name: Some("INTERNAL".to_owned()),
                message: "no\u{1b}[2J\n\nStack backtrace: ...".to_owned(),
                details: Vec::new(),
            }),
            ..of_call(13, Kind::Response, 3)
        },
        of_call(14, Kind::Request, 5),
        Record {
            connection: Some(1),
            direction: Some(Direction::ToRuntime),
            error: Some("not ttRPC: a frame of type 9".to_owned()),
            payload: Some(Payload(vec![0, 9])),
            ..Record::new(at(15), Kind::Bytes)
        },
        Record {
            connection: Some(1),
            bytes_to_agent: Some(10),
            bytes_to_runtime: Some(20),
            ..Record::new(at(16), Kind::Close)
        },
        of_call(17, Kind::Request, 7),
    ];
    records.iter().flat_map(|r| r.line().unwrap()).collect()
}

fn shown(form: &mut dyn Form) -> String {
    let mut out = Vec::new();
    show(&recording()[..], form, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(messages: bool, colours: bool) -> Text {
    Text {
        ids: &["container_id"],
        bytes: bytes_fields(agent_api::schema()),
        messages,
        colours,
        start: SystemTime::UNIX_EPOCH,
    }
}

#[test]
fn each_call_is_a_line_when_it_ends() {
    let expected = "\
proxy unix:///a to unix:///b, from 1970-01-01T00:16:40.000Z
   SECONDS  CONN  CALL                         TOOK  ANSWER
     0.001     1  connection: unix:///a to unix:///b
     0.002     1  StartContainer             10.0ms  OK  container_id=web
     0.003     1  StartContainer             10.0ms  INTERNAL (13): no\\x1b[2J
     0.015     1  bytes from the agent: not ttRPC: a frame of type 9: 00 09
     0.014     1  StartContainer             2.00ms  no answer before the connection ended
     0.016     1  end of the connection, 10 bytes to the agent and 20 back
     0.017     1  StartContainer                  -  no answer
";
    assert_eq!(shown(&mut text(false, false)), expected);
}

#[test]
fn messages_and_colours_are_shown_where_they_are_wanted() {
    let shown = shown(&mut text(true, true));
    assert!(shown.contains("\u{1b}[32mOK\u{1b}[0m"), "{shown}");
    let request = "request:\n                    {\n                      \
                   \"container_id\": \"web\"\n                    }\n";
    assert!(shown.contains(request), "{shown}");
}

#[test]
fn scripts_get_a_line_of_json_for_each_call() {
    let shown = shown(&mut Lines);
    let lines: Vec<serde_json::Value> = shown
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let first = serde_json::json!({
        "time": "1970-01-01T00:16:40.002000Z", "connection": 1, "stream": 1,
        "service": "grpc.AgentService", "method": "StartContainer",
        "request": {"container_id": "web"}, "metadata": {"k": ["1", "2"]}, "status": {"code": 0, "name": "OK"},
        "response": {}, "duration_us": 10_000,
    });
    assert_eq!(lines[0], first);
    assert_eq!(lines[1]["status"]["name"], "INTERNAL");
    assert_eq!(lines[2]["given_up"], true);
    assert_eq!(lines[3]["open"], true);
    assert_eq!(lines.len(), 4);
}
