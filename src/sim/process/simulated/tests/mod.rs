//! Programs, played to their end or to a signal, with everything they write.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod hostile;
mod scripts;
mod signals;
mod terminal;

use std::time::Duration;

use crate::sim::process::{Event, Launcher, Process, Program, Size};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

fn program(args: &[&str]) -> Program {
    Program {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: ["B=two", "A=1", "no value", "B=2"]
            .map(str::to_owned)
            .into(),
        cwd: "/srv".to_owned(),
        terminal: None,
    }
}

fn start(args: &[&str]) -> Process {
    Launcher::Simulated.launch(program(args)).unwrap()
}

fn start_on_terminal(args: &[&str]) -> Process {
    let size = Size {
        rows: 24,
        columns: 80,
    };
    let terminal = Some(size);
    let program = Program {
        terminal,
        ..program(args)
    };
    Launcher::Simulated.launch(program).unwrap()
}

/// All that it writes to its output.
async fn output(process: &Process) -> String {
    all(process.stdout()).await
}

async fn all(pipe: &crate::sim::process::Pipe) -> String {
    let mut bytes = Vec::new();
    while let Some(more) = pipe.next(65_536).await {
        bytes.extend(more);
    }
    String::from_utf8(bytes).unwrap()
}

/// Reads until the output has this much more.
async fn expect(process: &Process, text: &str) {
    let mut seen = String::new();
    let read = async {
        while seen.len() < text.len() {
            let left = text.len() - seen.len();
            let Some(bytes) = process.stdout().next(left).await else {
                break;
            };
            seen.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    };
    let in_time = tokio::time::timeout(LIMIT, read).await.is_ok();
    assert_eq!(seen, text, "in time: {in_time}");
}

async fn status(process: &Process) -> i32 {
    let wait = async {
        loop {
            let end = process.end();
            if let Some(status) = process.status() {
                return status;
            }
            end.done().await;
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap()
}

/// What a program with this input writes, also as errors, and how it ends.
async fn run(args: &[&str], input: &str) -> (String, String, i32) {
    let process = start(args);
    let write = async {
        process.stdin().write_all(input.as_bytes()).await;
        process.stdin().end();
    };
    let whole = async {
        tokio::join!(
            output(&process),
            all(process.stderr()),
            status(&process),
            write
        )
    };
    let (output, errors, status, ()) = tokio::time::timeout(LIMIT, whole).await.unwrap();
    (output, errors, status)
}

/// Gives the process the time to get as far as it can.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn signal(process: &Process, number: i32) {
    process.send(Event::Signal(number));
}
