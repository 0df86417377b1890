use std::time::{Duration, SystemTime};

use agent_schema::{Explicit, Plain, json};
use serde_json::json;

use super::*;
use crate::ids::IdFields;
use crate::recording::{Detail, Kind, Payload, Record, Status};

const COMPARISON: Comparison = Comparison {
    ids: IdFields {
        anywhere: &["container_id", "sandbox_id"],
        alone: &["exec_id"],
    },
    measures: &[],
};

/// A recording that grows call by call.
struct Recorded {
    text: Vec<u8>,
    time: SystemTime,
    stream: u32,
}

impl Recorded {
    fn new() -> Recorded {
        let time = SystemTime::UNIX_EPOCH;
        Recorded {
            text: Record::first(time, "a test").line().unwrap(),
            time,
            stream: 1,
        }
    }

    fn line(&mut self, kind: Kind, method: &str, more: impl FnOnce(&mut Record)) {
        self.time += Duration::from_millis(1);
        let mut record = Record {
            connection: Some(1),
            stream: Some(self.stream),
            service: Some("grpc.AgentService".to_owned()),
            method: Some(method.to_owned()),
            ..Record::new(self.time, kind)
        };
        more(&mut record);
        self.text.extend(record.line().unwrap());
    }

    /// A call, and what else its request and its answer say.
    fn call_with(
        &mut self,
        method: &str,
        request: Value,
        asked: impl FnOnce(&mut Record),
        answered: impl FnOnce(&mut Record),
    ) {
        let schema = agent_api::schema();
        let rpc = rpc_of(schema, "grpc.AgentService", method).unwrap();
        let mut message = (rpc.request.new)();
        let explicit = &mut Explicit::default();
        let text = request.to_string();
        json::merge(&mut *message, explicit, &Plain, schema, &text).unwrap();
        let mut bytes = Vec::new();
        message.encode_into(&mut bytes).unwrap();
        self.line(Kind::Request, method, |record| {
            record.payload = Some(Payload(bytes));
            asked(record);
        });
        self.line(Kind::Response, method, |record| {
            record.status = Some(Status::ok());
            record.payload = Some(Payload::default());
            answered(record);
        });
        self.stream += 2;
    }

    fn call(&mut self, method: &str, request: Value) {
        self.call_with(method, request, |_| {}, |_| {});
    }
}

/// The life of a container, whose calls are about these IDs.
fn life(recorded: &mut Recorded, ids: [&str; 4]) {
    let methods = [
        "CreateContainer",
        "StartContainer",
        "WaitProcess",
        "RemoveContainer",
    ];
    for (method, id) in methods.into_iter().zip(ids) {
        recorded.call(method, json!({"container_id": id}));
    }
}

fn differences(first: &Recorded, second: &Recorded) -> Vec<Difference> {
    let (first, second) = (&first.text[..], &second.text[..]);
    diff(agent_api::schema(), first, second, COMPARISON)
        .unwrap()
        .list
}

/// Where calls differ: the name of each, and of each field the two values.
fn changes(first: &Recorded, second: &Recorded) -> Vec<(String, Value)> {
    let changed = differences(first, second)
        .into_iter()
        .map(|difference| match difference {
            Difference::Changed { call, fields } => (call.to_string(), json!(fields)),
            Difference::Missing(call) => (call.to_string(), json!("missing")),
            Difference::Added(call) => (call.to_string(), json!("added")),
        });
    changed.collect()
}

fn id(digit: &str) -> String {
    digit.repeat(64)
}

#[test]
fn an_id_that_is_wrong_is_told_once() {
    let (pause, web, oops) = (id("a"), id("b"), id("c"));
    let mut first = Recorded::new();
    life(&mut first, [&pause; 4]);
    life(&mut first, [&web; 4]);
    let (other_pause, other_web) = (id("d"), id("e"));
    // Only IDs differ.
    let mut second = Recorded::new();
    life(&mut second, [&other_pause; 4]);
    life(&mut second, [&other_web; 4]);
    assert_eq!(changes(&first, &second), []);
    // One call is about a container that is nowhere else.
    let mut second = Recorded::new();
    life(
        &mut second,
        [&other_pause, &oops, &other_pause, &other_pause],
    );
    life(&mut second, [&other_web; 4]);
    let wrong = json!([["request.container_id", pause, oops]]);
    let start = "call 2 grpc.AgentService/StartContainer".to_owned();
    assert_eq!(changes(&first, &second), [(start.clone(), wrong.clone())]);
    // All calls from here on are.
    let mut second = Recorded::new();
    life(&mut second, [&other_pause, &oops, &oops, &oops]);
    life(&mut second, [&other_web; 4]);
    let told = changes(&first, &second);
    assert_eq!(told.len(), 1, "{told:?}");
    // The call is about the other container.
    let mut second = Recorded::new();
    life(
        &mut second,
        [&other_pause, &other_web, &other_pause, &other_pause],
    );
    life(&mut second, [&other_web; 4]);
    let wrong = json!([["request.container_id", pause, other_web]]);
    assert_eq!(changes(&first, &second), [(start, wrong)]);
}

