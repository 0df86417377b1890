//! What watches the calls of a served agent and interferes with them: the parts
//! for that together, and what handlers of every kind do with them. The agent's
//! own answers are not its business.

use std::os::fd::RawFd;
use std::sync::Arc;

use ttrpc::Error;
use ttrpc::asynchronous::TtrpcContext;

use agent_schema::Rpc;

use agent_faults::{Fault, Faults};

use super::record::{Call, Moment, Recorder};
use super::relay::{Connection, Connections};

/// The parts.
#[derive(Debug)]
pub(super) struct Watch {
    /// Takes down each call.
    pub(super) recorder: Recorder,
    /// Decides what goes wrong.
    pub(super) faults: Arc<Faults>,
    /// Carries out what is below the server's level.
    pub(super) connections: Arc<Connections>,
}

impl Watch {
    /// The client's connection behind a socket of the server.
    ///
    /// # Safety
    /// `socket` must be open for the length of this call.
    ///
    /// # Errors
    /// When it is closed already.
    pub(super) unsafe fn connection(&self, socket: RawFd) -> ttrpc::Result<Arc<Connection>> {
        // SAFETY: the caller promises that it is open.
        unsafe { self.connections.of(socket) }.ok_or(Error::RemoteClosed)
    }

    /// The record of a call that begins now.
    pub(super) async fn begin<'a>(
        &'a self,
        connection: &Connection,
        rpc: &'static Rpc,
        context: &'a TtrpcContext,
    ) -> Call<'a> {
        let now = Moment::now();
        Call::begin(&self.recorder, connection.number(), rpc, context, now).await
    }

    /// Decides what is to become of a call, and waits where it is delayed.
    pub(super) async fn interfere(&self, rpc: &Rpc, record: &mut Call<'_>) -> Option<Fault> {
        let decision = self.faults.decide(rpc);
        if let Some(time) = decision.delay {
            record.fault("delay");
            tokio::time::sleep(time).await;
        }
        if let Some(fault) = &decision.fault {
            record.fault(fault.kind().name());
        }
        decision.fault
    }
}
