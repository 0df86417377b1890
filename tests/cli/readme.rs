//! The examples of the README and of the pages in `docs`. A block that is marked `console` is a session: each
//! line that begins with `$ ` is a command for a shell, what follows it is what
//! it prints on both outputs, and a line `...` there stands for any lines. All
//! commands of a block run in one shell; `cargo run --` is the binary under test
//! too. Blocks marked otherwise are not run.

use std::path::Path;

use crate::console::{matches, run};
use crate::tool::{difference, program};

/// One `console` block.
#[derive(Debug, PartialEq)]
struct Session {
    /// The line of the file that its first command is on.
    line: usize,
    steps: Vec<Step>,
}

/// A command and what it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    output: String,
}

fn sessions(text: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut inside = None;
    for (number, line) in (1..).zip(text.lines()) {
        match &mut inside {
            None if line.trim_end() == "```console" => {
                inside = Some(Session {
                    line: number + 1,
                    steps: Vec::new(),
                });
            }
            None => {}
            Some(_) if line.trim_end() == "```" => sessions.extend(inside.take()),
            Some(session) => session.read(number, line),
        }
    }
    assert_eq!(inside, None, "a console block is not closed");
    sessions
}

impl Session {
    fn read(&mut self, number: usize, line: &str) {
        if let Some(command) = line.strip_prefix("$ ") {
            self.steps.push(Step {
                command: command.to_owned(),
                output: String::new(),
            });
            return;
        }
        let step = self.steps.last_mut();
        let step = step.unwrap_or_else(|| panic!("line {number}: no command before {line:?}"));
        // A command that goes on after a backslash at the end of its line.
        if step.command.ends_with('\\') && step.output.is_empty() {
            step.command.push('\n');
            step.command
                .push_str(line.strip_prefix("> ").unwrap_or(line));
        } else {
            step.output.push_str(line);
            step.output.push('\n');
        }
    }

    /// Runs the block, and gives what each command printed; none when it is skipped.
    fn run(&self) -> Option<Vec<String>> {
        let commands = self.steps.iter().map(|step| &step.command);
        let commands: Vec<_> = commands
            .map(|command| command.replace("cargo run -- ", "kata-agent-ctl "))
            .collect();
        let commands: Vec<_> = commands.iter().map(String::as_str).collect();
        run(Path::new(program()), &commands)
    }
}

/// Runs the examples of a page, named from the repository's folder.
fn examples_are_true(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let sessions = sessions(&std::fs::read_to_string(path).unwrap());
    assert!(!sessions.is_empty(), "{page} shows no session");
    let mut mistakes = String::new();
    for session in sessions {
        let Some(outputs) = session.run() else {
            continue;
        };
        for (step, found) in session.steps.iter().zip(outputs) {
            if !matches(&step.output, &found) {
                let what = format!("{page}, block at line {}: {}", session.line, step.command);
                mistakes.push_str(&difference(&what, &step.output, &found));
            }
        }
    }
    assert!(mistakes.is_empty(), "{mistakes}");
}

#[test]
fn the_readmes_examples_are_true() {
    examples_are_true("README.md");
}

#[test]
fn the_examples_of_the_simulated_agents_page_are_true() {
    examples_are_true("docs/simulated-agent.md");
}

#[test]
fn sessions_are_read_and_run() {
    let text = "```sh\n$ false\n```\n```console\n$ echo a \\\n> b\na b\n$ (exit 3)\n$ echo $?; echo c >&2\n3\n...\n```\n";
    let read = sessions(text);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].line, 5);
    let commands: Vec<_> = read[0]
        .steps
        .iter()
        .map(|step| step.command.as_str())
        .collect();
    assert_eq!(
        commands,
        ["echo a \\\nb", "(exit 3)", "echo $?; echo c >&2"]
    );
    let outputs = read[0].run().unwrap();
    assert_eq!(outputs, ["a b\n", "", "3\nc\n"]);
    for (step, output) in read[0].steps.iter().zip(&outputs) {
        assert!(matches(&step.output, output), "{step:?}");
    }
}
