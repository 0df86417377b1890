//! `exec` on agents that run real programs: streams, exit statuses, signals, a terminal, and data
//! that must come back unchanged.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::agents::PROGRAMS;
use crate::judge::{Agent, Agents};
use crate::script::{Action, Script};
use crate::session::Session;
use crate::terminal::program_at_terminal;

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
pub(crate) fn works(agents: &dyn Agents) -> Result<(), String> {
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

    signals(agent);
    at_a_terminal(agent);
    unchanged(agent);
    Ok(())
}

/// A signal to the tool is one to the process.
fn signals(agent: &dyn Agent) {
    let handles = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    let mut command = tool(agent, &[], &["sh", "-c", handles]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(id, Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

/// Size of the window, its changes, keys, Ctrl-C, and a terminal that is as it was.
fn at_a_terminal(agent: &dyn Agent) {
    let start = |script: &str| {
        let command = tool(agent, &["-it"], &["sh", "-c", script]);
        let arguments = command.get_args().map(|each| each.to_str().unwrap());
        program_at_terminal(crate::program(), arguments).start()
    };
    let mut terminal = start(
        "is() { until [ \"$(stty size)\" = \"$1\" ]; do sleep 0.1; done; echo \"$2\"; }
         is '40 120' sized; is '50 100' resized; read -r line; echo \"got $line\"; exit 3",
    );
    terminal.sees_line("sized");
    assert!(terminal.is_raw());
    terminal.resize(50, 100);
    terminal.sees_line("resized");
    terminal.keys("some words\r");
    terminal.sees_line("got some words");
    assert_eq!(terminal.ends_restored(), Some(3));

    let mut terminal = start("trap 'exit 5' INT; echo ready; while :; do sleep 0.1; done");
    terminal.sees_line("ready");
    terminal.keys("\x03");
    assert_eq!(terminal.ends_restored(), Some(5));
}

/// Ten megabytes go in while they come out of both outputs.
fn unchanged(agent: &dyn Agent) {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[7]
    };
    let input: Vec<u8> = std::iter::repeat_with(next).take(10_000_000).collect();
    fs::write(agent.bundle().join("input"), &input).unwrap();
    let echoed = exec(agent, &["-i"], &["tee", "/proc/self/fd/2"]);
    assert_eq!(echoed.status.code(), Some(0));
    for (name, output) in [("output", echoed.stdout), ("errors", echoed.stderr)] {
        assert!(output == input, "{name}: {} bytes came back", output.len());
    }
}

/// Runs a program with the file `input` as its standard input, if there is one.
fn exec(agent: &dyn Agent, options: &[&str], program: &[&str]) -> Output {
    let mut command = tool(agent, options, program);
    let input = agent.bundle().join("input");
    match File::open(input) {
        Ok(input) => command.stdin(input),
        Err(_) => command.stdin(Stdio::null()),
    };
    command.output().unwrap()
}

fn tool(agent: &dyn Agent, options: &[&str], program: &[&str]) -> Command {
    let mut command = Command::new(crate::program());
    command.args(["exec", "--server-address", agent.address()]);
    // No sandboxes of this machine are looked for.
    command.arg("--host-root").arg(agent.bundle()).args(options);
    command.args(["web", "--"]).args(program);
    command
}
