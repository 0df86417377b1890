#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::tests::NoFiles;

fn read(line: &str) -> Result<Rule, FaultError> {
    let (name, end) = command::name(line);
    let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
    let rest = line.get(end..).unwrap_or_default();
    rule(
        agent_api::schema(),
        kind.unwrap(),
        rest,
        Hash::Comment,
        &mut NoFiles,
    )
}

#[test]
fn every_kind() {
    let message = || FAILURE.to_owned();
    let fail = |code, message: &str| Effect::Fault(Fault::Fail(code, message.to_owned()));
    for (line, calls, effect) in [
        ("fail Check NOT_FOUND", Calls::All, fail(5, &message())),
        (
            "fail Check[3] not_found 'no x'",
            Calls::Between(3, 3),
            fail(5, "no x"),
        ),
        (
            "fail  *[2..]  -7 \"\"",
            Calls::Between(2, u64::MAX),
            fail(-7, ""),
        ),
        (
            "fail grpc.Health/check 13 # a comment",
            Calls::All,
            fail(13, &message()),
        ),
        (
            "delay Check[ 10% ] 1m30s",
            Calls::Percent(10.0),
            Effect::Delay(Duration::from_secs(90)),
        ),
        ("drop Check", Calls::All, Effect::Fault(Fault::Drop)),
        ("close *", Calls::All, Effect::Fault(Fault::Close)),
        ("die Check", Calls::All, Effect::Fault(Fault::Die)),
        (
            "reply *",
            Calls::All,
            Effect::Fault(Fault::Reply(Vec::new())),
        ),
        ("garbage Check", Calls::All, Effect::RandomGarbage(16)),
        (
            "garbage Check 3 bytes",
            Calls::All,
            Effect::RandomGarbage(3),
        ),
        (
            "garbage Check hex:00ff",
            Calls::All,
            Effect::Fault(Fault::Garbage(vec![0, 255])),
        ),
        (
            "truncate Check",
            Calls::All,
            Effect::Fault(Fault::Truncate(None)),
        ),
        (
            "truncate Check 5",
            Calls::All,
            Effect::Fault(Fault::Truncate(Some(5))),
        ),
        (
            "reply Check",
            Calls::All,
            Effect::Fault(Fault::Reply(Vec::new())),
        ),
        (
            "reply Check[..2] json://{\"status\": \"SERVING\"}",
            Calls::Between(1, 2),
            Effect::Fault(Fault::Reply(vec![8, 1])),
        ),
        (
            "reply Check status=serving",
            Calls::All,
            Effect::Fault(Fault::Reply(vec![8, 1])),
        ),
    ] {
        let rule = read(line).unwrap();
        assert_eq!(rule.calls, calls, "{line}");
        assert_eq!(
            format!("{:?}", rule.effect),
            format!("{effect:?}"),
            "{line}"
        );
    }
}

#[test]
fn mistakes_say_what_would_be_right() {
    for (line, message) in [
        (
            "garbage Check hex:0",
            "\"hex:0\" is not bytes: an odd number of hexadecimal digits (1)",
        ),
        (
            "drop",
            "the name of an RPC is missing; * stands for every RPC",
        ),
        (
            "drop [3]",
            "the name of an RPC is missing; * stands for every RPC",
        ),
        (
            "drop Chek",
            "there is no RPC \"Chek\"; did you mean \"Check\"?",
        ),
        (
            "drop Check[servce=x]",
            "grpc.CheckRequest has no field \"servce\"; did you mean \"service\"?",
        ),
        (
            "drop CreateContainer[OCI.Process.Args=x]",
            "\"OCI.Process.Args\" has more than one value; name one of them by its index or key",
        ),
        (
            "drop SignalProcess[signal=x]",
            "signal: \"x\" is not an unsigned 32-bit number",
        ),
        ("drop *[no_such=1]", "no request has a field \"no_such\""),
        (
            "drop Check[1][2]",
            "[\"2\"] is one too much: there may be one field and one choice by number or chance",
        ),
        (
            "reply-with Version",
            "a field is missing; write reply-with RPC field=value ...",
        ),
        (
            "reply-with * status=1",
            "reply-with changes the answers of one RPC, and not of all",
        ),
        ("drop Check[3", "the [ after \"Check\" is not closed"),
        ("drop Check[3]x", "white space must follow the ], not 'x'"),
        ("drop Check[0]", "[0]: calls are counted from 1"),
        ("drop Check x", "\"x\" is too much; write drop RPC"),
        (
            "fail Check",
            "the status is missing; write fail RPC STATUS \"message\"",
        ),
        (
            "fail Check NOT_FOND",
            "\"NOT_FOND\" is neither the name of a status, such as NOT_FOUND, nor a number; did \
             you mean \"NOT_FOUND\"?",
        ),
        (
            "fail Check ok",
            "OK is not a failure; write reply RPC json://{...} to choose an answer",
        ),
        (
            "fail Check 5 no such image",
            "\"such\" is too much; write fail RPC STATUS \"message\"",
        ),
        ("fail Check 5 'no", "the quote ' at column 10 is not closed"),
        ("delay Check", "the time is missing; write delay RPC TIME"),
        (
            "delay Check soon",
            "\"soon\" is not a time: write a number and a unit of ns, us, ms, s, m or h, as in \
             500ms or 2m",
        ),
        (
            "garbage Check 0",
            "\"0\" is not a number of bytes, 1 to 4194304",
        ),
        (
            "garbage Check 5 pounds",
            "\"5 pounds\" is not a number of bytes, 1 to 4194304",
        ),
        (
            "truncate Check +5",
            "\"+5\" is not a number of bytes, 0 to 4194304",
        ),
        (
            "reply * a=1",
            "reply * answers each call its empty response, and takes no fields",
        ),
        (
            "reply Check state=1",
            "grpc.HealthCheckResponse has no field \"state\"; did you mean \"status\"?",
        ),
        (
            "reply Check json://{\"status\": \"AWAKE\"}",
            "status: \"AWAKE\" is not a value of ",
        ),
        ("reply Check json://{", "json://: "),
        ("reply Check file://-", "\"-\" is not read here"),
    ] {
        let error = read(line).unwrap_err().to_string();
        // What the schema says about values is tested there.
        assert!(error.starts_with(message), "{line}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(kind in 0..FaultKind::ALL.len(), text in "\\PC{0,40}") {
        let kind = FaultKind::ALL[kind];
        for hash in [Hash::Word, Hash::Comment] {
                    let _ = rule(agent_api::schema(), kind, &text, hash, &mut NoFiles);
        }
    }

    #[test]
    fn nor_does_one_that_is_nearly_a_rule(
        kind in 0..FaultKind::ALL.len(),
        text in r#" ?(Check|\*|X)?[\[{]?(service=)?[0-9.%]{0,5}[\]}]? ?(json://|hex:|5|NOT_FOUND|"|'|[{\[\\])?.{0,6}"#,
    ) {
        let kind = FaultKind::ALL[kind];
            if let Err(error) = rule(agent_api::schema(), kind, &text, Hash::Word, &mut NoFiles) {
            let error = error.to_string();
            prop_assert!(!error.chars().any(char::is_control), "{}", error);
        }
    }
}
