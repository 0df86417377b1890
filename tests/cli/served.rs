//! A simulated agent that serves while a test talks to it, to its standard
//! input too, or a proxy.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::tool::{Tool, connect, program};

/// How long a test waits for what it expects.
const LIMIT: Duration = Duration::from_secs(30);

/// An agent on a socket of its own.
pub(crate) struct Served {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<JoinHandle<String>>,
    stderr: mpsc::Receiver<String>,
    folder: TempDir,
}

/// `serve` with these arguments beside its address.
pub(crate) fn serve(arguments: &[&str]) -> Served {
    serve_by(&[program()], arguments)
}

/// A proxy on a socket of its own, with these arguments.
pub(crate) fn proxy(arguments: &[&str]) -> Served {
    proxy_by(&[program()], arguments)
}

/// The same, started by a command that ends in the program's name.
pub(crate) fn proxy_by(command: &[&str], arguments: &[&str]) -> Served {
    start(command, &["proxy", "--listen"], arguments)
}

/// The same as `serve`, started by a command that ends in the program's name.
pub(crate) fn serve_by(command: &[&str], arguments: &[&str]) -> Served {
    start(command, &["serve", "--address"], arguments)
}

fn start(command: &[&str], listens: &[&str], arguments: &[&str]) -> Served {
    let folder = TempDir::with_prefix("served").unwrap();
    let address = format!("unix://{}", folder.path().join("s").display());
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .args(listens)
        .arg(&address)
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, stderr) = mpsc::channel();
    let errors = BufReader::new(child.stderr.take().unwrap());
    thread::spawn(move || {
        for line in errors.lines() {
            // The test may be over.
            let _ = lines.send(line.unwrap());
        }
    });
    let mut output = child.stdout.take().unwrap();
    let stdout = thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text
    });
    Served {
        stdin: child.stdin.take(),
        stdout: Some(stdout),
        stderr,
        child,
        folder,
    }
}

impl Served {
    /// Its address.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("s").display())
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard error.
    #[track_caller]
    pub(crate) fn says(&self) -> String {
        self.stderr.recv_timeout(LIMIT).unwrap()
    }

    /// Waits until it listens. What it says before that comes back.
    #[track_caller]
    pub(crate) fn listening(&self) -> Vec<String> {
        let ready = format!("listening on {}", self.address());
        let mut said = Vec::new();
        loop {
            match self.says() {
                line if line == ready => return said,
                line => said.push(line),
            }
        }
    }

    /// Writes lines to its standard input.
    pub(crate) fn tell(&mut self, lines: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(lines.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Writes lines, and waits until it has carried them out.
    #[track_caller]
    pub(crate) fn obeys(&mut self, lines: &str) {
        self.tell(lines);
        self.tell("xyzzy\n");
        let error = "error: standard input: there is no command \"xyzzy\"; help lists them";
        assert_eq!(self.says(), error);
    }

    /// Ends its standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// `connect` to it with these commands.
    pub(crate) fn call(&self, commands: &[&str]) -> Tool {
        connect(&self.address(), ["-n", "-o", "jsonl", "-c"]).arguments(commands)
    }

    /// Ends it by a signal: its exit status, the lines of its log, and what it
    /// said that nobody has heard.
    #[track_caller]
    pub(crate) fn end(mut self, signal: Signal) -> (Option<i32>, Vec<Value>, Vec<String>) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        let status = self.child.wait().unwrap().code();
        let text = self.stdout.take().unwrap().join().unwrap();
        let line = |line| serde_json::from_str(line).unwrap();
        let said = self.stderr.iter().collect();
        (status, text.lines().map(line).collect(), said)
    }
}

impl Drop for Served {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
