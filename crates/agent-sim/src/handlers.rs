//! Makes the ttrpc crate's services of a schema: one handler per RPC. What a
//! handler does is in [`super::unary`] and [`super::streams`].

use std::collections::HashMap;
use std::sync::Arc;

use ttrpc::asynchronous::{Service, StreamHandler};
use ttrpc::{Code, Error, Response, Status, get_status};

use agent_schema::{Rpc, Schema};

use super::agent::Agent;
use super::streams::Streaming;
use super::unary::Unary;

/// What the ttrpc crate's server takes: the services by full name.
pub(super) type Services = HashMap<String, Service>;

/// A handler for every RPC of `schema`, all answering for one agent.
pub(super) fn services(schema: &'static Schema, agent: &Arc<Agent>) -> Services {
    let named = |service: &&'static agent_schema::Service| {
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
            let handler = Box::new(Unary::new(agent, rpc));
            service.methods.insert(name, handler);
        }
    }
    service
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
