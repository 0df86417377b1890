//! Values that one command leaves to the next, and which of them wins.

use super::Run;
use super::agent::{Agent, Reply};

fn asked(commands: &[&str]) -> Vec<String> {
    let agent = Agent::content();
    let run = Run::of(&agent).with(|options| options.settings.requests.automatic = true);
    assert_eq!(run.commands(commands).exit_status, 0);
    agent.asked()
}

#[test]
fn an_id_that_was_given_is_that_of_later_commands() {
    let asked = asked(&[
        "PauseContainer container_id=first",
        "ResumeContainer",
        "PauseContainer cid=second",
        "RemoveContainer",
        "CreateSandbox cid=third",
        "StatsContainer",
    ]);
    assert_eq!(asked[1], "ResumeContainer {\"container_id\":\"first\"}");
    assert_eq!(asked[3], "RemoveContainer {\"container_id\":\"second\"}");
    // One that has no such field only leaves it to others.
    assert!(!asked[4].contains("third"), "{}", asked[4]);
    assert_eq!(asked[5], "StatsContainer {\"container_id\":\"third\"}");
}

#[test]
fn a_setter_beats_a_document_which_beats_what_is_remembered() {
    let asked = asked(&[
        "PauseContainer cid=remembered",
        "PauseContainer json://{\"container_id\":\"document\"} cid=setter",
        "PauseContainer json://{\"container_id\":\"document\"}",
        "PauseContainer",
        "PauseContainer container_id=",
    ]);
    let ids = ["remembered", "setter", "document", "document"];
    for (asked, id) in asked.iter().zip(ids) {
        assert_eq!(
            asked,
            &format!("PauseContainer {{\"container_id\":\"{id}\"}}")
        );
    }
    // What is given as empty is not left out.
    assert_eq!(asked[4], "PauseContainer {}");
}

#[test]
fn an_id_that_nobody_gave_is_made_once() {
    let asked = asked(&["PauseContainer", "PauseContainer", "WaitProcess exec_id=e"]);
    assert_eq!(asked[0], asked[1]);
    let id = asked[0].trim_start_matches("PauseContainer {\"container_id\":\"");
    let id = id.trim_end_matches("\"}");
    assert!(id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit()));
    let waited = format!("WaitProcess {{\"container_id\":\"{id}\",\"exec_id\":\"e\"}}");
    assert_eq!(asked[2], waited);
}

#[test]
fn without_automatic_values_nothing_is_remembered() {
    let agent = Agent::content();
    Run::of(&agent).commands(&["PauseContainer cid=a", "ResumeContainer"]);
    assert_eq!(agent.asked()[1], "ResumeContainer {}");
}

#[test]
fn a_command_that_failed_leaves_its_values_too() {
    let agent = Agent::answering(|_| Reply::Error(13, "no"));
    let run = Run::of(&agent).with(|options| {
        options.settings.requests.automatic = true;
        options.ignore_errors = true;
    });
    run.commands(&["PauseContainer cid=a", "ResumeContainer"]);
    assert_eq!(agent.asked()[1], "ResumeContainer {\"container_id\":\"a\"}");
}
