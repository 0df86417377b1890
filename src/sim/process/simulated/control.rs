//! What signals do to a program that is played: the defaults of signal(7) and
//! what the program has chosen instead. It knows no stream and no shell.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::sim::change::Change;
use crate::sim::process::events::bit;
use crate::sim::process::{Event, Process};

pub(super) const SIGHUP: i32 = 1;
pub(super) const SIGINT: i32 = 2;
pub(super) const SIGQUIT: i32 = 3;
pub(super) const SIGTERM: i32 = 15;
const SIGCHLD: i32 = 17;
pub(super) const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;
pub(super) const SIGTSTP: i32 = 20;
const SIGTTIN: i32 = 21;
const SIGTTOU: i32 = 22;
const SIGURG: i32 = 23;
pub(super) const SIGWINCH: i32 = 28;

/// The number that the next program gets, as `$$` tells it.
static NEXT_ID: AtomicU32 = AtomicU32::new(2);

/// What a signal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It ends the program.
    End,
    /// It stops it until SIGCONT.
    Stop,
    /// The program's handler runs.
    Handle,
    /// Nothing.
    Ignore,
}

/// The signals of one program.
#[derive(Debug)]
pub(super) struct Control {
    /// The process, for its first program.
    process: Option<Process>,
    id: u32,
    /// Signals with a handler, as bits.
    handled: AtomicU64,
    /// Signals that are ignored, as bits.
    ignored: AtomicU64,
    /// Signals whose handler has not run yet, as bits.
    arrived: AtomicU64,
    change: Change,
}

impl Control {
    /// That of the program that a process is started with.
    pub(super) fn of(process: &Process) -> Control {
        Control::new(Some(process.clone()))
    }

    /// That of a program which another one runs.
    pub(super) fn of_child() -> Control {
        Control::new(None)
    }

    fn new(process: Option<Process>) -> Control {
        Control {
            process,
            id: next_id(),
            handled: AtomicU64::new(0),
            ignored: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            change: Change::default(),
        }
    }

    /// The program's number.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// What a signal does now.
    pub(super) fn action(&self, signal: i32) -> Action {
        let bit = bit(signal);
        if self.handled.load(Ordering::Relaxed) & bit != 0 {
            return Action::Handle;
        }
        if self.ignored.load(Ordering::Relaxed) & bit != 0 {
            return Action::Ignore;
        }
        match signal {
            SIGCHLD | SIGCONT | SIGURG | SIGWINCH => Action::Ignore,
            SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU => Action::Stop,
            _ => Action::End,
        }
    }

    /// Chooses what a signal does: to be handled or ignored, or its default.
    /// SIGKILL and SIGSTOP stay what they are.
    pub(super) fn choose(&self, signal: i32, action: Action) {
        let bit = bit(signal) & !(bit(crate::sim::process::SIGKILL) | bit(SIGSTOP));
        for (set, chosen) in [
            (&self.handled, action == Action::Handle),
            (&self.ignored, action == Action::Ignore),
        ] {
            match chosen {
                true => set.fetch_or(bit, Ordering::Relaxed),
                false => set.fetch_and(!bit, Ordering::Relaxed),
            };
        }
        if let Some(process) = &self.process {
            let handled = self.handled.load(Ordering::Relaxed);
            process.inner.handled.store(handled, Ordering::Relaxed);
        }
    }

    /// A signal came whose handler is to run.
    pub(super) fn arrive(&self, signal: i32) {
        self.arrived.fetch_or(bit(signal), Ordering::Relaxed);
        self.change.announce();
    }

    /// The signal whose handler is to run next.
    pub(super) fn take(&self) -> Option<i32> {
        let arrived = self.arrived.load(Ordering::Relaxed);
        let signal = (1..=64).find(|signal| arrived & bit(*signal) != 0)?;
        self.arrived.fetch_and(!bit(signal), Ordering::Relaxed);
        Some(signal)
    }

    /// Returns once a handler is to run.
    pub(super) async fn arrival(&self) {
        loop {
            let wait = self.change.next();
            if self.arrived.load(Ordering::Relaxed) != 0 {
                return;
            }
            wait.done().await;
        }
    }

    /// The program sends itself a signal. The status it ends with, if it does
    /// so and nobody else will end it.
    pub(super) async fn raise(&self, signal: i32) -> Option<i32> {
        if let Some(process) = &self.process {
            process.send(Event::Signal(signal));
            // Whoever plays the process looks at its signals first.
            tokio::task::yield_now().await;
            return None;
        }
        match self.action(signal) {
            Action::End => return Some(128 + signal),
            Action::Handle => self.arrive(signal),
            Action::Stop | Action::Ignore => {}
        }
        None
    }
}

/// A number that no other program has.
pub(super) fn next_id() -> u32 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}
