//! A container: its processes by ID, whether it runs, what it may use and has
//! used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::libc;

use super::task::{Role, Task};
use crate::process::{LaunchError, Process};

/// How far a container has got. That its processes have ended does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its first process waits to be started.
    Created,
    /// It was started, or resumed.
    Running,
    /// It was paused.
    Paused,
}

/// What a container may use. Nothing enforces it: it is told as it was set, and
/// `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
    /// Bytes of swap: agent 4.1 takes what a specification says of both together.
    pub(crate) swap: Option<u64>,
}

/// A container.
#[derive(Debug)]
pub(crate) struct Container {
    status: Status,
    /// When it was started.
    started: Option<Instant>,
    /// What is there to be paused is frozen. Not the same as the status: one
    /// that is started while it is paused counts as running.
    is_frozen: bool,
    /// Its root filesystem, empty for none.
    pub(crate) root: PathBuf,
    /// Whether its specification asks for a namespace of processes.
    pub(crate) has_pid_namespace: bool,
    /// Whether its specification mounts `/proc`.
    pub(crate) has_proc: bool,
    /// What it may use.
    pub(crate) limits: Limits,
    /// The file in the guest that its last words are in, or why none is known.
    pub(crate) last_words: Result<PathBuf, String>,
    first: Arc<Task>,
    tasks: BTreeMap<String, Arc<Task>>,
    shares_namespace: bool,
}

impl Container {
    /// A container whose first process, with the container's own ID, waits to be
    /// started.
    pub(crate) fn new(
        id: &str,
        process: Process,
        root: PathBuf,
        limits: Limits,
        last_words: Result<PathBuf, String>,
        shares_namespace: bool,
    ) -> Container {
        let place = match shares_namespace {
            true => Role::First,
            false => Role::Init,
        };
        let first = Arc::new(Task::new(place, process));
        Container {
            status: Status::Created,
            started: None,
            is_frozen: false,
            root,
            has_pid_namespace: false,
            has_proc: true,
            limits,
            last_words,
            tasks: BTreeMap::from([(id.to_owned(), Arc::clone(&first))]),
            first,
            shares_namespace,
        }
    }

    /// How far it has got.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Whether its processes get no time.
    pub(crate) fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    /// Whether its first process can be started: neither was it before, nor has
    /// it been killed.
    pub(crate) fn can_start(&self) -> bool {
        self.started.is_none() && self.first.status().is_none()
    }

    /// Starts its first process. One that is frozen begins when it is thawed.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(crate) fn start(&mut self) -> Result<(), LaunchError> {
        self.started = Some(Instant::now());
        self.first.start(None)?;
        self.status = Status::Running;
        Ok(())
    }

    /// Whether a process can be executed in it: none can once the first process
    /// of its own namespace has ended.
    pub(crate) fn takes_processes(&self) -> bool {
        self.shares_namespace || self.first.status().is_none()
    }

    /// Whether there is a process with an ID that was not waited for.
    pub(crate) fn has(&self, exec_id: &str) -> bool {
        self.tasks.contains_key(exec_id)
    }

    /// Executes a process, under an ID that is not in use.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(crate) fn execute(&mut self, exec_id: &str, process: Process) -> Result<(), LaunchError> {
        let task = Arc::new(Task::new(Role::Later, process));
        let leader = (!self.shares_namespace).then(|| Arc::clone(&self.first));
        task.start(leader)?;
        self.tasks.insert(exec_id.to_owned(), task);
        Ok(())
    }

    /// Its first process, until that was waited for.
    pub(crate) fn first(&self) -> Option<&Arc<Task>> {
        let mut tasks = self.tasks.values();
        tasks.find(|task| Arc::ptr_eq(task, &self.first))
    }

    /// A process by its ID, until it was waited for.
    pub(crate) fn task(&self, exec_id: &str) -> Option<&Arc<Task>> {
        self.tasks.get(exec_id)
    }

    /// Forgets a process that has ended and was waited for.
    pub(crate) fn forget(&mut self, task: &Arc<Task>) {
        self.tasks.retain(|_, each| !Arc::ptr_eq(each, task));
    }

    /// Stops all of it.
    pub(crate) fn pause(&mut self) {
        self.is_frozen = true;
        self.tasks.values().for_each(|task| task.freeze());
        self.status = Status::Paused;
    }

    /// Lets all of it go on.
    pub(crate) fn resume(&mut self) {
        self.thaw();
        self.status = Status::Running;
    }

    /// Kills all of its processes, which end even if they are frozen.
    pub(crate) fn kill(&mut self) {
        for task in self.tasks.values() {
            task.signal(libc::SIGKILL);
        }
        self.thaw();
    }

    fn thaw(&mut self) {
        if std::mem::take(&mut self.is_frozen) {
            self.tasks.values().for_each(|task| task.thaw());
        }
    }

    /// How many of its processes have not ended.
    pub(crate) fn processes(&self) -> usize {
        let live = |task: &&Arc<Task>| task.status().is_none();
        self.tasks.values().filter(live).count()
    }

    /// How long ago it was started.
    pub(crate) fn time(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |time| time.elapsed())
    }
}
