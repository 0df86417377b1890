//! What is made of answers: details of a status, and answers that a format has no form for.

use protobuf::Message as _;
use ttrpc::proto::{Any, Response, Status};

use super::Run;
use super::agent::{Agent, RESPONSE, Reply, text};
use agent_report::error::ErrorFormat;
use agent_schema::printer::Format;

/// An agent that refuses every call, with details.
fn refusing(details: &[(&str, Vec<u8>)]) -> Agent {
    let mut status = Status::new();
    status.code = protobuf::EnumOrUnknown::from_i32(5);
    status.message = "gone".to_owned();
    for (url, value) in details {
        let mut detail = Any::new();
        detail.type_url = (*url).to_owned();
        detail.value.clone_from(value);
        status.details.push(detail);
    }
    let mut refusal = Response::new();
    refusal.status = Some(status).into();
    let refusal = refusal.write_to_bytes().unwrap();
    Agent::serving(move |mut peer| {
        while let Ok((id, _)) = peer.request() {
            peer.send(id, RESPONSE, 0, &refusal);
        }
    })
}

#[test]
fn the_details_of_a_status_are_shown_where_they_are_asked_for() {
    let details = [
        ("type.googleapis.com/grpc.StringUser", text(1, "0\u{1b}")),
        ("grpc.StringUser", text(2, "1")),
        ("google.rpc.ErrorInfo", vec![1, 2]),
        // No encoding of its type.
        ("x/grpc.StringUser", vec![0]),
    ];
    let agent = refusing(&details);
    let error = "error: Check: the agent answered code: NOT_FOUND (5): gone";
    assert_eq!(Run::of(&agent).commands(&["Check"]).lines, [error]);
    let verbose = Run::of(&agent).with(|options| options.verbose = true);
    let expected = [
        r#"{"@type":"type.googleapis.com/grpc.StringUser","uid":"0\u001b"}"#,
        r#"{"@type":"grpc.StringUser","gid":"1"}"#,
        r#"{"type_url":"google.rpc.ErrorInfo","value":"AQI="}"#,
        r#"{"type_url":"x/grpc.StringUser","value":"AA=="}"#,
    ];
    let lines = verbose.commands(&["Check"]).lines;
    let start = lines.iter().position(|line| line == error).unwrap();
    let shown: Vec<_> = expected
        .iter()
        .map(|it| format!("  detail: {it}"))
        .collect();
    assert_eq!(lines[start + 1..], shown);
    let json = Run::of(&agent).with(|options| options.error_format = ErrorFormat::Json);
    let lines = json.commands(&["Check"]).lines;
    let part = format!(
        r#""code_name":"NOT_FOUND","details":[{}],"exit_status":69"#,
        expected.join(",")
    );
    assert!(lines[0].contains(&part), "{lines:?}");
}

#[test]
fn an_answer_that_has_no_form_is_no_mistake_of_the_command() {
    // The number of a `google.protobuf.Value`.
    let nan = [&[0x11][..], &f64::NAN.to_le_bytes()].concat();
    let agent = Agent::answering(move |_| Reply::Ok(nan.clone()));
    let run = |format| {
        let mut run = Run::of(&agent).with(|options| options.settings.printing.format = format);
        run.schema = wide_api::schema();
        run.commands(&["TakeValue string_value=x"])
    };
    for format in [Format::Json, Format::Text] {
        let outcome = run(format);
        assert_eq!(outcome.exit_status, 1);
        assert_eq!(
            outcome.lines,
            ["error: TakeValue: a google.protobuf.Value is NaN, which JSON has no number for"]
        );
    }
    assert_eq!(run(Format::Serde).lines.len(), 1);
    // Before a call it is a mistake.
    let mut dry = Run::of(&agent).with(|options| options.settings.dry_run = true);
    dry.schema = wide_api::schema();
    let outcome = dry.commands(&["TakeValue number_value=NaN"]);
    assert_eq!(outcome.exit_status, 2, "{:?}", outcome.lines);
}

#[test]
fn fields_that_messages_must_have_are_asked_for() {
    let agent = Agent::answering(|_| Reply::Ok(text(5, "\u{8}\u{1}")));
    let run = |command| {
        let mut run = Run::of(&agent);
        run.schema = wide_api::schema();
        run.commands(&[command])
    };
    // In a request, before it is sent.
    let outcome = run("Show name=n parts={}");
    assert_eq!(outcome.exit_status, 2);
    assert_eq!(
        outcome.lines,
        ["error: Show: parts[0].number: the field is required"]
    );
    // In an answer.
    let outcome = run("Show name=n");
    assert_eq!(outcome.exit_status, 3);
    assert_eq!(
        outcome.lines,
        [
            "error: Show: the 4 bytes of the answer are not a old.Whole (name: the required field is missing): 2a 02 08 01"
        ]
    );
}

#[test]
fn an_unknown_field_within_an_any_is_told_of() {
    // A `Node` with field 5, as containerd writes the type and as others do.
    for url in ["wide.Node", "type.googleapis.com/wide.Node"] {
        let any = [text(1, url), text(2, "\n\u{1}n\u{28}\u{7}")].concat();
        let answer = text(8, std::str::from_utf8(&any).unwrap());
        let agent = Agent::answering(move |_| Reply::Ok(answer.clone()));
        let mut run = Run::of(&agent);
        run.schema = wide_api::schema();
        assert_eq!(
            run.commands(&["Echo"]).lines,
            [
                "warn: Echo: any: the answer has field 5, which wide.Node of this build does not have"
                    .to_owned(),
                format!("| {{\"any\":{{\"@type\":\"{url}\",\"name\":\"n\"}}}}"),
            ]
        );
    }
}

#[test]
fn an_unknown_field_of_a_maps_entry_is_told_of() {
    // An entry of `named` whose key is "k", with a third field; then one whose value is a
    // number.
    let entries = [
        text(4, "\n\u{1}k\u{18}\u{5}"),
        text(4, "\n\u{1}l\u{10}\u{5}"),
    ];
    let agent = Agent::answering(move |_| Reply::Ok(entries.concat()));
    let mut run = Run::of(&agent);
    run.schema = wide_api::schema();
    let lines = run.commands(&["Tree"]).lines;
    assert_eq!(
        lines,
        [
            "warn: Tree: named[\"l\"]: the answer has the entry's value as a number, and this build \
             has \"named\" as map<string, wide.Node>",
            "warn: Tree: named[\"k\"]: the answer has field 3, which no entry of a map has",
            "| {\"named\":{\"k\":{},\"l\":{}}}",
        ]
    );
}

#[test]
fn an_answer_that_is_cut_off_is_refused() {
    let agent = Agent::answering(|_| Reply::Ok(b"\x0a\x7f".to_vec()));
    let what = "Interfaces: the field at offset 0 is cut off";
    let outcome = Run::of(&agent).commands(&["ListInterfaces"]);
    assert_eq!(outcome.exit_status, 3);
    assert!(outcome.lines[0].contains(what), "{:?}", outcome.lines);
}
