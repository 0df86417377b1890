//! One simulated agent, shared by all of its connections: decides who may
//! call, reads and records requests, and makes the answers. It knows dynamic
//! messages and statuses; frames and streams are the handlers' business.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use ttrpc::Code;
use ttrpc::asynchronous::TtrpcContext;

use crate::schema::{Message, Reflect, Rpc};

use super::behaviour::{self, Behaviour, Context, Outcome};
use super::host::Host;
use super::options::GuestOptions;
use super::record::{Recorder, Request};
use super::refusal::{internal, invalid, refusal};
use super::state::State;

/// Who may call the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Whoever can connect.
    Anyone,
    /// This process: others on this machine could find the socket.
    ThisProcess,
}

/// The agent.
#[derive(Debug)]
pub(super) struct Agent {
    callers: Callers,
    host: Host,
    options: GuestOptions,
    state: Mutex<State>,
    recorder: Option<Recorder>,
}

impl Agent {
    /// An agent on this machine that answers `callers` and writes its requests
    /// to `recorder`.
    pub(super) fn new(
        callers: Callers,
        options: GuestOptions,
        recorder: Option<Recorder>,
    ) -> Agent {
        Agent {
            callers,
            host: Host::this(),
            state: Mutex::new(State::new(&options)),
            options,
            recorder,
        }
    }

    /// Refuses a caller that may not call.
    ///
    /// # Safety
    /// `connection` must be open for the length of this call.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub(super) unsafe fn admit(&self, connection: RawFd) -> ttrpc::Result<()> {
        if self.callers == Callers::Anyone {
            return Ok(());
        }
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

    /// Decodes a request, and records it either way.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it does not decode.
    pub(super) async fn receive(
        &self,
        rpc: &'static Rpc,
        context: &TtrpcContext,
        payload: &[u8],
    ) -> ttrpc::Result<Box<dyn Reflect>> {
        let decoded = decode(rpc.request, payload);
        if let Some(recorder) = &self.recorder {
            recorder
                .record(&Request {
                    rpc,
                    context,
                    payload,
                    message: decoded.as_deref().map_err(String::as_str),
                })
                .await;
        }
        decoded.map_err(invalid)
    }

    /// The encoded answer to a request, once there is one. A call that is
    /// given up while it waits has changed nothing.
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
            while let Outcome::Later(wait) = self.run(behaviour, request, response.as_mut())? {
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
    ) -> ttrpc::Result<Outcome> {
        let mut state = self.state();
        let mut context = Context {
            host: &self.host,
            options: &self.options,
            state: &mut state,
        };
        behaviour(&mut context, request, response)
    }
}

fn decode(message: &'static Message, payload: &[u8]) -> Result<Box<dyn Reflect>, String> {
    let mut request = (message.new)();
    match request.merge_from(payload) {
        Ok(()) => Ok(request),
        Err(error) => Err(format!(
            "the request is not a valid {}: {error}",
            message.full_name
        )),
    }
}
