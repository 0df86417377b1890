//! A word to a person at a terminal when something takes long. It watches from a
//! thread of its own, as what it watches may block, and knows nothing of it.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::interrupt;
use crate::log::say;

/// A word that is said once after a while, unless this is dropped before.
pub struct Patience {
    watch: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Patience {
    /// Has `text` said after `time`, if standard error is a terminal.
    pub fn new(time: Duration, text: impl FnOnce() -> String + Send + 'static) -> Self {
        if !io::stderr().is_terminal() {
            return Self { watch: None };
        }
        let (done, is_done) = channel();
        let watch = move || {
            let is_late = is_done.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            if is_late && !interrupt::is_raised() {
                say(text());
            }
        };
        // Without a thread there is no word, and nothing else is lost.
        let thread = thread::Builder::new().spawn(watch).ok();
        Self {
            watch: thread.map(|thread| (done, thread)),
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.watch.take() {
            drop(done);
            // What is being said comes before what is said next.
            let _ = thread.join();
        }
    }
}
