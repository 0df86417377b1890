//! How often commands run, what a failure means for those after it, and what ends a run.

use std::io;
use std::time::Duration;

use super::super::{Output, Turn};
use super::Run;
use super::agent::{Agent, Reply};
use crate::builtin::Times;
use agent_request::input::Inputs;

/// An agent whose calls fail from the one of this number on, with code 13.
fn failing_from(number: usize) -> Agent {
    let mut count = 0;
    Agent::answering(move |_| {
        count += 1;
        match count < number {
            true => Reply::Ok(Vec::new()),
            false => Reply::Error(13, "no more"),
        }
    })
}

#[test]
fn repeat_counts_for_the_next_command_alone() {
    let agent = Agent::content();
    let outcome = Run::of(&agent)
        .with(|options| options.repeat = Times::Count(2))
        .commands(&["repeat 3", "Check", "Version", "echo end"]);
    assert_eq!(outcome.exit_status, 0);
    assert_eq!(
        outcome.printed(),
        ["{}", "{}", "{}", "{}", "{}", "end", "end"]
    );
    assert_eq!(
        agent.methods(),
        ["Check", "Check", "Check", "Version", "Version"]
    );
}

#[test]
fn a_failure_ends_what_is_repeated_and_the_run() {
    let agent = failing_from(3);
    let outcome = Run::of(&agent).commands(&["repeat -1", "Check", "Version"]);
    assert_eq!(agent.methods(), ["Check"; 3]);
    assert_eq!(outcome.exit_status, 77);
    assert_eq!(
        outcome.lines,
        [
            "| {}",
            "| {}",
            "error: Check: the agent answered code: INTERNAL (13): no more"
        ]
    );
}

#[test]
fn errors_that_are_ignored_leave_the_first_ones_status() {
    let codes = [5, 13, 7];
    let mut answers = codes.into_iter();
    let agent = Agent::answering(move |method| match method {
        "Version" => Reply::Ok(Vec::new()),
        _ => Reply::Error(answers.next().unwrap(), "no"),
    });
    let outcome = Run::of(&agent)
        .with(|options| options.ignore_errors = true)
        .commands(&["Version", "repeat 2", "Check", "Check", "Version"]);
    assert_eq!(outcome.exit_status, 64 + 5);
    assert_eq!(outcome.printed(), ["{}", "{}"]);
    assert_eq!(outcome.shown().len(), 3);
    assert!(outcome.shown()[1].ends_with("INTERNAL (13): no"));
}

#[test]
fn output_that_nobody_takes_ends_even_a_run_that_ignores_errors() {
    for (kind, exit_status, shown) in [
        (io::ErrorKind::BrokenPipe, 141, vec![]),
        (
            io::ErrorKind::StorageFull,
            1,
            vec!["error: echo: cannot write to standard output: no storage space"],
        ),
    ] {
        let agent = Agent::content();
        let run = Run::of(&agent).with(|options| options.ignore_errors = true);
        let mut inputs = Inputs::default();
        let outcome = run.session(|session| {
            session.output = Output::writing(move |_| Err(kind.into()));
            let turn = session.typed("echo a", &mut inputs, &mut |_| true);
            assert_eq!(turn, Turn::Closed(exit_status));
            session.exit_status()
        });
        assert_eq!(outcome.exit_status, exit_status);
        assert_eq!(outcome.shown(), shown);
    }
}

#[test]
fn the_agents_word_for_a_deadline_is_a_timeout_if_one_was_set() {
    for (timeout, exit_status) in [(None, 68), (Some(Duration::from_secs(60)), 4)] {
        let agent = Agent::answering(|_| Reply::Error(4, "late"));
        let outcome = Run::of(&agent)
            .with(|options| options.settings.calls.timeout = timeout)
            .commands(&["Check"]);
        assert_eq!(outcome.exit_status, exit_status);
        let late = "error: Check: the agent answered code: DEADLINE_EXCEEDED (4): late";
        assert_eq!(outcome.lines, [late]);
        assert_eq!(
            agent.last().timeout_nano,
            timeout.map_or(0, |_| 60_000_000_000)
        );
    }
}

