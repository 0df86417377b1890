//! A shell in the guest, spoken to over the emulator's standard input and output.
//! It knows nothing of agents.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(240);
/// What stands before the exit status in the last line of a command's output.
const END: &str = "@exit@";

/// The shell. It runs one command at a time.
pub(super) struct Shell {
    to: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    /// A shell at the other end of these.
    pub(super) fn new(to: ChildStdin, from: ChildStdout) -> Shell {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                // The line ends when the guest does.
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Shell { to, lines }
    }

    /// Runs a command, which is one line, to its end: its exit status and its output, both kinds.
    ///
    /// # Panics
    /// When it takes too long, or the guest is gone.
    #[track_caller]
    pub(super) fn run(&mut self, command: &str) -> (i32, String) {
        // The quotes keep this line itself from looking like the end.
        writeln!(self.to, "( {command} ) </dev/null; echo \"\"{END} $?").unwrap();
        let (output, status) = self.until(END, command);
        (status.trim().parse().unwrap(), output)
    }

    /// What comes before a mark, and what stands behind it in its line.
    #[track_caller]
    fn until(&mut self, mark: &str, what: &str) -> (String, String) {
        let started = Instant::now();
        let mut output = String::new();
        loop {
            let left = LIMIT.saturating_sub(started.elapsed());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(error) => panic!("{what}: {error} in {:?}:\n{output}", started.elapsed()),
            };
            if let Some((before, behind)) = line.split_once(mark) {
                output.push_str(before);
                return (output, behind.to_owned());
            }
            output.push_str(&line);
            output.push('\n');
        }
    }
}
