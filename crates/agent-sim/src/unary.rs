//! An RPC with one request and one response. Its deadline, and the end of its
//! connection, are watched by the ttrpc crate, which then drops the call.

use std::sync::Arc;

use async_trait::async_trait;
use ttrpc::asynchronous::{MethodHandler, TtrpcContext};
use ttrpc::{Request, Response};

use agent_faults::{Edit, Fault};
use agent_schema::{Reflect, Rpc};

use super::agent::{Agent, decode};
use super::behaviour::{self, Behaviour};
use super::handlers::respond;
use super::refusal::{refusal_with, undecodable};
use super::watch::Watch;

/// The handler of an RPC.
pub(super) struct Unary {
    agent: Arc<Agent>,
    rpc: &'static Rpc,
    behaviour: Option<Behaviour>,
}

/// What the bytes of a request say, or why they say nothing.
type Decoded = Result<Box<dyn Reflect>, String>;

impl Unary {
    /// The handler of an RPC, with its behaviour.
    pub(super) fn new(agent: Arc<Agent>, rpc: &'static Rpc) -> Unary {
        Unary {
            agent,
            rpc,
            behaviour: behaviour::find(rpc),
        }
    }
}

#[async_trait]
impl MethodHandler for Unary {
    async fn handler(&self, context: TtrpcContext, request: Request) -> ttrpc::Result<Response> {
        Ok(respond(self.call(&context, &request.payload).await))
    }
}

impl Unary {
    async fn call(&self, context: &TtrpcContext, payload: &[u8]) -> ttrpc::Result<Vec<u8>> {
        // SAFETY: the server keeps a connection open while a call on it is handled.
        unsafe { self.agent.admit(context.fd)? };
        let decoded = decode(self.rpc.request, payload);
        if let Some(watch) = self.agent.watch() {
            return self.watched(watch, context, payload, &decoded).await;
        }
        self.answer(&decoded).await
    }

    /// A call of an agent that records its calls, and has faults.
    async fn watched(
        &self,
        watch: &Watch,
        context: &TtrpcContext,
        payload: &[u8],
        decoded: &Decoded,
    ) -> ttrpc::Result<Vec<u8>> {
        // SAFETY: the server keeps a connection open while a call on it is handled.
        let connection = unsafe { watch.connection(context.fd)? };
        let mut record = watch.begin(&connection, self.rpc, context).await;
        record.asks(payload, decoded.as_deref().map_err(String::as_str));
        let fault = watch.interfere(self.rpc, &mut record).await;
        let stream = context.mh.stream_id;
        if let Some(edit) = fault.as_ref().and_then(Edit::of) {
            connection.edit(stream, edit);
        }
        let alone = fault.is_none();
        let answer = match fault {
            None | Some(Fault::Truncate(_)) => self.answer(decoded).await,
            Some(Fault::Reply(answer)) => Ok(answer),
            Some(Fault::Fail(code, message)) => Err(refusal_with(code, message)),
            Some(Fault::Die) => {
                record.unanswered().await;
                self.agent.die();
                return Ok(Vec::new());
            }
            Some(Fault::Drop | Fault::Close | Fault::Garbage(_)) => {
                record.unanswered().await;
                // The frame that this makes does not go out.
                return Ok(Vec::new());
            }
        };
        if alone && answer.is_ok() && self.agent.ends_with(self.rpc) {
            connection.edit(stream, Edit::Last);
        }
        record.answered(answer.as_deref().map(Some)).await;
        answer
    }

    async fn answer(&self, decoded: &Decoded) -> ttrpc::Result<Vec<u8>> {
        let request = decoded.as_deref().map_err(undecodable)?;
        self.agent.answer(self.rpc, self.behaviour, request).await
    }
}
