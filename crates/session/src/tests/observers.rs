//! What `-v` shows of calls and what is logged of them, in the order in which things happen.

use super::Run;
use super::agent::{Agent, Reply, number};
use agent_report::log::Level;

fn verbose(agent: &Agent, level: Level) -> Run {
    let mut run = Run::of(agent).with(|options| {
        options.verbose = true;
        options.settings.calls.metadata = vec![("key".to_owned(), "a\u{1b}b".to_owned())];
    });
    run.level = level;
    run
}

#[test]
fn a_call_is_told_from_its_request_to_its_time() {
    let agent = Agent::answering(|_| Reply::Ok(number(1, 1)));
    let outcome = verbose(&agent, Level::Trace).commands(&["Check service=a", "Check"]);
    let address = agent.address();
    assert_eq!(
        outcome.lines,
        [
            "trace: request: 0a0161",
            "> grpc.Health/Check (3 bytes)",
            "> key: a\\x1bb",
            "> {\"service\":\"a\"}",
            &format!("debug: connected to {address}"),
            "trace: response: 0801",
            "| {\"status\":\"SERVING\"}",
            "info: response received: Check status=OK",
            "< OK",
            // The same connection.
            "trace: request: ",
            "> grpc.Health/Check (0 bytes)",
            "> key: a\\x1bb",
            "> {}",
            "trace: response: 0801",
            "| {\"status\":\"SERVING\"}",
            "info: response received: Check status=OK",
            "< OK",
        ]
    );
    assert_eq!(agent.last().metadata[0].value, "a\u{1b}b");
}

#[test]
fn a_failed_call_is_told_with_its_status_before_its_error() {
    for (code, status) in [(13, "INTERNAL"), (77, "77")] {
        let agent = Agent::answering(move |_| Reply::Error(code, "no"));
        let outcome = verbose(&agent, Level::Info).commands(&["Check"]);
        assert_eq!(
            outcome.lines[3..5],
            [
                format!("info: response received: Check status={status}"),
                format!("< {status}"),
            ]
        );
        assert!(
            outcome.lines[5].starts_with("error: Check: "),
            "{:?}",
            outcome.lines
        );
        assert_eq!(outcome.lines.len(), 6);
    }
}

#[test]
fn a_call_that_has_no_answer_has_no_status() {
    let agent = Agent::answering(|_| Reply::Close);
    let outcome = verbose(&agent, Level::Trace).commands(&["Check"]);
    let last = outcome.lines.last().unwrap();
    assert!(last.starts_with("error: Check: the agent closed"), "{last}");
    let told = |start: &str| outcome.lines.iter().any(|line| line.starts_with(start));
    assert!(!told("<") && !told("info:") && !told("trace: response"));
}

#[test]
fn each_level_has_what_is_more_important_than_it() {
    let agent = Agent::content();
    for (level, count) in [
        (Level::Trace, 4),
        (Level::Debug, 2),
        (Level::Info, 1),
        (Level::Warn, 0),
    ] {
        let mut run = Run::of(&agent);
        run.level = level;
        let outcome = run.commands(&["Check"]);
        assert_eq!(outcome.shown().len(), count, "{level}: {:?}", outcome.lines);
    }
}

#[test]
fn asking_for_a_version_is_no_call_of_the_run() {
    let agent = Agent::answering(|_| Reply::Error(12, "no"));
    let outcome = verbose(&agent, Level::Debug).commands(&["AddSwap"]);
    let asks = "debug: asking the agent for its version".to_owned();
    let at = outcome.lines.iter().position(|line| *line == asks).unwrap();
    assert_eq!(outcome.lines[at - 1], "< UNIMPLEMENTED");
    assert!(outcome.lines[at + 1].starts_with("error: AddSwap: "));
    assert_eq!(agent.methods(), ["AddSwap", "Version"]);
}

#[test]
fn a_dry_run_has_nothing_to_tell() {
    let agent = Agent::content();
    let run = verbose(&agent, Level::Trace).with(|options| options.settings.dry_run = true);
    assert_eq!(run.commands(&["Check"]).lines, ["| {}"]);
}
