//! Programs of this machine. `sh` and the usual tools must be in its PATH.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::process::{Event, Launcher, Pipe, Process, Program, Size};

const LIMIT: Duration = Duration::from_secs(20);

const PATH: &str = "PATH=/usr/local/bin:/usr/bin:/bin";

fn program(args: &[&str]) -> Program {
    Program {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: vec![PATH.to_owned(), "A=1".to_owned(), "none".to_owned()],
        ..Program::default()
    }
}

fn start(args: &[&str]) -> Process {
    Launcher::Real.launch(program(args)).unwrap()
}

fn start_on_terminal(args: &[&str]) -> Process {
    let program = Program {
        terminal: Some(Size {
            rows: 7,
            columns: 9,
        }),
        ..program(args)
    };
    Launcher::Real.launch(program).unwrap()
}

async fn all(pipe: &Pipe) -> String {
    let mut bytes = Vec::new();
    while let Some(more) = pipe.next(65_536).await {
        bytes.extend(more);
    }
    String::from_utf8(bytes).unwrap()
}

async fn line(process: &Process) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        match process.stdout().next(1).await {
            Some(byte) => line.extend(byte),
            None => break,
        }
    }
    String::from_utf8(line).unwrap()
}

async fn status(process: &Process) -> i32 {
    tokio::time::timeout(LIMIT, process.ended()).await.unwrap()
}

async fn run(args: &[&str]) -> (String, String, i32) {
    ended(&start(args)).await
}

async fn ended(process: &Process) -> (String, String, i32) {
    let both = async { tokio::join!(all(process.stdout()), all(process.stderr())) };
    let (output, errors) = tokio::time::timeout(LIMIT, both).await.unwrap();
    (output, errors, status(process).await)
}

/// The state of a process of this machine, `Z` for one that has ended and whose
/// status was not fetched. None if there is no such process.
fn state(id: &str) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let result = tokio::time::timeout(LIMIT, wait).await;
    assert!(result.is_ok(), "never: {what}");
}

#[tokio::test]
async fn nothing_of_the_agents_is_handed_on() {
    let found = run(&["env"]).await;
    assert_eq!(found, (format!("A=1\n{PATH}\n"), String::new(), 0));
    // The three streams, and the folder that is being listed.
    let (fds, ..) = run(&["ls", "/proc/self/fd"]).await;
    assert_eq!(fds, "0\n1\n2\n3\n");
}

#[tokio::test]
async fn a_program_may_be_in_the_root_filesystem_and_that_of_a_pod_in_none() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("opt/own");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("hello");
    fs::write(&path, "#!/bin/sh\necho hello; pwd; exit 5\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["/opt/own/hello", "hello"] {
        let mut program = Program {
            root: root.path().to_owned(),
            cwd: "/opt/own".to_owned(),
            ..program(&[name])
        };
        program.env.push("PATH=/bin:/opt/own".to_owned());
        let process = Launcher::Real.launch(program).unwrap();
        let output = format!("hello\n{}\n", folder.canonicalize().unwrap().display());
        assert_eq!(ended(&process).await, (output, String::new(), 5));
    }
    let process = start(&["/pause"]);
    process.send(Event::Signal(15));
    assert_eq!(status(&process).await, 0);
}

#[tokio::test]
async fn programs_that_cannot_be_run_are_told() {
    let error = |program: Program| Launcher::Real.create(program).unwrap_err().to_string();
    let without_path = Program {
        env: Vec::new(),
        ..program(&["echo"])
    };
    assert_eq!(error(without_path), "the file echo was not found");
    let in_a_file = Program {
        cwd: "/etc/passwd".to_owned(),
        ..program(&["true"])
    };
    assert_eq!(error(in_a_file), "ENOTDIR: Not a directory");
    // It is there when it is looked for, and gone when it starts.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    fs::write(&path, "").unwrap();
    let process = Launcher::Real
        .create(program(&[path.to_str().unwrap()]))
        .unwrap();
    fs::remove_file(&path).unwrap();
    assert!(process.start().is_err());
    assert_eq!(status(&process).await, 127);
    // What is there and no program ends with the number of the error.
    assert_eq!(run(&["/etc/passwd"]).await.2, 13);
    let error = Launcher::Real.launch(program(&["echo", "a\0b"]));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("the program cannot be started: ")
    );
}

#[tokio::test]
async fn what_the_agent_ignores_its_programs_do_not() {
    // SAFETY: nothing else in this process's tests raises or handles SIGUSR2.
    unsafe { nix::libc::signal(nix::libc::SIGUSR2, nix::libc::SIG_IGN) };
    let process = start(&["sleep", "1000"]);
    process.send(Event::Signal(nix::libc::SIGUSR2));
    assert_eq!(status(&process).await, 128 + nix::libc::SIGUSR2);
}

