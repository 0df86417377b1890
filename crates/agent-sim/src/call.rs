//! One call as the function that answers it has it.

use tokio::sync::MutexGuard;

use super::agent::Agent;
use super::notice::{Never, Watch};
use super::state::Sandbox;

/// A call that is being answered.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// Who answers it.
    pub(super) agent: &'a Agent,
    /// Who is told of what becomes of it.
    pub(super) watch: &'a dyn Watch,
    /// The ID of its stream.
    pub(super) stream: u32,
    /// The service that has the RPC.
    pub(super) service: &'static str,
    /// The RPC's name within the service.
    pub(super) method: &'static str,
}

impl<'a> Call<'a> {
    /// The sandbox, once no other call has it.
    pub(super) async fn sandbox(self) -> MutexGuard<'a, Sandbox> {
        self.agent.sandbox().await
    }

    /// Never answers, as the real agent does for a reason, and keeps the sandbox
    /// until the client gives the call up.
    pub(super) async fn never<T>(
        self,
        sandbox: MutexGuard<'a, Sandbox>,
        reason: impl Into<String>,
    ) -> ttrpc::Result<T> {
        self.watch.never(&Never {
            stream: self.stream,
            service: self.service.to_owned(),
            method: self.method.to_owned(),
            reason: reason.into(),
        });
        let never = std::future::pending().await;
        drop(sandbox);
        never
    }
}
