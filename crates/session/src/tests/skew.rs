//! An agent of another version: fields that this build does not know, and RPCs that the agent
//! does not have.

use super::agent::{Agent, Reply, number, text};
use super::{Outcome, Run};
use agent_report::log::Level;

/// An agent whose answers have these fields.
fn answering(fields: &[u32]) -> Agent {
    let answer: Vec<u8> = fields.iter().flat_map(|field| number(*field, 7)).collect();
    Agent::answering(move |_| Reply::Ok(answer.clone()))
}

fn unknown(rpc: &str, message: &str, field: u32) -> String {
    format!(
        "warn: {rpc}: the answer has field {field}, which {message} of this build does not have"
    )
}

const EMPTY: &str = "google.protobuf.Empty";

#[test]
fn a_field_that_is_not_known_is_told_of_once_for_each_rpc() {
    let agent = answering(&[99, 98]);
    let outcome = Run::of(&agent).commands(&["AddSwap", "repeat 2", "AddSwap", "SetPolicy"]);
    assert_eq!(outcome.exit_status, 0);
    assert_eq!(
        outcome.lines,
        [
            unknown("AddSwap", EMPTY, 98),
            unknown("AddSwap", EMPTY, 99),
            "| {}".to_owned(),
            "| {}".to_owned(),
            "| {}".to_owned(),
            unknown("SetPolicy", EMPTY, 98),
            unknown("SetPolicy", EMPTY, 99),
            "| {}".to_owned(),
        ]
    );
}

#[test]
fn the_fields_that_are_told_of_are_bounded() {
    // In one answer.
    let agent = answering(&(100..120).collect::<Vec<_>>());
    let outcome = Run::of(&agent).commands(&["repeat 2", "AddSwap"]);
    let shown = outcome.shown();
    assert_eq!(shown.len(), 17);
    let more = "warn: AddSwap: the answer has more fields that are not known";
    assert_eq!(shown.last(), Some(&more));
    // Over a run whose answers all differ.
    let mut field = 100;
    let agent = Agent::answering(move |_| {
        field += 1;
        Reply::Ok(number(field, 1))
    });
    let outcome = Run::of(&agent).commands(&["repeat 20", "AddSwap", "SetPolicy"]);
    let (last, shown) = (unknown("SetPolicy", EMPTY, 121), outcome.shown());
    assert_eq!(shown.len(), 17);
    assert_eq!(shown.last(), Some(&last.as_str()));
}

#[test]
fn what_an_unknown_field_holds_is_shown_by_v_and_nothing_where_warnings_are_not() {
    let agent = answering(&[99]);
    let run = Run::of(&agent).with(|options| options.verbose = true);
    let told = format!("{}: the number 7", unknown("AddSwap", EMPTY, 99));
    assert!(run.commands(&["AddSwap"]).lines.contains(&told));
    let mut run = Run::of(&agent);
    run.level = Level::Error;
    assert_eq!(run.commands(&["AddSwap"]).lines, ["| {}"]);
}

/// An agent that answers calls of `AddSwap` and `SetPolicy` with this status, and is of
/// version 3.9.0.
fn lacking(code: i32, words: &'static str) -> Agent {
    Agent::answering(move |method| match method {
        "Version" => Reply::Ok(text(2, "3.9.0")),
        _ => Reply::Error(code, words),
    })
}

fn of_all(agent: &Agent, commands: &[&str]) -> Outcome {
    let run = Run::of(agent).with(|options| options.ignore_errors = true);
    run.commands(commands)
}

#[test]
fn an_rpc_that_the_agent_lacks_is_told_with_its_version_which_is_asked_once() {
    for (code, name, words) in [
        (12, "UNIMPLEMENTED (12)", "no such method"),
        (
            5,
            "NOT_FOUND (5)",
            "/grpc.AgentService/AddSwap is not supported",
        ),
        (
            3,
            "INVALID_ARGUMENT (3)",
            "grpc.AgentService service does not exist",
        ),
    ] {
        let agent = lacking(code, words);
        let outcome = of_all(&agent, &["AddSwap", "SetPolicy"]);
        let line = |rpc, since| {
            format!(
                "error: {rpc}: the agent answered code: {name}: {words}; this agent does not \
                 have {rpc}, which is there since {since}, and reports version \"3.9.0\""
            )
        };
        let lines = [line("AddSwap", "2.2"), line("SetPolicy", "3.3")];
        assert_eq!(outcome.lines, lines);
        assert_eq!(agent.methods(), ["AddSwap", "Version", "SetPolicy"]);
        assert_eq!(agent.connections(), 1);
    }
}

#[test]
fn other_errors_say_nothing_of_versions() {
    for (code, words) in [
        (3, "no such container"),
        (5, "no such container"),
        (13, "grpc.AgentService failed"),
        (2, ""),
    ] {
        let agent = lacking(code, words);
        let outcome = of_all(&agent, &["AddSwap"]);
        assert!(outcome.lines[0].ends_with(words), "{:?}", outcome.lines);
        assert_eq!(agent.methods(), ["AddSwap"]);
    }
}

#[test]
fn an_agent_that_does_not_tell_its_version_is_not_asked_again() {
    let agent = Agent::answering(|_| Reply::Error(12, "no"));
    let outcome = of_all(&agent, &["AddSwap", "AddSwap"]);
    assert_eq!(agent.methods(), ["AddSwap", "Version", "AddSwap"]);
    assert!(
        outcome.lines[1]
            .ends_with(": no; this agent does not have AddSwap, which is there since 2.2")
    );
    // Nor where the call that fails asks for it.
    let agent = Agent::answering(|_| Reply::Error(12, "no"));
    let outcome = of_all(&agent, &["Version"]);
    assert_eq!(agent.methods(), ["Version"]);
    assert!(outcome.lines[0].ends_with(": no; this agent does not have Version"));
}