#[tokio::test]
async fn a_killed_program_takes_along_what_it_started_and_nothing_stays_behind() {
    for signal in [9, 15] {
        let process = start(&["sh", "-c", "sleep 1000 & echo $$; echo $!; wait"]);
        let ids = [line(&process).await, line(&process).await];
        process.send(Event::Signal(signal));
        assert_eq!(status(&process).await, 128 + signal);
        assert_eq!(state(ids[0].trim()), None, "its status was fetched");
        // Whoever takes over orphans here may let them be.
        let is_gone = || matches!(state(ids[1].trim()), None | Some('Z'));
        until("the other one ended", is_gone).await;
        all(process.stdout()).await;
    }
}

#[tokio::test]
async fn freezing_stops_all_of_it() {
    let process = start(&["sh", "-c", "sleep 1000 & echo $$; echo $!; wait"]);
    let ids = [line(&process).await, line(&process).await];
    let are = |wanted: char| ids.iter().all(|id| state(id.trim()) == Some(wanted));
    process.send(Event::Freeze);
    until("stopped", || are('T')).await;
    process.send(Event::Thaw);
    until("goes on", || are('S')).await;
    process.send(Event::Freeze);
    process.send(Event::Signal(9));
    assert_eq!(status(&process).await, 137);
}

#[tokio::test]
async fn much_input_comes_through_and_is_not_kept() {
    let process = start(&["cat"]);
    let bytes: Vec<u8> = (0..1_048_576_u32).map(|n| n.to_le_bytes()[1]).collect();
    let write = async {
        assert!(process.stdin().write_all(&bytes).await);
        process.stdin().end();
    };
    let read = async {
        let mut read = Vec::new();
        while let Some(more) = process.stdout().next(100_000).await {
            read.extend(more);
        }
        read
    };
    let ((), read) = tokio::join!(write, read);
    assert!(read == bytes);
    assert_eq!(status(&process).await, 0);

    // What reads nothing, and whom nobody reads from, ends all the same.
    let process = start(&["sleep", "0.05"]);
    process.stdin().write_all(&bytes).await;
    assert_eq!(status(&process).await, 0);
    let process = start(&["sh", "-c", "echo a; exit 4"]);
    assert_eq!(status(&process).await, 4);
    assert_eq!(all(process.stdout()).await, "a\n");
    let process = start(&["cat", "/dev/zero"]);
    process.stdout().next(1).await;
    process.stdout().abandon();
    assert_eq!(status(&process).await, 141);
}

#[tokio::test]
async fn a_terminal_is_the_programs_own() {
    let script = "tty >/dev/null && stty size; echo err >&2; read x; echo got $x; stty size";
    let process = start_on_terminal(&["sh", "-c", script]);
    assert_eq!(line(&process).await, "7 9\r\n");
    assert_eq!(line(&process).await, "err\r\n");
    process.send(Event::Resize(Size {
        rows: 50,
        columns: 100,
    }));
    process.stdin().write_all(b"word\n").await;
    let output = "word\r\ngot word\r\n50 100\r\n".to_owned();
    assert_eq!(ended(&process).await, (output, String::new(), 0));

    let sleeping = ["sh", "-c", "echo on; exec sleep 1000"];
    let process = start_on_terminal(&sleeping);
    assert_eq!(line(&process).await, "on\r\n");
    process.stdin().end();
    assert_eq!(status(&process).await, 129);
}

#[test]
fn nothing_is_left_over_after_the_agent() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let agent = runtime();
    let ids = agent.block_on(async {
        let process = start(&[
            "sh",
            "-c",
            "trap '' TERM HUP; sleep 1000 & echo $$; echo $!; wait",
        ]);
        [line(&process).await, line(&process).await]
    });
    runtime().block_on(until("waiting", || state(ids[0].trim()) == Some('S')));
    agent.shutdown_background();
    let ended = |id: &String| matches!(state(id.trim()), None | Some('Z'));
    runtime().block_on(until("ended", || ids.iter().all(ended)));
}

#[tokio::test]
async fn what_holds_the_output_open_is_forgotten_with_the_process() {
    // In a session of its own it outlives the program, and its output goes on.
    let process = start(&[
        "sh",
        "-c",
        "setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.1",
    ]);
    let id = line(&process).await;
    assert_eq!(status(&process).await, 0);
    let stdout = process.stdout().clone();
    drop(process);
    assert_eq!(tokio::time::timeout(LIMIT, all(&stdout)).await.unwrap(), "");
    let id = id.trim().parse().unwrap();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(id),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
}
