//! The programs that are known, by name. Any other one runs until it is signalled.

use std::pin::Pin;
use std::time::Duration;

use crate::process::{Pipe, Process};

use super::shell;

/// How many shells may run one another: each takes some stack.
const MAX_DEPTH: u32 = 10;

/// How much `cat` reads at once, in bytes.
const CHUNK: usize = 16_384;

/// The streams of a program.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) input: Pipe,
    output: Pipe,
    /// The output, where both are one terminal.
    errors: Pipe,
}

impl Io {
    /// The streams of a process.
    pub(super) fn of(process: &Process) -> Io {
        let errors = match process.has_terminal() {
            true => process.stdout(),
            false => process.stderr(),
        };
        Io {
            input: process.stdin().clone(),
            output: process.stdout().clone(),
            errors: errors.clone(),
        }
    }

    async fn write(&self, bytes: &[u8]) {
        write(&self.output, bytes).await;
    }

    /// Writes a line of complaint.
    pub(super) async fn complain(&self, text: &str) {
        write(&self.errors, format!("{text}\n").as_bytes()).await;
    }
}

/// Writes all of it, and lets other processes have their turn.
async fn write(pipe: &Pipe, bytes: &[u8]) {
    tokio::task::yield_now().await;
    // The outputs of a process that is played are never closed to it.
    let _ = pipe.write_all(bytes).await;
}

/// Whether this is the program of a pod's own container, which waits to be told to go.
pub(in crate::process) fn is_pause(path: &str) -> bool {
    name(path) == "pause"
}

/// A program's name without its folder.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Runs the program that the first argument names, and gives its status. `env` has `NAME=value` each,
/// and `depth` is how many shells it runs in.
pub(super) fn run<'a>(
    args: &'a [String],
    env: &'a [String],
    io: &'a Io,
    depth: u32,
) -> Pin<Box<dyn Future<Output = i32> + Send + 'a>> {
    Box::pin(async move {
        let Some((path, rest)) = args.split_first() else {
            return 0;
        };
        match name(path) {
            "cat" => cat(rest, io).await,
            "echo" => echo(rest, io).await,
            "false" => 1,
            "sh" if depth < MAX_DEPTH => shell::run(rest, env, io, depth + 1).await,
            "sleep" => sleep(rest, io).await,
            "true" => 0,
            _ => std::future::pending().await,
        }
    })
}

/// Copies its input. There are no files to read.
async fn cat(args: &[String], io: &Io) -> i32 {
    if let Some(file) = args.iter().find(|arg| *arg != "-") {
        io.complain(&format!("cat: {file}: No such file or directory"))
            .await;
        return 1;
    }
    while let Some(bytes) = io.input.next(CHUNK).await {
        io.write(&bytes).await;
    }
    0
}

/// `echo [-n] WORD...`
async fn echo(args: &[String], io: &Io) -> i32 {
    let text = match args {
        [option, words @ ..] if option == "-n" => words.join(" "),
        words => words.join(" ") + "\n",
    };
    io.write(text.as_bytes()).await;
    0
}

/// `sleep TIME...`
async fn sleep(args: &[String], io: &Io) -> i32 {
    if args.is_empty() {
        io.complain("sleep: missing operand").await;
        return 1;
    }
    let mut time = Some(Duration::ZERO);
    for arg in args {
        let Some(seconds) = seconds(arg) else {
            io.complain(&format!("sleep: invalid time interval '{arg}'"))
                .await;
            return 1;
        };
        // A time that is too long to count lasts for ever.
        time = Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|more| time?.checked_add(more));
    }
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
    0
}

fn seconds(arg: &str) -> Option<f64> {
    if matches!(arg, "inf" | "infinity") {
        return Some(f64::INFINITY);
    }
    let number = arg.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match arg.get(number.len()..) {
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => return None,
    };
    let is_number = number.chars().all(|one| one.is_ascii_digit() || one == '.');
    let number: f64 = is_number.then(|| number.parse().ok())??;
    Some(number * unit)
}
