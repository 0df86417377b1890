//! Makes calls with the real binary: one run of it that is given a command
//! after the other, and runs of their own for calls that stay open.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::answer::Answer;
use crate::script::Script;

/// What ends the output of a command.
const MARK: &str = "-- that was it --";
/// Longer than any call of a script.
const LIMIT: Duration = Duration::from_secs(180);

/// Calls to one agent, over one connection where that lasts.
pub(crate) struct Session<'a> {
    address: &'a str,
    bundle: &'a Path,
    timeout: String,
    automatic: bool,
    run: Option<Run>,
}

/// A run of the binary that takes commands.
struct Run {
    child: Child,
    stdin: ChildStdin,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl<'a> Session<'a> {
    /// Nothing is started before the first call. An agent's slowness is how many
    /// times the script's time limit it is given.
    pub(crate) fn new(address: &'a str, bundle: &'a Path, script: &Script, slowness: u32) -> Self {
        Session {
            address,
            bundle,
            timeout: format!("{}s", script.timeout * slowness),
            automatic: script.automatic,
            run: None,
        }
    }

    /// Makes a call.
    pub(crate) fn call(&mut self, command: &str) -> Answer {
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.start(),
        };
        let (answer, lives) = run.call(command);
        if lives {
            self.run = Some(run);
        }
        answer
    }

    /// Makes a call on a connection of its own, and does not wait for its answer.
    pub(crate) fn begin(&self, command: &str) -> Child {
        let child = self
            .tool()
            .args(["-c", command])
            .stdin(Stdio::null())
            .spawn();
        // The calls after it are to find it waiting.
        thread::sleep(Duration::from_millis(400));
        child.unwrap()
    }

    fn tool(&self) -> Command {
        let mut command = Command::new(crate::program());
        command
            .args(["connect", "--server-address", self.address])
            .args(["-o", "jsonl", "--error-format", "json"])
            .args([
                "--no-auto-values",
                if self.automatic { "false" } else { "true" },
            ])
            .args(["--timeout", &self.timeout, "--connect-timeout", "30s"])
            // The scripts say what an agent answers to exactly this.
            .args(["--bundle-dir", ".", "--bundle-as-is"])
            .current_dir(self.bundle)
            .env("HOME", self.bundle)
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Run {
        let mut child = self.tool().arg("-i").spawn().unwrap();
        Run {
            stdin: child.stdin.take().unwrap(),
            stdout: lines(child.stdout.take().unwrap()),
            stderr: lines(child.stderr.take().unwrap()),
            child,
        }
    }
}

impl Run {
    /// The answer to a command, and whether more can follow it.
    fn call(&mut self, command: &str) -> (Answer, bool) {
        // It may have ended, as it does after DestroySandbox.
        let _ = writeln!(self.stdin, "{command}\necho {MARK}");
        let mut response = None;
        let lives = loop {
            match self.stdout.recv_timeout(LIMIT) {
                Ok(line) if line == MARK => break true,
                Ok(line) => response = Some(line),
                Err(RecvTimeoutError::Disconnected) => break false,
                Err(RecvTimeoutError::Timeout) => {
                    return (Answer::Failure(format!("no end within {LIMIT:?}")), false);
                }
            }
        };
        let answer = match response {
            Some(line) => response_of(&line),
            None => self.error(),
        };
        (answer, lives)
    }

    /// The error of the command before. It was written before the mark was.
    fn error(&self) -> Answer {
        loop {
            match self.stderr.recv_timeout(LIMIT) {
                // The simulated agent says why it does not answer.
                Ok(line) if line.starts_with("warning: ") => {}
                Ok(line) => return Answer::of_error(&line),
                Err(error) => {
                    return Answer::Failure(format!("neither answer nor error: {error}"));
                }
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the answer of a call that was begun.
pub(crate) fn finish(child: Child) -> Answer {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match text(&output.stdout) {
        empty if empty.is_empty() => Answer::of_error(&text(&output.stderr)),
        line => response_of(&line),
    }
}

fn response_of(line: &str) -> Answer {
    match serde_json::from_str(line) {
        Ok(response) => Answer::Response(response),
        Err(error) => Answer::Failure(format!("{error}: {line}")),
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