#[test]
fn ids_are_matched_by_what_is_asked_about_them() {
    let create = |recorded: &mut Recorded, id: &str, host: &str| {
        let spec = json!({"Hostname": host});
        recorded.call("CreateContainer", json!({"container_id": id, "OCI": spec}));
    };
    let mut first = Recorded::new();
    create(&mut first, "one", "a");
    create(&mut first, "two", "b");
    let mut second = Recorded::new();
    create(&mut second, "uno", "b");
    create(&mut second, "due", "a");
    // They have come in another order, which is not a difference between containers.
    assert_eq!(changes(&first, &second), []);
    // A container that is there once only.
    let mut more = Recorded::new();
    create(&mut more, "zero", "z");
    create(&mut more, "uno", "a");
    create(&mut more, "due", "b");
    let added = "call 1 grpc.AgentService/CreateContainer".to_owned();
    assert_eq!(changes(&first, &more), [(added, json!("added"))]);
}

#[test]
fn ids_in_keys_of_maps_and_shortened_ones_are_no_difference() {
    let of = |id: &str| {
        let mut recorded = Recorded::new();
        let annotations =
            json!({format!("io.x/{id}"): &id[..12], "short": format!("/run/{}/x", &id[..32])});
        let request =
            json!({"container_id": id, "OCI": {"Hostname": &id[..12], "Annotations": annotations}});
        recorded.call("CreateContainer", request);
        recorded
    };
    let (first, second) = (of(&id("a")), of(&id("b")));
    assert_eq!(changes(&first, &second), []);
}

#[test]
fn time_limits_and_metadata_are_compared() {
    let of = |timeout: Option<i64>, metadata: &[(&str, &str)]| {
        let mut recorded = Recorded::new();
        let asked = |record: &mut Record| {
            record.timeout_nano = timeout;
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            record.metadata = metadata.iter().map(owned).collect();
        };
        recorded.call_with("GetOOMEvent", json!({}), asked, |_| {});
        recorded
    };
    let minute = of(Some(60_000_000_000), &[("traceparent", "1"), ("k", "v")]);
    // What is left of a minute when the call is sent.
    let left = of(Some(59_999_990_000), &[("traceparent", "2"), ("k", "v")]);
    assert_eq!(changes(&minute, &left), []);
    let name = "call 1 grpc.AgentService/GetOOMEvent".to_owned();
    let other = of(Some(30_000_000_000), &[("k", "w")]);
    let fields = json!([
        ["timeout_nano", 60_000_000_000_u64, 30_000_000_000_u64],
        ["metadata.k[0]", "v", "w"]
    ]);
    assert_eq!(changes(&minute, &other), [(name.clone(), fields)]);
    let forever = of(None, &[("k", "v")]);
    let fields = json!([["timeout_nano", 60_000_000_000_u64, null]]);
    assert_eq!(changes(&minute, &forever), [(name, fields)]);
}

