//! What is wrong with a command is told before anything is sent, with the place it stands in.

use super::Run;
use super::agent::{Agent, Reply};
use crate::Source;
use agent_schema::printer::Format;

/// What is shown of commands that are wrong; nothing may come of them.
#[track_caller]
fn refused(sources: &[Source]) -> String {
    let agent = Agent::content();
    let outcome = Run::of(&agent).sources(sources);
    assert_eq!((outcome.exit_status, agent.connections()), (2, 0));
    assert_eq!(outcome.lines.len(), 1, "{:?}", outcome.lines);
    outcome.lines[0].clone()
}

#[track_caller]
fn refused_commands(commands: &[&str]) -> String {
    let command = |text: &&str| Source::Command((*text).to_owned());
    refused(&commands.iter().map(command).collect::<Vec<_>>())
}

#[test]
fn one_wrong_command_keeps_all_from_running() {
    for (command, error) in [
        ("", "an empty command; name an RPC or a built-in command"),
        (" \t", "an empty command; name an RPC or a built-in command"),
        ("sleep", "sleep: an argument is missing; write sleep TIME"),
        ("Version x", "Version: "),
        ("PauseContainer cjd=a", "PauseContainer: "),
        ("PauseContainer json://{", "PauseContainer: "),
        (
            "PauseContainer file:///no/such",
            "PauseContainer: \"/no/such\": ",
        ),
        // The name that is wrong is in these.
        ("Chekc", "there is no RPC or built-in command \"Chekc\""),
        ("describe Chekc", "there is no "),
    ] {
        let line = refused_commands(&["echo a", "Check", command]);
        let start = format!("error: {error}");
        assert!(line.starts_with(&start), "{command:?}: {line}");
    }
}

#[test]
fn a_repeat_needs_a_command() {
    let error = "error: repeat: the command to repeat must follow";
    assert_eq!(refused_commands(&["Check", "repeat 2"]), error);
    assert_eq!(refused_commands(&["repeat 2", "repeat 2", "Check"]), error);
}

#[test]
fn a_script_is_told_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("script").display().to_string();
    let write = |text: &str| std::fs::write(&name, text).unwrap();
    let script = || Source::Script(name.clone());
    let echo = || Source::Command("echo # a".to_owned());

    write("# first\n\n  Check # comment\nsleep\n");
    let line = refused(&[echo(), script()]);
    let error = "sleep: an argument is missing; write sleep TIME";
    assert_eq!(line, format!("error: {name}:4: {error}"));

    write("Check\nChekc\n");
    let line = refused(&[script()]);
    assert!(
        line.starts_with(&format!("error: {name}:2: there is no RPC")),
        "{line}"
    );

    write("Check\nrepeat 3");
    let line = refused(&[script()]);
    let error = "repeat: the command to repeat must follow";
    assert_eq!(line, format!("error: {name}:2: {error}"));

    // A repeat may be for the command after the script, and comments are for scripts only.
    write("  # comment\r\nrepeat 2\r\n");
    let agent = Agent::content();
    let outcome = Run::of(&agent).sources(&[script(), echo()]);
    assert_eq!(outcome.lines, ["| # a", "| # a"]);

    // What fails as it runs is told by line too.
    write("\nCheck\nCheck\n");
    let mut count = 0;
    let agent = Agent::answering(move |_| {
        count += 1;
        match count {
            1 => Reply::Ok(Vec::new()),
            _ => Reply::Error(13, "no"),
        }
    });
    let outcome = Run::of(&agent).sources(&[script()]);
    let error = "Check: the agent answered code: INTERNAL (13): no";
    assert_eq!(outcome.shown(), [format!("error: {name}:3: {error}")]);

    let missing = refused(&[Source::Script(format!("{name}.not"))]);
    assert!(
        missing.starts_with(&format!("error: \"{name}.not\": ")),
        "{missing}"
    );
}

#[test]
fn what_is_too_large_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document");
    let policy = "x".repeat(4 << 20);
    std::fs::write(&file, format!("{{\"policy\":\"{policy}\"}}")).unwrap();
    let command = format!("SetPolicy file://{}", file.display());
    let line = refused_commands(&["Check", &command]);
    assert!(
        line.starts_with("error: SetPolicy: the message takes 4194"),
        "{line}"
    );
}

#[test]
fn a_format_that_an_answer_does_not_fit_is_refused() {
    let agent = Agent::content();
    let outcome = Run::of(&agent)
        .with(|options| options.settings.printing.format = Format::Raw)
        .commands(&["GetOOMEvent", "GetGuestDetails"]);
    assert_eq!((outcome.exit_status, agent.connections()), (2, 0));
    assert!(
        outcome.lines[0].starts_with("error: GetGuestDetails: "),
        "{:?}",
        outcome.lines
    );
}
