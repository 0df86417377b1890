//! A command that makes several calls: a copy, in pieces of a MiB.

use super::Run;
use super::agent::{Agent, Reply};

/// A file of two whole pieces and five bytes, and the command that copies it.
fn copy() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::write(&source, vec![b'x'; (2 << 20) + 5]).unwrap();
    let source = source.display().to_string();
    let command = format!("CopyFile src={source} dest=/there");
    (folder, source, command)
}

/// An agent that does this about the piece of this number, and takes the others.
fn agent(number: usize, reply: fn() -> Reply) -> Agent {
    let mut count = 0;
    Agent::answering(move |_| {
        count += 1;
        match count == number {
            true => reply(),
            false => Reply::Ok(Vec::new()),
        }
    })
}

#[test]
fn all_pieces_go_over_one_connection_and_one_answer_is_printed() {
    let (_folder, _, command) = copy();
    let agent = Agent::content();
    let outcome = Run::of(&agent).commands(&[&command, "Check"]);
    assert_eq!(
        (outcome.exit_status, outcome.lines),
        (0, vec!["| {}".to_owned(); 2])
    );
    assert_eq!(
        agent.methods(),
        ["CopyFile", "CopyFile", "CopyFile", "Check"]
    );
    assert_eq!(agent.connections(), 1);
}

#[test]
fn an_error_names_the_piece_that_it_came_at() {
    let (_folder, source, command) = copy();
    let agent = agent(2, || Reply::Error(13, "disk full"));
    let outcome = Run::of(&agent)
        .with(|options| options.ignore_errors = true)
        .commands(&[&command, "Check"]);
    assert_eq!(outcome.exit_status, 77);
    assert_eq!(
        outcome.lines,
        [
            format!(
                "error: CopyFile: \"{source}\" at offset 1048576: the agent answered code: \
                 INTERNAL (13): disk full"
            ),
            "| {}".to_owned()
        ]
    );
    assert_eq!(agent.methods(), ["CopyFile", "CopyFile", "Check"]);
}

#[test]
fn a_connection_that_is_lost_ends_the_series() {
    let (_folder, source, command) = copy();
    let agent = agent(3, || Reply::Close);
    let outcome = Run::of(&agent).commands(&[&command]);
    let start =
        format!("error: CopyFile: \"{source}\" at offset 2097152: the agent closed the connection");
    assert!(outcome.lines[0].starts_with(&start), "{:?}", outcome.lines);
    assert_eq!((outcome.exit_status, outcome.lines.len()), (3, 1));
    assert_eq!((agent.connections(), agent.methods().len()), (1, 3));
}

#[test]
fn an_agent_that_lacks_the_rpc_is_told_after_the_piece() {
    let (_folder, source, command) = copy();
    let agent = Agent::answering(|_| Reply::Error(12, "no"));
    let outcome = Run::of(&agent).commands(&[&command]);
    let line = format!(
        "error: CopyFile: \"{source}\" at offset 0: the agent answered code: UNIMPLEMENTED (12): \
         no; this agent does not have CopyFile"
    );
    assert_eq!(outcome.lines, [line]);
}

#[test]
fn a_dry_run_prints_each_piece() {
    let (_folder, _, command) = copy();
    let agent = Agent::content();
    let outcome = Run::of(&agent)
        .with(|options| options.settings.dry_run = true)
        .commands(&[&command]);
    let printed = outcome.printed();
    assert_eq!((printed.len(), agent.connections()), (3, 0));
    assert!(
        printed[2].contains("\"data\":\"eHh4eHg=\""),
        "{}",
        printed[2]
    );
}

#[test]
fn a_folder_is_told_of_in_the_end() {
    let (folder, ..) = copy();
    let command = format!(
        "CopyFile src={} dest=/there recursive=true",
        folder.path().display()
    );
    let outcome = Run::of(&Agent::content()).commands(&[&command]);
    let [printed, summary] = &outcome.lines[..] else {
        panic!("{:?}", outcome.lines);
    };
    assert_eq!(printed, "| {}");
    assert!(
        summary.contains("1 file") && summary.contains(" in "),
        "{summary}"
    );
}

#[test]
fn a_command_that_shows_all_names_what_it_sends() {
    let (_folder, source, command) = copy();
    let agent = agent(3, || Reply::Error(13, "no"));
    let outcome = Run::of(&agent)
        .with(|options| options.verbose = true)
        .commands(&[&command]);
    assert_eq!(
        outcome.lines[..3],
        [
            "> grpc.AgentService/CopyFile".to_owned(),
            format!("> \"{source}\" to \"/there\" (2097157 bytes)"),
            "< INTERNAL".to_owned(),
        ]
    );
}