#[test]
fn what_a_rule_made_is_not_compared() {
    let create = json!({"container_id": "web"});
    let faulty = |kind: &str, kept: bool| {
        let mut recorded = Recorded::new();
        let answered = |record: &mut Record| {
            record.faults = vec![kind.to_owned()];
            record.kept_from_agent = kept.then_some(true);
            record.status = Some(Status {
                code: 14,
                name: None,
                ..Status::ok()
            });
        };
        recorded.call_with("CreateContainer", create.clone(), |_| {}, answered);
        recorded
    };
    let mut plain = Recorded::new();
    plain.call("CreateContainer", create.clone());
    // The one answer is a rule's, and the other an agent's.
    let told = changes(&faulty("reply-with", false), &plain);
    let name = "call 1 grpc.AgentService/CreateContainer (by a rule: reply-with)".to_owned();
    assert_eq!(told, [(name, json!([["faults", ["reply-with"], null]]))]);
    // One of several calls, whichever recording is the first.
    let calls = |kept: usize| {
        let mut recorded = Recorded::new();
        for number in 0..3 {
            let answered = |record: &mut Record| {
                if number == kept {
                    record.faults = vec!["fail".to_owned()];
                    record.kept_from_agent = Some(true);
                }
            };
            recorded.call_with("StartContainer", create.clone(), |_| {}, answered);
        }
        recorded
    };
    let (with, without) = (calls(1), calls(9));
    let name = "call 2 grpc.AgentService/StartContainer".to_owned();
    let told = changes(&without, &with);
    assert_eq!(told, [(name.clone(), json!([["faults", null, ["fail"]]]))]);
    let told = changes(&with, &without);
    let name = format!("{name} (by a rule: fail)");
    assert_eq!(told, [(name, json!([["faults", ["fail"], null]]))]);
    // A call that had to wait only has the agent's answer.
    let told = changes(&faulty("delay", false), &plain);
    assert_eq!(told[0].1[1][0], "status", "{told:?}");
    // A runtime tried again: the call that an agent got is put beside the one that one got.
    let mut again = faulty("fail", true);
    again.call("CreateContainer", create);
    let name = "call 1 grpc.AgentService/CreateContainer (by a rule: fail)".to_owned();
    assert_eq!(changes(&again, &plain), [(name, json!("missing"))]);
}

#[test]
fn details_of_errors_are_compared() {
    let of = |value: &[u8]| {
        let mut recorded = Recorded::new();
        let answered = |record: &mut Record| {
            record.status = Some(Status {
                code: 5,
                name: None,
                message: "no".to_owned(),
                details: vec![Detail {
                    type_url: "type.googleapis.com/grpc.StringUser".to_owned(),
                    message: None,
                    value: Payload(value.to_vec()),
                }],
            });
        };
        recorded.call_with("GetOOMEvent", json!({}), |_| {}, answered);
        recorded
    };
    let (first, second) = (of(b"\x0a\x01a"), of(b"\x0a\x01b"));
    assert_eq!(changes(&first, &first), []);
    let fields = json!([["details[0].value.uid", "a", "b"]]);
    assert_eq!(changes(&first, &second)[0].1, fields);
}

#[test]
fn values_are_compared_by_their_leaves() {
    let old = json!({"a": 1, "b": [1, 2], "c": {"d": "x"}, "gone": true});
    let new = json!({"a": 1, "b": [1, 3, 4], "c": {"d": "y"}});
    let mut fields = Vec::new();
    values("request", &old, &new, &mut fields);
    let some = |value: Value| Some(value);
    let expected = [
        ("request.b[1]", some(json!(2)), some(json!(3))),
        ("request.b[2]", None, some(json!(4))),
        ("request.c.d", some(json!("x")), some(json!("y"))),
        ("request.gone", some(json!(true)), None),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(path, old, new)| (path.to_owned(), old, new))
        .collect();
    assert_eq!(fields, expected);
}

#[test]
fn containers_that_live_side_by_side_have_no_order_among_them() {
    let about = |digit: &str| json!({"container_id": id(digit)});
    let recorded = |calls: &[(&str, &str)]| {
        let mut recorded = Recorded::new();
        for (method, digit) in calls {
            recorded.call(method, about(digit));
        }
        recorded
    };
    let (start, pause, stats) = ("StartContainer", "PauseContainer", "StatsContainer");
    let first = recorded(&[
        (start, "a"),
        (start, "b"),
        (pause, "a"),
        (pause, "b"),
        (stats, "a"),
        (stats, "b"),
    ]);
    let beside = recorded(&[
        (start, "b"),
        (pause, "b"),
        (stats, "b"),
        (start, "a"),
        (pause, "a"),
        (stats, "a"),
    ]);
    assert_eq!(differences(&first, &beside), []);
    // Of one container the order counts.
    let otherwise = recorded(&[
        (start, "b"),
        (stats, "b"),
        (pause, "b"),
        (start, "a"),
        (pause, "a"),
        (stats, "a"),
    ]);
    let found = differences(&first, &otherwise);
    let told = |difference: &Difference| match difference {
        Difference::Missing(named) => format!("- {named}"),
        Difference::Added(named) => format!("+ {named}"),
        Difference::Changed { .. } => "changed".to_owned(),
    };
    let told: Vec<String> = found.iter().map(told).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with(['-', '+']) && told[1].starts_with(['-', '+']));
}

