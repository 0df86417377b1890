//! A word to a person at a terminal when something takes long. A thread of its own
//! looks now and then whether the same thing is still waited for, as that may block; it
//! knows nothing of what it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crate::interrupt;
use crate::log::say;

/// How long a person waits without a word. Some calls are meant to block, and silence
/// looks like a hang.
const LONGEST: Duration = Duration::from_secs(2);

/// How often the thread looks: a word comes so much late at most.
const GLANCE: Duration = Duration::from_millis(100);

/// Says a word when something takes long, in a run.
#[derive(Debug)]
pub struct Patience {
    /// What is waited for; nothing at all where nobody would read the words.
    waiting: Option<Arc<Mutex<Waiting>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What to say, while something is waited for and nothing was said.
    text: Option<Cow<'static, str>>,
    /// Which wait it is, counted from the first.
    number: u64,
    has_thread: bool,
}

/// A wait, until this is dropped.
#[derive(Debug)]
pub struct Wait {
    waiting: Option<Arc<Mutex<Waiting>>>,
}

impl Patience {
    /// Says words if standard error is a terminal.
    pub fn new() -> Self {
        let is_read = io::stderr().is_terminal();
        Self {
            waiting: is_read.then(Arc::default),
        }
    }

    /// Begins a wait for an answer, of which nothing is said if `timeout` ends it early.
    pub fn call(&self, timeout: Option<Duration>) -> Wait {
        if timeout.is_some_and(|timeout| timeout <= LONGEST) {
            return Wait { waiting: None };
        }
        self.begin(|| "still waiting for an answer; Ctrl-C gives up".into())
    }

    /// Begins a wait of which `text` tells.
    pub fn begin(&self, text: impl FnOnce() -> Cow<'static, str>) -> Wait {
        if let Some(waiting) = &self.waiting {
            let mut state = lock(waiting);
            state.text = Some(text());
            state.number += 1;
            if !state.has_thread {
                let watched = Arc::downgrade(waiting);
                // Without a thread there is no word, and nothing else is lost.
                let thread = thread::Builder::new().spawn(move || watch(&watched));
                state.has_thread = thread.is_ok();
            }
        }
        Wait {
            waiting: self.waiting.clone(),
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            // What is being said comes before what is said next.
            lock(waiting).text = None;
        }
    }
}

/// Looks until the run is over.
fn watch(watched: &Weak<Mutex<Waiting>>) {
    let mut number = 0;
    let mut waited = Duration::ZERO;
    loop {
        thread::sleep(GLANCE);
        let Some(waiting) = watched.upgrade() else {
            return;
        };
        let mut state = lock(&waiting);
        if state.number != number {
            number = state.number;
            waited = Duration::ZERO;
        }
        waited += GLANCE;
        if waited > LONGEST
            && !interrupt::is_raised()
            && let Some(text) = state.text.take()
        {
            say(text);
        }
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
