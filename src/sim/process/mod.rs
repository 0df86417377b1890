//! Processes of the simulated guest as calls see them: three streams, a status
//! and signals. What runs behind them is one file each and is told through a
//! [`Runner`]; calls and containers are not known here.

mod pipe;
mod simulated;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::change::{Change, Wait};

pub(super) use pipe::{Pipe, Read, Write};

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Its name and its arguments, as in execve(2).
    pub(super) args: Vec<String>,
    /// `NAME=value` each.
    pub(super) env: Vec<String>,
    /// The folder it starts in.
    pub(super) cwd: String,
    /// Whether its streams are one terminal, in rows and columns.
    pub(super) terminal: Option<Size>,
}

/// The size of a terminal in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// How many lines.
    pub(super) rows: u16,
    /// How many characters in each.
    pub(super) columns: u16,
}

/// What happens to a process from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A signal by its number, 1 to 64, see signal(7).
    Signal(i32),
    /// It gets no more time, until [`Event::Thaw`].
    Freeze,
    /// It goes on.
    Thaw,
    /// Its terminal has another size now.
    Resize(Size),
}

/// A process that was started. Clones are the same process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stdin: Pipe,
    stdout: Pipe,
    stderr: Pipe,
    has_terminal: bool,
    status: Mutex<Option<i32>>,
    ended: Change,
    events: mpsc::UnboundedSender<Event>,
}

impl Process {
    /// A process that nothing runs yet, and what runs it.
    fn new(has_terminal: bool) -> (Process, Runner) {
        let (events, incoming) = mpsc::unbounded_channel();
        let process = Process {
            inner: Arc::new(Inner {
                stdin: Pipe::default(),
                stdout: Pipe::default(),
                stderr: Pipe::default(),
                has_terminal,
                status: Mutex::default(),
                ended: Change::default(),
                events,
            }),
        };
        let runner = Runner {
            process: process.clone(),
            events: incoming,
        };
        (process, runner)
    }

    /// What it reads.
    pub(super) fn stdin(&self) -> &Pipe {
        &self.inner.stdin
    }

    /// What it writes; with a terminal its errors too.
    pub(super) fn stdout(&self) -> &Pipe {
        &self.inner.stdout
    }

    /// The errors it writes, without a terminal.
    pub(super) fn stderr(&self) -> &Pipe {
        &self.inner.stderr
    }

    /// Whether its streams are one terminal.
    pub(super) fn has_terminal(&self) -> bool {
        self.inner.has_terminal
    }

    /// Its exit status, 0 to 255, or 128 and the signal that ended it. `None`
    /// while it runs.
    pub(super) fn status(&self) -> Option<i32> {
        let status = &self.inner.status;
        *status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A wait for its end. To be taken before its status is looked at.
    pub(super) fn end(&self) -> Wait {
        self.inner.ended.next()
    }

    /// Tells it that something happened. Nothing, if it has ended.
    pub(super) fn send(&self, event: Event) {
        // Who runs it hears nothing any more once it has ended.
        let _ = self.inner.events.send(event);
    }
}

/// The side of a process that runs it.
#[derive(Debug)]
struct Runner {
    process: Process,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Runner {
    /// Ends the process: its output can still be read.
    fn finish(self, status: i32) {
        let inner = &self.process.inner;
        inner.stdin.abandon();
        inner.stdout.end();
        inner.stderr.end();
        let mut slot = inner.status.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(status);
        drop(slot);
        inner.ended.announce();
    }
}

/// How processes are run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Launcher {
    /// They are played: nothing of this machine runs.
    #[default]
    Simulated,
}

impl Launcher {
    /// Starts a process. To be called within the agent's runtime.
    pub(super) fn launch(self, program: Program) -> Process {
        match self {
            Launcher::Simulated => simulated::start(program),
        }
    }
}
