//! What a shell runs in the background: futures that go on whenever the shell
//! does, so that they stop, freeze and end with it. It knows no command.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use crate::sim::change::Change;

/// How many run at a time at most.
const LIMIT: usize = 64;

type Running = Pin<Box<dyn Future<Output = i32> + Send>>;

/// The jobs of a shell. Clones are the same jobs.
#[derive(Clone, Default)]
pub(super) struct Jobs(Arc<Inner>);

#[derive(Default)]
struct Inner {
    jobs: Mutex<Vec<(u32, Running)>>,
    change: Change,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Jobs").field(&self.lock().len()).finish()
    }
}

impl Jobs {
    /// Adds one by its number. False if there are too many.
    pub(super) fn add(&self, id: u32, job: Running) -> bool {
        let mut jobs = self.lock();
        if jobs.len() >= LIMIT {
            return false;
        }
        jobs.push((id, job));
        drop(jobs);
        self.0.change.announce();
        true
    }

    /// Ends one. False if there is none of this number.
    pub(super) fn end(&self, id: u32) -> bool {
        let mut jobs = self.lock();
        let found = jobs.iter().position(|(known, _)| *known == id);
        let job = found.map(|place| jobs.swap_remove(place));
        drop(jobs);
        self.0.change.announce();
        job.is_some()
    }

    pub(super) fn has(&self, id: u32) -> bool {
        self.lock().iter().any(|(known, _)| *known == id)
    }

    /// Returns once the job of this number, or all of them, have ended.
    pub(super) async fn ended(&self, id: Option<u32>) {
        loop {
            let wait = self.0.change.next();
            let goes_on = match id {
                Some(id) => self.has(id),
                None => !self.lock().is_empty(),
            };
            if !goes_on {
                return;
            }
            wait.done().await;
        }
    }

    /// Runs the jobs for as long as `shell` runs, and ends them with it.
    pub(super) async fn beside<T>(&self, shell: impl Future<Output = T>) -> T {
        let mut shell = std::pin::pin!(shell);
        let mut added = std::pin::pin!(self.poll_on_each_change());
        let result = std::future::poll_fn(|context| {
            // A shell that adds a job wakes this.
            let _ = added.as_mut().poll(context);
            self.poll(context);
            shell.as_mut().poll(context)
        });
        let result = result.await;
        let jobs = std::mem::take(&mut *self.lock());
        drop(jobs);
        result
    }

    async fn poll_on_each_change(&self) {
        loop {
            self.0.change.next().done().await;
        }
    }

    fn poll(&self, context: &mut Context<'_>) {
        // Taken out meanwhile, as a job may add and end others.
        let mut jobs = std::mem::take(&mut *self.lock());
        let before = jobs.len();
        jobs.retain_mut(|(_, job)| job.as_mut().poll(context) == Poll::Pending);
        let ended = jobs.len() < before;
        let mut kept = self.lock();
        jobs.append(&mut kept);
        *kept = jobs;
        drop(kept);
        if ended {
            self.0.change.announce();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(u32, Running)>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
