//! Lines of standard input without an editor: from a pipe or a file, or from a
//! terminal that cannot move its cursor. A wait for one ends with a signal.

use std::env;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::unistd::read;

use super::Typed;
use crate::error::Failure;
use crate::input::{self, InputError, LIMIT};
use crate::interrupt;

/// Terminals on which nothing but lines can be written.
const DUMB_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Whether the terminal can only show line after line.
pub(super) fn is_dumb_terminal() -> bool {
    env::var("TERM").is_ok_and(|name| DUMB_TERMINALS.contains(&name.as_str()))
}

/// The lines of standard input, each given as soon as it is there.
pub(super) struct Lines {
    prompt: &'static str,
    /// What was read and not given yet.
    buffer: Vec<u8>,
    /// How much of it is known to hold no end of a line.
    searched: usize,
}

impl Lines {
    /// Lines that nobody types.
    pub(super) fn piped() -> Self {
        Self::with_prompt("")
    }

    /// Lines of a person, who sees `prompt` on standard error.
    pub(super) fn with_prompt(prompt: &'static str) -> Self {
        Self {
            prompt,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The next line, without its end.
    pub(super) fn next(&mut self) -> io::Result<Typed> {
        self.ask(self.prompt)
    }

    /// The same after a question in place of the prompt.
    pub(super) fn ask(&mut self, question: &str) -> io::Result<Typed> {
        // A prompt that nobody sees is not a reason to stop.
        let _ = io::stderr().write_all(question.as_bytes());
        loop {
            let rest = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                let after = self.buffer.split_off(self.searched + length + 1);
                let mut line = std::mem::replace(&mut self.buffer, after);
                line.pop();
                self.searched = 0;
                return Ok(text(line));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() as u64 > LIMIT {
                let message = format!("a line is longer than {} MiB", LIMIT >> 20);
                return Err(io::Error::other(message));
            }
            if interrupt::wait_readable(io::stdin().as_fd()).is_err() {
                self.buffer.clear();
                self.searched = 0;
                return Ok(Typed::Abandoned);
            }
            let mut bytes = [0; 8192];
            match read(io::stdin(), &mut bytes) {
                Ok(0) if self.buffer.is_empty() => {
                    input::check_standard_input()?;
                    return Ok(Typed::End);
                }
                Ok(0) => {
                    self.searched = 0;
                    return Ok(text(std::mem::take(&mut self.buffer)));
                }
                Ok(count) => self
                    .buffer
                    .extend_from_slice(bytes.get(..count).unwrap_or_default()),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn text(line: Vec<u8>) -> Typed {
    match String::from_utf8(line) {
        Ok(text) => Typed::Text(text),
        Err(error) => Typed::NotText {
            error: Some(error.utf8_error().into()),
        },
    }
}

/// The failure of a prompt that can read no more.
pub(super) fn failure(error: &io::Error) -> Failure {
    let error = InputError::Read {
        name: "-".to_owned(),
        reason: input::reason(error),
    };
    Failure::new(None, error.into())
}