#[test]
fn an_agent_that_says_nothing_is_a_timeout() {
    let agent = Agent::answering(|_| Reply::Nothing);
    let outcome = Run::of(&agent)
        .with(|options| options.settings.calls.timeout = Some(Duration::from_millis(20)))
        .commands(&["Check"]);
    assert_eq!(outcome.exit_status, 4);
    assert!(
        outcome.lines[0].starts_with("error: Check: "),
        "{:?}",
        outcome.lines
    );
}

#[test]
fn destroying_the_sandbox_ends_the_run() {
    let agent = Agent::content();
    let commands = ["repeat 2", "DestroySandbox", "Check"];
    let outcome = Run::of(&agent).commands(&commands);
    assert_eq!((outcome.exit_status, outcome.printed()), (0, vec!["{}"]));
    assert_eq!(agent.methods(), ["DestroySandbox"]);
    // Not where it failed, nor where nothing is sent.
    let agent = failing_from(1);
    Run::of(&agent)
        .with(|options| options.ignore_errors = true)
        .commands(&["DestroySandbox", "Check"]);
    assert_eq!(agent.methods(), ["DestroySandbox", "Check"]);
    let outcome = Run::of(&agent)
        .with(|options| options.settings.dry_run = true)
        .commands(&commands);
    assert_eq!(outcome.printed(), ["{}", "{}", "{}"]);
    assert_eq!(agent.connections(), 1);
}

#[test]
fn quit_ends_the_run_with_the_status_of_what_failed() {
    let agent = failing_from(1);
    let outcome = Run::of(&agent)
        .with(|options| options.ignore_errors = true)
        .commands(&["Check", "repeat 5", "quit", "echo never"]);
    assert_eq!(outcome.exit_status, 77);
    assert_eq!(outcome.printed(), Vec::<&str>::new());
}

#[test]
fn a_command_that_is_typed_fails_alone() {
    let agent = failing_from(2);
    let mut inputs = Inputs::default();
    let run = Run::of(&agent).with(|options| options.settings.requests.automatic = true);
    let outcome = run.session(|session| {
        let mut typed = |text| session.typed(text, &mut inputs, &mut |_| true);
        assert_eq!(typed("PauseContainer cid=a"), Turn::Next);
        assert_eq!(typed("# a comment"), Turn::Next);
        assert_eq!(typed("Chekc"), Turn::Refused);
        assert_eq!(typed("repeat 2"), Turn::Next);
        // The values of commands before it, and a failure that ends the repeating.
        assert_eq!(typed("ResumeContainer"), Turn::Next);
        assert_eq!(typed("quit"), Turn::Quit);
        assert_eq!(typed("repeat 2"), Turn::Next);
        session.ended();
        session.exit_status()
    });
    // A wrong command was the first failure.
    assert_eq!(outcome.exit_status, 2);
    let id = "{\"container_id\":\"a\"}";
    let asked = [
        format!("PauseContainer {id}"),
        format!("ResumeContainer {id}"),
    ];
    assert_eq!(agent.asked(), asked);
    let last = "error: repeat: the command to repeat must follow";
    assert_eq!(outcome.shown().last(), Some(&last));
}

#[test]
fn a_repeat_whose_command_was_wrong_can_be_forgotten() {
    let agent = Agent::content();
    let mut inputs = Inputs::default();
    let outcome = Run::of(&agent).session(|session| {
        session.typed("repeat 2", &mut inputs, &mut |_| true);
        session.forget_repeat();
        session.typed("echo once", &mut inputs, &mut |_| true);
        session.ended();
        session.exit_status()
    });
    assert_eq!(
        (outcome.exit_status, outcome.lines),
        (0, vec!["| once".to_owned()])
    );
}

#[test]
fn what_is_remembered_counts_for_the_size_of_a_typed_command() {
    let agent = Agent::content();
    let mut inputs = Inputs::default();
    let run = Run::of(&agent).with(|options| options.settings.requests.automatic = true);
    let outcome = run.session(|session| {
        let id = "x".repeat(4 << 20);
        // It has no such field, and leaves the ID to others.
        let turn = session.typed(&format!("CreateSandbox cid={id}"), &mut inputs, &mut |_| {
            true
        });
        assert_eq!(turn, Turn::Next);
        assert_eq!(
            session.typed("PauseContainer", &mut inputs, &mut |_| true),
            Turn::Refused
        );
        session.exit_status()
    });
    assert_eq!(outcome.exit_status, 2);
    assert_eq!(agent.methods(), ["CreateSandbox"]);
}
