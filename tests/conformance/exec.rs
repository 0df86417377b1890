//! `exec` on agents that run real programs: streams, exit statuses, and data that must come back
//! unchanged.

use std::fs::{self, File};
use std::process::{Command, Output};

use crate::agents::PROGRAMS;
use crate::judge::{Agent, Agents};
use crate::script::{Action, Script};
use crate::session::Session;

/// A container that lives on.
const CONTAINER: &str = "\
CreateSandbox
=> OK
CreateContainer cid=web
=> OK
StartContainer cid=web
=> OK
";

/// Runs programs in a container of such an agent.
///
/// # Errors
/// Why there is none.
///
/// # Panics
/// When what comes back is not what it has to be.
pub fn works(agents: &dyn Agents) -> Result<(), String> {
    // A real agent starts nothing without one.
    let needs = format!("% needs {PROGRAMS}\n% needs memory-cgroup\n");
    let script = Script::parse("exec", &format!("{needs}{CONTAINER}"));
    let agent = agents.start(&script)?;
    let mut session = Session::new(agent.address(), agent.bundle(), &script, agent.slowness());
    for step in &script.steps {
        if let Action::Call(command, expected) = &step.action {
            expected.compare(&session.call(command)).unwrap();
        }
    }
    let agent = agent.as_ref();
    let streams = exec(agent, &[], &["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!(streams.status.code(), Some(7), "{streams:?}");
    assert_eq!(
        (&streams.stdout[..], &streams.stderr[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
    let killed = exec(agent, &[], &["sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(137), "{killed:?}");
    let missing = exec(agent, &[], &["frobnicate"]);
    assert_eq!(missing.status.code(), Some(127), "{missing:?}");
    let without_input = exec(agent, &[], &["cat"]);
    assert_eq!(
        (without_input.status.code(), without_input.stdout.len()),
        (Some(0), 0)
    );
    let terminal = exec(agent, &["-t"], &["sh", "-c", "test -t 0 && echo yes"]);
    assert_eq!(terminal.stdout, b"yes\r\n", "{terminal:?}");

    // Ten megabytes both ways.
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[7]
    };
    let input: Vec<u8> = std::iter::repeat_with(next).take(10_000_000).collect();
    fs::write(agent.bundle().join("input"), &input).unwrap();
    let echoed = exec(agent, &["-i"], &["cat"]);
    assert_eq!(
        echoed.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&echoed.stderr)
    );
    assert!(
        echoed.stdout == input,
        "{} bytes came back",
        echoed.stdout.len()
    );
    Ok(())
}

/// Runs a program with the file `input` as its standard input, if there is one.
fn exec(agent: &dyn Agent, options: &[&str], program: &[&str]) -> Output {
    let mut command = Command::new(crate::program());
    command.args(["exec", "--server-address", agent.address()]);
    // A folder without the files of any host.
    command.arg("--host-root").arg(agent.bundle()).args(options);
    command.args(["web", "--"]).args(program);
    let input = agent.bundle().join("input");
    match File::open(input) {
        Ok(input) => command.stdin(input),
        Err(_) => command.stdin(std::process::Stdio::null()),
    };
    command.output().unwrap()
}
