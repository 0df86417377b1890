use agent_schema::json::merge;
use agent_schema::{Explicit, Plain};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ids::IdFields;
use crate::recording::Payload;

const SERVICE: &str = "grpc.AgentService";
const METHOD: &str = "ExecProcess";
const COMPARISON: Comparison = Comparison {
    ids: IdFields {
        anywhere: &["container_id"],
        alone: &["exec_id"],
    },
    measures: &[("grpc.AgentService/ExecProcess", &["string_user"])],
};

/// A long ID of one digit.
fn id(digit: &str) -> String {
    digit.repeat(32)
}

fn encoded(request: &serde_json::Value) -> Vec<u8> {
    let schema = agent_api::schema();
    let rpc = rpc_of(schema, SERVICE, METHOD).unwrap();
    let mut message = (rpc.request.new)();
    let mut explicit = Explicit::default();
    let text = request.to_string();
    merge(&mut *message, &mut explicit, &Plain, schema, &text).unwrap();
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).unwrap();
    bytes
}

/// A request about a container, in a folder.
fn about(id: &str, folder: &str) -> Vec<u8> {
    encoded(&json!({"container_id": id, "process": {"Cwd": folder}}))
}

/// A recording that grows line by line, in which a millisecond passes between lines.
struct Recorded {
    text: Vec<u8>,
    time: std::time::SystemTime,
}

impl Recorded {
    fn new() -> Recorded {
        let time = std::time::SystemTime::UNIX_EPOCH;
        let text = Record::first(time, "a test").line().unwrap();
        Recorded { text, time }
    }

    fn line(&mut self, stream: u32, kind: Kind, payload: &[u8], more: impl FnOnce(&mut Record)) {
        self.time += Duration::from_millis(1);
        let mut record = Record {
            connection: Some(1),
            stream: Some(stream),
            payload: Some(Payload(payload.to_vec())),
            ..Record::new(self.time, kind)
        };
        more(&mut record);
        self.text.extend(record.line().unwrap());
    }

    fn request(&mut self, stream: u32, payload: &[u8]) {
        self.line(stream, Kind::Request, payload, |record| {
            record.service = Some(SERVICE.to_owned());
            record.method = Some(METHOD.to_owned());
        });
    }

    /// An answer that is told from others by the words of its status.
    fn response(&mut self, stream: u32, words: &str) {
        self.line(stream, Kind::Response, b"", |record| {
            record.status = Some(failed(14, words.to_owned()));
        });
    }

    fn call(&mut self, stream: u32, payload: &[u8], words: &str) {
        self.request(stream, payload);
        self.response(stream, words);
    }

    fn read(&self) -> Answers {
        Answers::read(agent_api::schema(), &self.text[..], COMPARISON).unwrap()
    }
}

