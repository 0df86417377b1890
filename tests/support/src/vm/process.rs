//! A program beside the tests that never outlives them: it is ended on drop, and
//! also when this process is killed. It knows nothing of what it runs.

use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How often its end is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// A program that runs.
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
}

impl Process {
    /// Starts a program, which is to begin with `setpriv --pdeathsig KILL`. Its
    /// signal comes when the thread that started it ends, so there is one for
    /// that, which lives as long as the program or this process.
    pub(super) fn start(mut command: Command) -> io::Result<Process> {
        let (sender, started) = mpsc::channel();
        thread::spawn(move || {
            let child = match command.spawn() {
                Ok(child) => Arc::new(Mutex::new(child)),
                Err(error) => return drop(sender.send(Err(error))),
            };
            let process = Process {
                child: Arc::clone(&child),
            };
            if sender.send(Ok(process)).is_ok() {
                while matches!(lock(&child).try_wait(), Ok(None)) {
                    thread::sleep(PAUSE);
                }
            }
        });
        started.recv().unwrap()
    }

    /// The process, for its pipes.
    pub(super) fn child(&self) -> MutexGuard<'_, Child> {
        lock(&self.child)
    }

    /// Ends it, if it still runs.
    pub(super) fn end(&self) {
        let _ = self.child().kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}
