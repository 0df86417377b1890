//! Every RPC with every field: requests in each form a user can give them, as
//! the typed peer decodes them; responses as it sends them.

use protobuf::MessageDyn;
use protobuf::descriptor::field_descriptor_proto::Type;
use protobuf::reflect::ReflectEqMode;
use typed_peer::text::{self, Names};
use typed_peer::{Answer, Peer, Rpc};

use crate::tool::{connect, difference};

/// Calls every RPC with every field of its request set, given in the form that
/// `command` makes, and collects what the typed side did not see as it was meant.
fn check_requests(command: impl Fn(&Rpc, &dyn MessageDyn) -> (String, String)) {
    let peer = Peer::start();
    let mut mistakes = Vec::new();
    for rpc in typed_peer::rpcs() {
        let request = typed_peer::full(&rpc.request());
        let (command, stdin) = command(rpc, &*request);
        let output = connect(peer.address(), ["-n", "-c", &command])
            .stdin(stdin)
            .run();
        if output.status != 0 || !output.stderr.is_empty() {
            mistakes.push(format!("{}: {}", rpc.path(), output.stderr));
            continue;
        }
        let received = peer.only();
        assert_eq!(received.rpc.path(), rpc.path());
        let unknown = typed_peer::unknown_fields(&*received.request);
        if !unknown.is_empty() {
            mistakes.push(format!("{}: unknown fields {unknown:?}", rpc.path()));
        }
        if !received.is(&*request) {
            let expected = protobuf::text_format::print_to_string_pretty(&*request);
            let found = protobuf::text_format::print_to_string_pretty(&*received.request);
            mistakes.push(difference(&rpc.path(), &expected, &found));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn requests_by_setters() {
    check_requests(|rpc, request| {
        let setters = text::setters(request).join(" ");
        (format!("{} {setters}", rpc.path()), String::new())
    });
}

#[test]
fn requests_by_a_json_document() {
    check_requests(|rpc, request| {
        let json = text::json(request, Names::Json);
        (format!("{} json://{json}", rpc.path()), String::new())
    });
}

#[test]
fn requests_by_a_json_document_from_standard_input() {
    check_requests(|rpc, request| {
        let json = text::json(request, Names::Proto);
        (format!("{} file://-", rpc.path()), json)
    });
}

#[test]
fn requests_by_a_json_value_for_each_field() {
    check_requests(|rpc, request| {
        let json = text::json(request, Names::Proto);
        let fields: serde_json::Map<_, _> = serde_json::from_str(&json).unwrap();
        let setters = fields.iter().map(|(name, value)| match value {
            // Setters for scalars take no JSON.
            serde_json::Value::String(_) if is_bytes(request, name) => {
                format!("{name}=base64:{}", value.as_str().unwrap())
            }
            serde_json::Value::String(text) => {
                format!("{name}='{}'", text.replace('\'', r"'\''"))
            }
            other => format!("{name}={other}"),
        });
        let setters: Vec<_> = setters.collect();
        (
            format!("{} {}", rpc.path(), setters.join(" ")),
            String::new(),
        )
    });
}

fn is_bytes(message: &dyn MessageDyn, field: &str) -> bool {
    let field = message.descriptor_dyn().field_by_name(field).unwrap();
    field.proto().type_() == Type::TYPE_BYTES
}

#[test]
fn nothing_is_sent_that_was_not_given() {
    let peer = Peer::start();
    for rpc in typed_peer::rpcs() {
        connect(peer.address(), ["-n", "-c", &rpc.path()])
            .run()
            .succeeded();
        assert_eq!(peer.only().text(), "", "{rpc:?}");
    }
}

#[test]
fn responses_in_json() {
    let peer = Peer::start();
    for rpc in typed_peer::rpcs() {
        let response = typed_peer::full(&rpc.response());
        peer.answer(&rpc.path(), Answer::ok(&*response));
        for format in ["json", "jsonl"] {
            let output = connect(peer.address(), ["-n", "-o", format, "-c", &rpc.path()])
                .run()
                .succeeded();
            let printed = output.text();
            assert_eq!(
                printed.lines().count() == 1,
                format == "jsonl" || printed == "{}\n"
            );

            let expected: serde_json::Value =
                serde_json::from_str(&text::json(&*response, Names::Proto)).unwrap();
            assert_eq!(output.json(), expected, "{rpc:?}");

            let back = text::from_json(&*response, &printed).unwrap();
            assert!(
                back.reflect_eq_dyn(&*response, &ReflectEqMode::default()),
                "{rpc:?}: {printed}"
            );
        }
    }
}

#[test]
fn empty_responses_in_json() {
    let peer = Peer::start();
    for rpc in typed_peer::rpcs() {
        connect(peer.address(), ["-n", "-c", &rpc.path()])
            .stdout("{}\n")
            .test();
    }
}
