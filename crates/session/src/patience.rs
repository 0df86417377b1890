//! Telling a person at a terminal what is waited for when it takes long. The wait itself may
//! block, so a thread of its own looks now and then whether the same wait still goes on.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use agent_client::interrupt;
use agent_report::log::say;

/// How long a person waits without a word. Some calls are meant to block, and silence
/// looks like a hang.
const LONGEST: Duration = Duration::from_secs(2);

/// How often the thread looks: a word comes so much late at most.
const GLANCE: Duration = Duration::from_millis(100);

/// Says a word when something takes long, in a run.
#[derive(Debug)]
pub(super) struct Patience {
    /// What is waited for; nothing at all where nobody would read the words.
    watched: Option<Arc<Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    waiting: Mutex<Waiting>,
    /// A wait begins, or the run is over.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What to say, while something is waited for and nothing was said.
    text: Option<Cow<'static, str>>,
    /// Which wait it is, counted from the first.
    number: u64,
    has_thread: bool,
    is_over: bool,
}

/// A wait, until this is dropped.
#[derive(Debug)]
pub(super) struct Wait {
    watched: Option<Arc<Watched>>,
}

impl Patience {
    /// Says words if standard error is a terminal.
    pub(super) fn new() -> Self {
        let is_read = io::stderr().is_terminal();
        Self {
            watched: is_read.then(Arc::default),
        }
    }

    /// Begins a wait for an answer, of which nothing is said if `timeout` ends it early.
    pub(super) fn call(&self, timeout: Option<Duration>) -> Wait {
        if timeout.is_some_and(|timeout| timeout <= LONGEST) {
            return Wait { watched: None };
        }
        self.begin(|| "still waiting for an answer; Ctrl-C gives up".into())
    }

    /// Begins a wait of which `text` tells.
    pub(super) fn begin(&self, text: impl FnOnce() -> Cow<'static, str>) -> Wait {
        if let Some(watched) = &self.watched {
            let mut waiting = watched.lock();
            waiting.text = Some(text());
            waiting.number += 1;
            if !waiting.has_thread {
                let watched = Arc::clone(watched);
                // Without a thread there is no word, and nothing else is lost.
                let thread = thread::Builder::new().spawn(move || watched.watch());
                waiting.has_thread = thread.is_ok();
            }
            watched.changed.notify_one();
        }
        Wait {
            watched: self.watched.clone(),
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some(watched) = &self.watched {
            watched.lock().is_over = true;
            watched.changed.notify_one();
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(watched) = &self.watched {
            // What is being said comes before what is said next.
            watched.lock().text = None;
        }
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        let waiting = self.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until the run is over; while nothing is waited for, it sleeps.
    fn watch(&self) {
        let mut number = 0;
        let mut waited = Duration::ZERO;
        let mut waiting = self.lock();
        while !waiting.is_over {
            if waiting.text.is_none() {
                let changed = self.changed.wait(waiting);
                waiting = changed.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if waiting.number != number {
                number = waiting.number;
                waited = Duration::ZERO;
            }
            if waited >= LONGEST
                && !interrupt::is_raised()
                && let Some(text) = waiting.text.take()
            {
                say(text);
            }
            drop(waiting);
            thread::sleep(GLANCE);
            waited += GLANCE;
            waiting = self.lock();
        }
    }
}
