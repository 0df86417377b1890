//! Processes of the simulated guest as calls see them: three streams, a status
//! and signals. What runs behind them is one file each and is told through a
//! [`Runner`].

mod events;
mod launch;
mod pipe;
#[expect(
    unsafe_code,
    reason = "running programs needs system calls that no crate wraps"
)]
mod real;
mod simulated;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use events::{Events, Happened};
use launch::Runs;

pub(super) use events::Event;
pub(super) use launch::{LaunchError, Launcher};
pub(super) use pipe::Pipe;

/// The signal that no process can do anything about.
const SIGKILL: i32 = 9;

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Its name and its arguments, as in execve(2).
    pub(super) args: Vec<String>,
    /// `NAME=value` each.
    pub(super) env: Vec<String>,
    /// The folder it starts in.
    pub(super) cwd: String,
    /// The root filesystem of its container, which this machine may have or
    /// not. Empty for none.
    pub(super) root: PathBuf,
    /// Whether its streams are one terminal, in rows and columns.
    pub(super) terminal: Option<Size>,
    /// Whether the kernel refuses to execute it, as far as that is known.
    pub(super) is_refused: bool,
}

impl Program {
    /// Where a program that is named alone is looked for.
    pub(super) fn path(&self) -> Option<&str> {
        let mut entries = self.env.iter().rev();
        entries.find_map(|entry| entry.strip_prefix("PATH="))
    }
}

/// The size of a terminal in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// How many lines.
    pub(super) rows: u16,
    /// How many characters in each.
    pub(super) columns: u16,
}

/// A process. Clones are the same process.
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
    status: watch::Sender<Option<i32>>,
    events: Events,
    /// What is to be run, until it is started.
    waiting: Mutex<Option<Runs>>,
    /// The signals that it handles, as bits from that of signal 1 on.
    handled: AtomicU64,
    /// Its number on this machine, 0 without one.
    id: AtomicI32,
}

impl Process {
    /// A process that is not started yet.
    fn new(runs: Runs) -> Process {
        Process {
            inner: Arc::new(Inner {
                stdin: Pipe::default(),
                stdout: Pipe::default(),
                stderr: Pipe::default(),
                has_terminal: runs.program.terminal.is_some(),
                status: watch::Sender::default(),
                events: Events::default(),
                waiting: Mutex::new(Some(runs)),
                handled: AtomicU64::new(0),
                id: AtomicI32::new(0),
            }),
        }
    }

    /// Starts it: one that was started, or killed before, is left as it is. To
    /// be called within the agent's runtime.
    ///
    /// # Errors
    /// When the program cannot be run. It has ended then.
    pub(super) fn start(&self) -> Result<(), LaunchError> {
        let waiting = &self.inner.waiting;
        let runs = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match runs {
            Some(runs) => runs.start(Runner {
                process: self.clone(),
            }),
            None => Ok(()),
        }
    }

    /// What it reads. Can be written before it is started.
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
        *self.inner.status.borrow()
    }

    /// Its exit status once it has ended.
    pub(super) async fn ended(&self) -> i32 {
        let mut status = self.inner.status.subscribe();
        let ended = status.wait_for(Option::is_some).await;
        // An error means that it is gone, and it is held here.
        ended
            .ok()
            .and_then(|status| *status)
            .unwrap_or(128 + SIGKILL)
    }

    /// Whether the program has a handler for a signal, by its number. The
    /// kernel ignores signals to the first process of a container without one,
    /// but for SIGKILL and SIGSTOP.
    pub(super) fn handles(&self, signal: i32) -> bool {
        match self.inner.id.load(Ordering::Relaxed) {
            0 => self.inner.handled.load(Ordering::Relaxed) & events::bit(signal) != 0,
            id => real::handles(id, signal),
        }
    }

    /// Tells it that something happened. Nothing, if it has ended. Before it is
    /// started it can be killed, and the rest waits for the start.
    pub(super) fn send(&self, event: Event) {
        let end = match event {
            Event::Signal(SIGKILL) => Some(128 + SIGKILL),
            Event::Exit(status) => Some(status),
            _ => None,
        };
        if let Some(status) = end {
            let mut waiting = self.inner.waiting.lock();
            let waiting = waiting.as_deref_mut();
            if waiting.is_ok_and(|waiting| waiting.take().is_some()) {
                let process = self.clone();
                return Runner { process }.finish(status);
            }
        }
        self.inner.events.add(event);
    }
}

/// The side of a process that runs it.
#[derive(Debug)]
struct Runner {
    process: Process,
}

impl Runner {
    /// What has happened to the process, once something has. Signals other
    /// than those of the mask stay for later.
    async fn event(&self, signals: u64) -> Happened {
        self.process.inner.events.next(signals).await
    }

    /// The process has this number on this machine.
    fn set_id(&self, id: i32) {
        self.process.inner.id.store(id, Ordering::Relaxed);
    }

    /// What is closed when nobody knows the process any more.
    fn gone(&self) -> watch::Receiver<Option<i32>> {
        self.process.inner.status.subscribe()
    }

    /// Ends the process and its streams: its output can still be read.
    fn finish(self, status: i32) {
        self.process.inner.stdout.end();
        self.process.inner.stderr.end();
        self.exit(status);
    }

    /// Ends the process. Whoever fills its output ends that.
    fn exit(self, status: i32) {
        let inner = &self.process.inner;
        inner.stdin.abandon();
        inner.id.store(0, Ordering::Relaxed);
        inner.status.send_replace(Some(status));
    }
}
