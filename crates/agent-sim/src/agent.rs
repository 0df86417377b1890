//! One simulated agent, shared by all of its connections: decides who may
//! call, reads requests, and makes the answers. It knows dynamic messages and
//! statuses; frames, streams and what goes wrong are the handlers' business.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use ttrpc::Code;

use agent_faults::Orders;
use agent_schema::{Message, Reflect, Rpc};

use super::behaviour::{self, Behaviour, Context, Outcome, Progress};
use super::host::Host;
use super::options::GuestOptions;
use super::refusal::{internal, refusal};
use super::state::State;
use super::watch::Watch;

/// The agent, shared by all of its connections.
#[derive(Debug)]
pub struct Agent {
    host: Host,
    options: GuestOptions,
    state: Mutex<State>,
    watch: Option<Watch>,
}

/// The call that ends the agent when it succeeds. In a guest it is started
/// again, and knows nothing of what was before.
const LAST_CALL: &str = "grpc.AgentService/DestroySandbox";

impl Agent {
    /// An agent on this machine, whose calls are watched or not.
    pub(super) fn new(options: GuestOptions, watch: Option<Watch>) -> Agent {
        Agent {
            host: Host::this(),
            state: Mutex::new(State::new(&options)),
            options,
            watch,
        }
    }

    /// What watches its calls.
    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    /// Refuses a caller that is not in this process: others on this machine
    /// could find the socket.
    ///
    /// # Safety
    /// `connection` must be open for the length of this call.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub(super) unsafe fn admit(&self, connection: RawFd) -> ttrpc::Result<()> {
        // SAFETY: the caller promises that it is open.
        let connection = unsafe { BorrowedFd::borrow_raw(connection) };
        let peer = getsockopt(&connection, PeerCredentials).map(|peer| peer.pid());
        if peer.ok().and_then(|pid| u32::try_from(pid).ok()) == Some(std::process::id()) {
            return Ok(());
        }
        Err(refusal(
            Code::PERMISSION_DENIED,
            "this simulated agent serves its own process only",
        ))
    }

    /// Whether the agent ends after a call of `rpc` that succeeds.
    pub(super) fn ends_with(&self, rpc: &Rpc) -> bool {
        behaviour::is(rpc, LAST_CALL)
    }

    /// Dies: closes all connections, and begins anew.
    pub(super) fn die(&self) {
        if let Some(watch) = &self.watch {
            watch.connections.close_now();
        }
        self.state().restart(&self.options);
    }

    /// The encoded answer to a request, once there is one. A call that is
    /// given up while it waits has changed nothing, unless it writes: what it has
    /// written stays.
    ///
    /// # Errors
    /// The status with which the agent refuses the request.
    pub(super) async fn answer(
        &self,
        rpc: &'static Rpc,
        behaviour: Option<Behaviour>,
        request: &dyn Reflect,
    ) -> ttrpc::Result<Vec<u8>> {
        self.permit(rpc)?;
        let mut response = (rpc.response.new)();
        if let Some(behaviour) = behaviour {
            let mut progress = Progress::default();
            while let Outcome::Later(wait) =
                self.run(behaviour, request, response.as_mut(), &mut progress)?
            {
                wait.done().await;
                response = (rpc.response.new)();
            }
        }
        let mut payload = Vec::new();
        response.encode_into(&mut payload).map_err(internal)?;
        Ok(payload)
    }

    /// Refuses a request that the agent's policy does not allow.
    fn permit(&self, rpc: &'static Rpc) -> ttrpc::Result<()> {
        behaviour::permit(&self.options, &self.state(), rpc)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(
        &self,
        behaviour: Behaviour,
        request: &dyn Reflect,
        response: &mut dyn Reflect,
        progress: &mut Progress,
    ) -> ttrpc::Result<Outcome> {
        let mut state = self.state();
        let mut context = Context {
            host: &self.host,
            options: &self.options,
            state: &mut state,
            launcher: self.options.launcher(),
            progress,
        };
        behaviour(&mut context, request, response)
    }
}

impl Orders for Agent {
    fn oom(&self, container_id: &str) -> Result<(), String> {
        let mut state = self.state();
        if !state.oom.inject(container_id) {
            return Err("too many events are waiting; call GetOOMEvent to take one".to_owned());
        }
        // The event alone is told of a container that is not there.
        if let Ok(container) = state.containers.find(container_id) {
            container.kill();
        }
        Ok(())
    }

    fn exit(&self, container_id: &str, exec_id: &str, status: i32) -> Result<(), String> {
        let task = self.state().containers.find_task(container_id, exec_id);
        let task = task.map_err(|missing| missing.to_string())?;
        if task.status().is_some() {
            return Err("the process has ended already".to_owned());
        }
        task.exit(status);
        Ok(())
    }
}

/// A request's message, or why its bytes are none.
pub(super) fn decode(
    message: &'static Message,
    payload: &[u8],
) -> Result<Box<dyn Reflect>, String> {
    let mut request = (message.new)();
    match request.merge_from(payload) {
        Ok(()) => Ok(request),
        Err(error) => Err(format!(
            "the request is not a valid {}: {error}",
            message.full_name
        )),
    }
}
