//! One process of a container, from when it is made until it has been waited
//! for. It adds to a process what the agent knows of it: whether the agent has
//! closed its input, and whose turn it is to write. It knows neither its container
//! nor its name in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;
use tokio::sync::Mutex as AsyncMutex;

use crate::process::{Event, LaunchError, Pipe, Process, Size};

/// The place of a process in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The first one of its process namespace, which the kernel shields from
    /// signals that it does not handle.
    Init,
    /// The first one of a container that shares another one's namespace.
    First,
    /// One that was executed later.
    Later,
}

/// An output of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// What it prints.
    Stdout,
    /// Its errors. With a terminal they are with the rest.
    Stderr,
}

/// A process.
#[derive(Debug)]
pub(crate) struct Task {
    place: Role,
    process: Process,
    stdin_is_closed: AtomicBool,
    /// Held by the call that writes, so that what two write does not mix.
    writing: AsyncMutex<()>,
}

impl Task {
    pub(super) fn new(place: Role, process: Process) -> Task {
        Task {
            place,
            process,
            stdin_is_closed: AtomicBool::new(false),
            writing: AsyncMutex::default(),
        }
    }

    /// Starts it. `leader` is the process whose end is its end too. To be called
    /// once, within the agent's runtime.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(super) fn start(self: &Arc<Task>, leader: Option<Arc<Task>>) -> Result<(), LaunchError> {
        self.process.start()?;
        if let Some(leader) = leader {
            tokio::spawn(end_with(leader, Arc::clone(self)));
        }
        Ok(())
    }

    /// Whether its streams are or were one terminal.
    pub(crate) fn has_terminal(&self) -> bool {
        self.process.has_terminal()
    }

    /// Whether the agent has closed its input, or its terminal.
    pub(crate) fn stdin_is_closed(&self) -> bool {
        self.stdin_is_closed.load(Ordering::Relaxed)
    }

    /// Closes its standard input, or its terminal, which hangs it up.
    pub(crate) fn close_stdin(&self) {
        if self.stdin_is_closed.swap(true, Ordering::Relaxed) {
            return;
        }
        self.process.stdin().end();
        if self.has_terminal() {
            self.process.send(Event::Signal(libc::SIGHUP));
        }
    }

    /// Writes all of `bytes` to it, as fast as they are read. False if nobody
    /// will read them.
    pub(crate) async fn write(&self, bytes: &[u8]) -> bool {
        let _turn = self.writing.lock().await;
        self.process.stdin().write_all(bytes).await
    }

    /// One of its outputs.
    pub(crate) fn output(&self, stream: Stream) -> &Pipe {
        match stream {
            Stream::Stderr if !self.has_terminal() => self.process.stderr(),
            Stream::Stdout | Stream::Stderr => self.process.stdout(),
        }
    }

    /// Sets the size of its terminal.
    pub(crate) fn resize(&self, size: Size) {
        self.process.send(Event::Resize(size));
    }

    /// Sends it a signal as kill(2) does: what has ended takes none, and the
    /// first process of a namespace none that it does not handle but SIGKILL
    /// and SIGSTOP. The agent itself turns SIGTERM into SIGKILL for a
    /// container's first process that does not handle it.
    pub(crate) fn signal(&self, signal: i32) {
        let is_handled = self.process.handles(signal);
        let signal = match signal {
            libc::SIGTERM if self.place != Role::Later && !is_handled => libc::SIGKILL,
            _ => signal,
        };
        let is_shielded = self.place == Role::Init && !is_handled;
        if !is_shielded || matches!(signal, libc::SIGKILL | libc::SIGSTOP) {
            self.process.send(Event::Signal(signal));
        }
    }

    /// Ends it with a status.
    pub(crate) fn exit(&self, status: i32) {
        self.process.send(Event::Exit(status));
    }

    /// It gets no more time, until it is thawed.
    pub(super) fn freeze(&self) {
        self.process.send(Event::Freeze);
    }

    /// It goes on.
    pub(super) fn thaw(&self) {
        self.process.send(Event::Thaw);
    }

    /// Its exit status once it has ended: 0 to 255, or 128 and the signal that
    /// ended it.
    pub(crate) fn status(&self) -> Option<i32> {
        self.process.status()
    }

    /// Returns its exit status once it has ended.
    pub(crate) async fn ended(&self) -> i32 {
        self.process.ended().await
    }
}

/// Ends a process when its leader ends: the kernel kills all processes of a
/// namespace whose first process has ended.
async fn end_with(leader: Arc<Task>, task: Arc<Task>) {
    tokio::select! {
        _ = task.ended() => {}
        _ = leader.ended() => task.signal(libc::SIGKILL),
    }
}