#[test]
fn the_messages_of_a_stream_are_compared() {
    let recorded = |said: &[(Direction, &str)]| {
        let mut recorded = Recorded::new();
        recorded.line(Kind::Request, "Follow", |record| {
            record.payload = Some(Payload::default());
        });
        for (direction, text) in said {
            recorded.line(Kind::Data, "Follow", |record| {
                record.direction = Some(*direction);
                record.payload = Some(Payload(text.as_bytes().to_vec()));
            });
        }
        // The end of one side has no message.
        recorded.line(Kind::Data, "Follow", |record| {
            record.direction = Some(Direction::ToAgent);
        });
        recorded.line(Kind::Response, "Follow", |record| {
            record.status = Some(Status::ok());
        });
        recorded
    };
    let (to, from) = (Direction::ToAgent, Direction::ToRuntime);
    let first = recorded(&[(to, "a"), (from, "x"), (from, "y")]);
    // Which side spoke first may be by chance.
    let second = recorded(&[(from, "x"), (to, "a"), (from, "y")]);
    assert_eq!(changes(&first, &second), []);
    let second = recorded(&[(to, "b"), (from, "x")]);
    let expected = json!([["sent[0]", "61", "62"], ["received[1]", "79", null]]);
    let call = "call 1 grpc.AgentService/Follow".to_owned();
    assert_eq!(changes(&first, &second), [(call, expected)]);
}

#[test]
fn ids_are_found_in_what_processes_write() {
    let recorded = |id: &str, data: &[u8]| {
        let mut recorded = Recorded::new();
        recorded.call("CreateContainer", json!({"container_id": id}));
        let data = serde_json::to_value(Payload(data.to_vec())).unwrap();
        recorded.call("WriteStdin", json!({"container_id": id, "data": data}));
        recorded
    };
    let (old, new) = (id("a"), id("b"));
    let says = |id: &str, more: &str| format!("I am {} of /run/{id}{more}\n", &id[..12]);
    let first = recorded(&old, says(&old, "").as_bytes());
    let second = recorded(&new, says(&new, "").as_bytes());
    assert_eq!(changes(&first, &second), []);
    let second = recorded(&new, says(&new, "/x").as_bytes());
    assert_eq!(changes(&first, &second).len(), 1);
    // Bytes that are not text stay as they are.
    let bytes = |id: &str| [&b"\xff"[..], id.as_bytes()].concat();
    let (first, second) = (recorded(&old, &bytes(&old)), recorded(&new, &bytes(&new)));
    assert_eq!(changes(&first, &second).len(), 1);
}

#[test]
fn fields_that_the_protos_lack_are_compared() {
    let container = id("a");
    let rpc = rpc_of(agent_api::schema(), "grpc.AgentService", "CreateContainer").unwrap();
    let is_oci = |field: &&agent_schema::Field| field.name == "OCI";
    let number_of_oci = rpc.request.fields.iter().find(is_oci).unwrap().number;
    let recorded = |number: u64, text: &str| {
        let mut bytes = Vec::new();
        agent_wire::put_bytes(1, container.as_bytes(), &mut bytes);
        agent_wire::put_varint_field(99, number, &mut bytes);
        let mut oci = Vec::new();
        agent_wire::put_bytes(98, text.as_bytes(), &mut oci);
        agent_wire::put_bytes(98, b"twice", &mut oci);
        agent_wire::put_bytes(number_of_oci, &oci, &mut bytes);
        let mut recorded = Recorded::new();
        let asked = |record: &mut Record| record.payload = Some(Payload(bytes));
        recorded.call_with("CreateContainer", json!({}), asked, |_| {});
        recorded
    };
    let first = recorded(1, "x");
    assert_eq!(changes(&first, &recorded(1, "x")), []);
    let [(call, fields)] = &changes(&first, &recorded(2, "y"))[..] else {
        panic!();
    };
    assert_eq!(call, "call 1 grpc.AgentService/CreateContainer");
    let expected = json!([
        [
            "request.OCI: field 98",
            "2 times, first 78",
            "2 times, first 79"
        ],
        ["request.field 99", "1", "2"],
    ]);
    assert_eq!(*fields, expected);
}
