//! A container's life, recorded by a proxy before one agent, is the same when it is replayed on
//! another one: between real agents, and between real and simulated ones.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::agents::{PROGRAMS, write_bundle};
use crate::judge::{Agents, say};
use crate::machine::ROOT;
use crate::program;
use crate::script::Script;

/// From the sandbox to the container's work.
const BEGINS: [&str; 8] = [
    "CreateSandbox hostname=guest sandbox_id=pod",
    "CreateContainer cid=c0ffee0123456789 OCI.Process.Args=[\"/bin/sh\",\"-c\",\"echo hello; cat; exit 3\"]",
    "StartContainer",
    "ReadStdout len=4096",
    "WriteStdin data=\"one\\n\"",
    "ReadStdout len=4096",
    "UpdateContainer resources.Memory.Limit=52428800",
    "StatsContainer",
];
/// From there to the sandbox's end, with two calls that are refused.
const ENDS: [&str; 9] = [
    "PauseContainer cid=c0ffee0123456789",
    "PauseContainer",
    "ResumeContainer",
    "TtyWinResize exec_id=c0ffee0123456789 row=1 column=1",
    "CloseStdin exec_id=c0ffee0123456789",
    "WaitProcess exec_id=c0ffee0123456789",
    "StatsContainer",
    "RemoveContainer",
    "DestroySandbox",
];
/// Calls that are recorded: those, what `exec` makes of its command is more.
const CALLS: usize = BEGINS.len() + ENDS.len();

/// Records a life on an agent of the first kind and replays it on ones of all of them.
///
/// # Errors
/// Why there is no such agent.
///
/// # Panics
/// When something differs.
pub(crate) fn is_the_same(
    recorded: &dyn Agents,
    replayed: &[(&str, &dyn Agents)],
) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    // The path of the root file system is the same on all of them.
    write_bundle(folder.path(), Path::new(ROOT));
    let life = folder.path().join("life.jsonl");
    record(recorded, folder.path(), &life)?;
    for (name, agents) in replayed {
        let agent = agents.start(&script())?;
        let again = folder.path().join("again.jsonl");
        let _ = fs::remove_file(&again);
        let output = Command::new(program())
            .arg("replay")
            .arg(&life)
            .args([
                "--server-address",
                agent.address(),
                "--timeout",
                "100s",
                "-w",
            ])
            .arg(&again)
            .output()
            .unwrap();
        let told = succeeded(&output, name);
        assert!(
            told.lines().all(|line| line.starts_with("same ")),
            "{name}: {told}"
        );
        let calls = told.lines().count();
        assert!(calls > CALLS, "{name}: {told}");
        let output = Command::new(program())
            .arg("diff")
            .args([&life, &again])
            .output();
        assert_eq!(succeeded(&output.unwrap(), name), "", "{name}");
        say(&format!("{name}: {calls} calls replayed, none differs"));
    }
    Ok(())
}

/// A real agent starts nothing without these.
fn script() -> Script {
    Script::parse(
        "replay",
        &format!("% needs {PROGRAMS}\n% needs memory-cgroup\n"),
    )
}

fn record(agents: &dyn Agents, folder: &Path, life: &Path) -> Result<(), String> {
    let agent = agents.start(&script())?;
    let address = format!("unix://{}", folder.join("proxy.sock").display());
    let mut proxy = Command::new(program())
        .args(["proxy", "--listen", &address, "--to", agent.address(), "-w"])
        .arg(life)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(proxy.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("listening on ") {
        assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let connect = |commands: &[&str]| {
        let output = Command::new(program())
            .args(["connect", "--server-address", &address, "--ignore-errors"])
            .args([
                "--timeout",
                "100s",
                "--bundle-dir",
                ".",
                "--bundle-as-is",
                "-c",
            ])
            .args(commands)
            .current_dir(folder)
            .output();
        output.unwrap()
    };
    let begun = connect(&BEGINS);
    succeeded(&begun, "the life's begin");
    let exec = Command::new(program())
        .args(["exec", "--server-address", &address, "--host-root"])
        .arg(folder)
        .args([
            "c0ffee0123456789",
            "--",
            "sh",
            "-c",
            "echo out; echo err >&2; exit 7",
        ])
        .output()
        .unwrap();
    assert_eq!(exec.status.code(), Some(7), "{exec:?}");
    let ended = connect(&ENDS.map(|command| command));
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .count(),
        2,
        "{stderr}"
    );
    kill(
        Pid::from_raw(i32::try_from(proxy.id()).unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    assert!(proxy.wait().unwrap().success());
    Ok(())
}

fn succeeded(output: &Output, what: &str) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{what}: {stdout}\n{stderr}");
    stdout
}
