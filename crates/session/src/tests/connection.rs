//! When connections are made: as late as a call needs one, anew where one was lost between
//! two commands, and never within a call.

use super::Run;
use super::agent::{Agent, Reply};

#[test]
fn the_first_call_makes_the_only_connection() {
    let agent = Agent::content();
    Run::of(&agent).commands(&["echo a", "list", "sleep 0s", "describe Check"]);
    assert_eq!(agent.connections(), 0);
    Run::of(&agent).commands(&["Check", "Version", "echo a", "Check"]);
    assert_eq!((agent.connections(), agent.methods().len()), (1, 3));
}

#[test]
fn a_dry_run_makes_none() {
    let agent = Agent::content();
    let outcome = Run::of(&agent)
        .with(|options| options.settings.dry_run = true)
        .commands(&["PauseContainer cid=a", "sleep 1h"]);
    assert_eq!(outcome.lines, ["| {\"container_id\":\"a\"}"]);
    assert_eq!(agent.connections(), 0);
}

#[test]
fn one_that_was_lost_between_commands_is_made_anew() {
    let agent = Agent::answering(|_| Reply::Last(Vec::new()));
    let mut run = Run::of(&agent);
    run.before_printing = Box::new(agent.closing(1));
    let outcome = run.commands(&["Check", "Version"]);
    assert_eq!(
        (outcome.exit_status, outcome.printed()),
        (0, vec!["{}", "{}"])
    );
    assert_eq!((agent.connections(), agent.methods().len()), (2, 2));
}

#[test]
fn a_call_that_loses_its_connection_is_not_made_again() {
    let agent = Agent::answering(|method| match method {
        "Check" => Reply::Close,
        _ => Reply::Ok(Vec::new()),
    });
    let outcome = Run::of(&agent)
        .with(|options| options.ignore_errors = true)
        .commands(&["Check", "Version"]);
    assert_eq!(agent.methods(), ["Check", "Version"]);
    assert_eq!(agent.connections(), 2);
    assert_eq!(outcome.exit_status, 3);
    let closed = "error: Check: the agent closed the connection";
    assert!(outcome.lines[0].starts_with(closed), "{:?}", outcome.lines);
    assert_eq!(outcome.lines[1..], ["| {}"]);
}

#[test]
fn a_call_without_an_address_says_what_is_missing() {
    let agent = Agent::content();
    let outcome = Run::of(&agent)
        .with(|options| options.settings.calls.address = None)
        .commands(&["Check"]);
    assert_eq!(outcome.exit_status, 2);
    let missing = "error: Check: no server address: give --server-address";
    assert!(outcome.lines[0].starts_with(missing), "{:?}", outcome.lines);
}
