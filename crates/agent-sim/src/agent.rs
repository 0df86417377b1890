//! One simulated agent, shared by all of its connections: what it is like, what
//! it knows, and who may do what. Calls come to it through [`super::services`].

use std::path::Path;
use std::sync::{Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError};
use std::time::Duration;

use agent_faults::Orders;
use nix::errno::Errno;
use protobuf::MessageFull;
use tokio::sync::{Mutex, MutexGuard};
use ttrpc::Code;

use super::host::Host;
use super::options::GuestOptions;
use super::policy::{Policy, Verdict};
use super::process::{LaunchError, Program};
use super::refusal::{internal, quoted, refusal};
use super::state::{Guest, Sandbox};

/// The agent, shared by all of its connections.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(super) host: Host,
    pub(super) options: GuestOptions,
    sandbox: Mutex<Sandbox>,
    guest: StdMutex<Guest>,
    /// What requests are held to, where the agent was built for one.
    policy: StdMutex<Option<Box<dyn Policy>>>,
}

/// How often an order looks whether the sandbox is free, and how long it pauses.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

impl Agent {
    /// An agent on this machine that has just been started.
    pub(super) fn new(options: GuestOptions, policy: Option<Box<dyn Policy>>) -> Agent {
        Agent {
            host: Host::this(),
            sandbox: Mutex::default(),
            guest: StdMutex::new(Guest::new(&options)),
            policy: StdMutex::new(policy),
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
    pub(super) fn begin_anew(&self, sandbox: &mut Sandbox) {
        sandbox.containers.clear();
        *sandbox = Sandbox::default();
        *self.guest() = Guest::new(&self.options);
        if let Some(policy) = self.policy().as_mut() {
            policy.forget();
        }
    }

    /// What requests are held to, where the agent was built for one.
    pub(super) fn policy(&self) -> StdMutexGuard<'_, Option<Box<dyn Policy>>> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for the program of a container and its folder, as far as there is
    /// something to look into: a program that is named alone needs a `PATH`, and
    /// else the guest's files must have the container's root filesystem. Programs
    /// of this machine are looked for where they are run.
    ///
    /// # Errors
    /// As the agent tells what is not there.
    pub(super) fn look_for(&self, program: &Program) -> Result<(), LaunchError> {
        let name = program.args.first().map_or("", String::as_str);
        if self.options.run_processes || name.is_empty() {
            return Ok(());
        }
        let not_found = || LaunchError::NotFound(name.to_owned());
        let path = program.env.iter().rev();
        let path = path.filter_map(|entry| entry.strip_prefix("PATH=")).next();
        if path.is_none() && !name.contains('/') {
            return Err(not_found());
        }
        let guest = self.guest();
        let has = |path: &Path| guest.files.has(&program.root, path);
        if !guest.files.has(Path::new("/"), &program.root) {
            return Ok(());
        }
        let folder = Path::new(&program.cwd);
        if !has(folder) {
            return Err(LaunchError::Folder(Errno::ENOENT.into()));
        }
        let is_there = match path.filter(|_| !name.contains('/')) {
            Some(path) => path
                .split(':')
                .any(|place| has(&Path::new(place).join(name))),
            None => has(&folder.join(name)),
        };
        if is_there { Ok(()) } else { Err(not_found()) }
    }

    /// Refuses a request that the agent's policy does not allow.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`; `INTERNAL` for a request that the policy does not decide.
    pub(super) fn permit<M: MessageFull>(&self, request: &M) -> ttrpc::Result<()> {
        let mut policy = self.policy();
        let Some(policy) = policy.as_mut() else {
            return Ok(());
        };
        let payload = request.write_to_bytes().map_err(internal)?;
        let descriptor = M::descriptor();
        match policy.judge(descriptor.full_name(), &payload) {
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
