//! Makes the ttrpc crate's services of a schema: one handler per RPC, unary
//! here, streaming in [`super::streams`].

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use ttrpc::asynchronous::{MethodHandler, Service, StreamHandler, TtrpcContext};
use ttrpc::{Code, Error, Request, Response, Status, get_status};

use crate::schema::{self, Rpc, Schema};

use super::agent::Agent;
use super::behaviour::{self, Behaviour};
use super::streams::Streaming;

/// What the ttrpc crate's server takes: the services by full name.
pub(super) type Services = HashMap<String, Service>;

/// A handler for every RPC of `schema`, all answering for one agent.
pub(super) fn services(schema: &'static Schema, agent: &Arc<Agent>) -> Services {
    let named = |service: &&'static schema::Service| {
        (service.full_name.to_owned(), handlers(service.rpcs, agent))
    };
    schema.services.iter().map(named).collect()
}

fn handlers(rpcs: &'static [Rpc], agent: &Arc<Agent>) -> Service {
    let mut service = Service {
        methods: HashMap::new(),
        streams: HashMap::new(),
    };
    for rpc in rpcs {
        let agent = Arc::clone(agent);
        let name = rpc.name.to_owned();
        if rpc.is_streaming() {
            let handler: Arc<dyn StreamHandler + Send + Sync> =
                Arc::new(Streaming::new(agent, rpc));
            service.streams.insert(name, handler);
        } else {
            let behaviour = behaviour::find(rpc.name);
            let handler = Unary {
                agent,
                rpc,
                behaviour,
            };
            service.methods.insert(name, Box::new(handler));
        }
    }
    service
}

/// An RPC with one request and one response. Its deadline, and the end of its
/// connection, are watched by the ttrpc crate, which then drops the call.
struct Unary {
    agent: Arc<Agent>,
    rpc: &'static Rpc,
    behaviour: Option<Behaviour>,
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
        let request = self.agent.receive(self.rpc, context, payload).await?;
        self.agent
            .answer(self.rpc, self.behaviour, request.as_ref())
            .await
    }
}

/// The ttRPC response that says what became of a call.
pub(super) fn respond(answer: ttrpc::Result<Vec<u8>>) -> Response {
    let mut response = Response::new();
    match answer {
        Ok(payload) => {
            response.set_status(get_status(Code::OK, ""));
            response.payload = payload;
        }
        Err(error) => response.set_status(status(error)),
    }
    response
}

fn status(error: Error) -> Status {
    match error {
        Error::RpcStatus(status) => status,
        other => get_status(Code::UNKNOWN, other),
    }
}