/// What the answer to a request says.
fn words(answers: &mut Answers, payload: &[u8]) -> String {
    match answers.answer(SERVICE, METHOD, payload).end {
        Some(Ending::Response(status, _)) => status.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_come_in_their_order_and_the_last_one_again() {
    let mut recorded = Recorded::new();
    recorded.call(1, &about(&id("a"), "x"), "first");
    recorded.call(3, &about(&id("a"), "y"), "other");
    recorded.call(5, &about(&id("a"), "x"), "second");
    let mut answers = recorded.read();
    for expected in ["first", "second", "second"] {
        assert_eq!(words(&mut answers, &about(&id("b"), "x")), expected);
    }
    assert_eq!(words(&mut answers, &about(&id("b"), "y")), "other");
    // A container of another ID, whose life begins.
    for expected in ["first", "second", "second"] {
        assert_eq!(words(&mut answers, &about(&id("c"), "x")), expected);
    }
    answers.begin_anew();
    assert_eq!(words(&mut answers, &about(&id("c"), "x")), "first");
}

#[test]
fn an_id_stands_for_one_other_wherever_it_is() {
    let path = |id: &str| format!("/run/{id}/rootfs");
    let mut recorded = Recorded::new();
    // A file is copied for a container that is named later.
    recorded.call(1, &about("", &path(&id("a"))), &path(&id("a")));
    recorded.call(3, &about(&id("a"), &path(&id("a"))), "one");
    recorded.call(5, &about(&id("b"), &path(&id("b"))), "two");
    let mut answers = recorded.read();
    // The words of an answer have the ID of now.
    let copied = words(&mut answers, &about("", &path("web-1")));
    assert_eq!(copied, path("web-1"));
    let mixed = words(&mut answers, &about("web-1", &path("db-1")));
    assert_eq!(
        mixed,
        format!(
            "the recording has no such call of grpc.AgentService/ExecProcess: \
             process.Cwd is \"/run/db-1/rootfs\", and \"/run/{}/rootfs\" was recorded",
            id("a")
        )
    );
    assert_eq!(words(&mut answers, &about("db-1", &path("db-1"))), "two");
    assert_eq!(words(&mut answers, &about("web-1", &path("web-1"))), "one");
}

#[test]
fn what_differs_is_told_and_measures_are_left_aside() {
    let mut recorded = Recorded::new();
    let call = |user: u32, args: &[&str], process: serde_json::Value| {
        let mut process = process;
        process["Args"] = json!(args);
        encoded(&json!({"string_user": {"uid": user.to_string()}, "process": process}))
    };
    recorded.call(1, &call(7, &["a"], json!({})), "found");
    let mut answers = recorded.read();
    assert_eq!(words(&mut answers, &call(8, &["a"], json!({}))), "found");
    for (asked, difference) in [
        (
            call(7, &[], json!({})),
            "process.Args[0] is nothing, and \"a\" was recorded",
        ),
        (
            call(7, &["a", "b"], json!({})),
            "process.Args[1] is \"b\", and nothing was recorded",
        ),
        (
            call(7, &["a"], json!({"Terminal": true})),
            "process.Terminal is true, and false was recorded",
        ),
        (
            call(7, &["a"], json!({"User": {}})),
            "process.User is a grpc.User, and nothing was recorded",
        ),
    ] {
        let told = words(&mut answers, &asked);
        assert!(told.ends_with(difference), "{told}");
    }
    assert_eq!(
        words(&mut answers, b"\x00"),
        "the recording has no such call of grpc.AgentService/ExecProcess: its bytes are others"
    );
    let other = answers.answer("grpc.Health", "Check", b"").end;
    let message = "the recording has no call of grpc.Health/Check".to_owned();
    assert_eq!(
        other,
        Some(Ending::Response(failed(9, message), Vec::new()))
    );
}

#[test]
fn an_answer_waits_for_what_came_before_it() {
    let mut recorded = Recorded::new();
    recorded.request(1, &about(&id("a"), "wait"));
    recorded.call(3, &about(&id("b"), "kill"), "");
    recorded.call(5, &about(&id("a"), "kill"), "");
    recorded.call(7, &about(&id("b"), "kill"), "");
    recorded.response(1, "");
    recorded.request(9, &about(&id("a"), "never"));
    let mut answers = recorded.read();
    let ask = |answers: &mut Answers, payload: &[u8]| answers.answer(SERVICE, METHOD, payload);
    let turn = ask(&mut answers, &about(&id("a"), "wait")).turn.unwrap();
    // The last call about the same container.
    let expected = Turn {
        after: 2,
        at_most: Duration::from_millis(7),
    };
    assert_eq!(turn, expected);
    assert!(!answers.has_come(turn.after));
    assert_eq!(ask(&mut answers, &about(&id("a"), "kill")).turn, None);
    assert!(answers.has_come(turn.after));
    assert_eq!(ask(&mut answers, &about(&id("a"), "never")).end, None);
}

#[test]
fn what_the_build_lacks_is_answered_by_its_bytes() {
    let mut recorded = Recorded::new();
    recorded.line(1, Kind::Request, b"\xff", |record| {
        record.service = Some("x.New".to_owned());
        record.method = Some("Call".to_owned());
    });
    recorded.line(1, Kind::Response, b"\xfe", |record| {
        record.status = Some(Status::ok());
    });
    // What a crash leaves is passed over.
    recorded.text.extend(b"{\"time\":");
    let mut answers = recorded.read();
    assert!(answers.is_cut());
    assert_eq!(
        answers.rpcs().collect::<Vec<_>>(),
        [("x.New", "Call", false)]
    );
    let answer = answers.answer("x.New", "Call", b"\xff").end;
    assert_eq!(
        answer,
        Some(Ending::Response(Status::ok(), b"\xfe".to_vec()))
    );
    let other = answers.answer("x.New", "Call", b"\xfd").end;
    assert!(matches!(other, Some(Ending::Response(status, _)) if status.code == 9));
}

proptest! {
    #[test]
    fn any_request_gets_an_answer(
        recorded in proptest::collection::vec(("[ab/]{0,4}", "[ab/-]{0,6}"), 0..6),
        asked in proptest::collection::vec(("[abc/]{0,4}", "[abc/-]{0,6}"), 0..9),
    ) {
        let mut lines = Recorded::new();
        for (stream, (id, name)) in recorded.iter().enumerate() {
            lines.call(stream as u32, &about(id, name), "found");
        }
        let mut answers = lines.read();
        for (id, name) in &asked {
            let said = words(&mut answers, &about(id, name));
            // The same call is always found.
            let is_same = recorded.contains(&(id.clone(), name.clone()));
            let others = asked.iter().all(|other| recorded.contains(other));
            prop_assert!(!(is_same && others) || said == "found", "{}", said);
        }
    }
}

#[test]
fn ids_in_keys_and_shortened_ones_are_other_ones_too() {
    const CREATE: &str = "CreateContainer";
    let schema = agent_api::schema();
    let create = |id: &str, short: &str| {
        let annotations = json!({format!("io.x/{id}"): "1", "other": "2"});
        let spec = json!({"Hostname": short, "Annotations": annotations});
        let mut message = (rpc_of(schema, SERVICE, CREATE).unwrap().request.new)();
        let text = json!({"container_id": id, "OCI": spec}).to_string();
        merge(
            &mut *message,
            &mut Explicit::default(),
            &Plain,
            schema,
            &text,
        )
        .unwrap();
        let mut bytes = Vec::new();
        message.encode_into(&mut bytes).unwrap();
        bytes
    };
    let (old, new) = (id("a"), id("b"));
    let mut recorded = Recorded::new();
    recorded.line(1, Kind::Request, &create(&old, &old[..12]), |record| {
        record.service = Some(SERVICE.to_owned());
        record.method = Some(CREATE.to_owned());
    });
    recorded.response(1, "made");
    let mut answers = recorded.read();
    let mut words = |payload: &[u8]| match answers.answer(SERVICE, CREATE, payload).end {
        Some(Ending::Response(status, _)) => status.message,
        other => panic!("{other:?}"),
    };
    assert_eq!(words(&create(&new, &new[..12])), "made");
    let unlike = words(&create(&new, "web"));
    assert!(unlike.contains("OCI.Hostname is \"web\""), "{unlike}");
}

#[test]
fn the_begin_of_an_id_may_stand_before_it_in_each_life() {
    const CREATE: &str = "CreateSandbox";
    const COMPARISON: Comparison = Comparison {
        ids: IdFields {
            anywhere: &["sandbox_id"],
            alone: &[],
        },
        measures: &[],
    };
    let schema = agent_api::schema();
    let create = |id: &str| {
        let mut message = (rpc_of(schema, SERVICE, CREATE).unwrap().request.new)();
        let text = json!({"hostname": format!("h-{}", &id[..12]), "sandbox_id": id}).to_string();
        let mut explicit = Explicit::default();
        merge(&mut *message, &mut explicit, &Plain, schema, &text).unwrap();
        let mut bytes = Vec::new();
        message.encode_into(&mut bytes).unwrap();
        bytes
    };
    let mut recorded = Recorded::new();
    recorded.line(1, Kind::Request, &create(&id("a")), |record| {
        record.service = Some(SERVICE.to_owned());
        record.method = Some(CREATE.to_owned());
    });
    recorded.response(1, "made");
    let mut answers = Answers::read(schema, &recorded.text[..], COMPARISON).unwrap();
    for digit in ["b", "c", "d"] {
        let ending = answers.answer(SERVICE, CREATE, &create(&id(digit))).end;
        let Some(Ending::Response(status, _)) = ending else {
            panic!("{ending:?}");
        };
        assert_eq!(status.message, "made", "{digit}");
    }
}
