//! One simulated agent, shared by all of its connections: what it is like, what
//! it knows, and who may do what. Calls come to it through [`super::services`].

use std::path::Path;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError};
use std::time::Duration;

use agent_faults::Orders;
use nix::errno::Errno;
use protobuf::MessageFull;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;
use ttrpc::Code;

use super::options::GuestOptions;
use super::policy::{Policy, Verdict};
use super::process::{LaunchError, Program};
use super::refusal::{internal, quoted, refusal};
use super::state::{Guest, Sandbox};

/// The agent, shared by all of its connections.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(super) options: GuestOptions,
    sandbox: Mutex<Sandbox>,
    guest: StdMutex<Guest>,
    /// What requests are held to, where the agent was built for one. It is asked one
    /// thing at a time, in the order of the calls.
    policy: Option<Arc<Mutex<Box<dyn Policy>>>>,
}

/// How often an order looks whether the sandbox is free, and how long it pauses.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

impl Agent {
    /// An agent on this machine that has just been started.
    pub(super) fn new(options: GuestOptions, policy: Option<Box<dyn Policy>>) -> Agent {
        Agent {
            sandbox: Mutex::default(),
            guest: StdMutex::new(Guest::new(&options)),
            policy: policy.map(|policy| Arc::new(Mutex::new(policy))),
            options,
        }
    }

    /// The sandbox, once no other call has it. Some calls of the real agent keep
    /// it and wait for something that never comes: no call that needs it is
    /// answered then.
    pub(super) async fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().await
    }

    /// The guest around the sandbox.
    pub(super) fn guest(&self) -> StdMutexGuard<'_, Guest> {
        self.guest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all processes and forgets everything, as an agent that has ended and
    /// is started again.
    pub(super) async fn begin_anew(&self, sandbox: &mut Sandbox) {
        sandbox.containers.clear();
        *sandbox = Sandbox::default();
        *self.guest() = Guest::new(&self.options);
        // It fails where all of this ends.
        let _ = self.ask(|policy| policy.forget()).await;
    }

    /// Whether it was built for a policy.
    pub(super) fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Asks the policy something, on a thread of its own, as that may take long.
    /// `None` where the agent was built for none.
    ///
    /// # Errors
    /// `INTERNAL` when it has no answer.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Policy) -> T + Send + 'static,
    ) -> ttrpc::Result<Option<T>> {
        let Some(policy) = &self.policy else {
            return Ok(None);
        };
        let mut policy = Arc::clone(policy).lock_owned().await;
        let answer = spawn_blocking(move || question(policy.as_mut())).await;
        answer.map(Some).map_err(internal)
    }

    /// Looks for a program and its folder in the container's root filesystem, where
    /// the guest's files have that. Programs of this machine are looked for where
    /// they are run.
    ///
    /// # Errors
    /// As the agent tells what is not there.
    pub(super) fn look_for(&self, program: &mut Program) -> Result<(), LaunchError> {
        let name = program.args.first().map_or("", String::as_str);
        let guest = self.guest();
        let is_known = guest.files.find(Path::new("/"), &program.root).is_some();
        if self.options.run_processes || name.is_empty() || !is_known {
            return Ok(());
        }
        let find = |path: &Path| guest.files.find(&program.root, path);
        let folder = Path::new(&program.cwd);
        if find(folder).is_none() {
            return Err(LaunchError::Folder(Errno::ENOENT.into()));
        }
        let found = match program.path().filter(|_| !name.contains('/')) {
            Some(path) => {
                let mut places = path.split(':').map(|place| Path::new(place).join(name));
                places.find_map(|place| find(&place))
            }
            None => find(&folder.join(name)),
        };
        let found = found.ok_or_else(|| LaunchError::NotFound(name.to_owned()))?;
        program.is_refused = !found.can_run;
        Ok(())
    }

    /// Refuses a request that the agent's policy does not allow.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `INTERNAL` for a request that the policy does not decide.
    pub(super) async fn permit<M: MessageFull>(&self, request: &M) -> ttrpc::Result<()> {
        if !self.has_policy() {
            return Ok(());
        }
        let payload = request.write_to_bytes().map_err(internal)?;
        let descriptor = M::descriptor();
        let name = descriptor.full_name().to_owned();
        let verdict = self.ask(move |policy| policy.judge(&name, &payload));
        match verdict.await?.unwrap_or(Verdict::Allowed) {
            Verdict::Allowed => Ok(()),
            Verdict::Denied(printed) => Err(refusal(
                Code::PERMISSION_DENIED,
                quoted(format!(
                    "{} is blocked by policy: {printed}",
                    descriptor.name()
                )),
            )),
            Verdict::Failed(error) => Err(internal(error)),
        }
    }

    /// The sandbox for an order, which does not come from a call.
    fn ordered(&self) -> Result<MutexGuard<'_, Sandbox>, String> {
        for _ in 0..TRIES {
            if let Ok(sandbox) = self.sandbox.try_lock() {
                return Ok(sandbox);
            }
            std::thread::sleep(PAUSE);
        }
        Err("a call that is never answered keeps the sandbox".to_owned())
    }
}

impl Orders for Agent {
    fn oom(&self, container_id: &str) -> Result<(), String> {
        let mut sandbox = self.ordered()?;
        if !sandbox.oom.inject(container_id) {
            return Err("too many events are waiting; call GetOOMEvent to take one".to_owned());
        }
        // The event alone is told of a container that is not there.
        if let Ok(container) = sandbox.containers.find(container_id) {
            container.kill();
        }
        Ok(())
    }

    fn exit(&self, container_id: &str, exec_id: &str, status: i32) -> Result<(), String> {
        let task = self.ordered()?.containers.find_task(container_id, exec_id);
        let task = task.map_err(|missing| missing.to_string())?;
        if task.status().is_some() {
            return Err("the process has ended already".to_owned());
        }
        task.exit(status);
        Ok(())
    }
}
