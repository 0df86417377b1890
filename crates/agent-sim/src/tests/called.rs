//! An agent of its own, called by RPC names with requests and answers as JSON.

use std::os::unix::net::UnixStream;

use serde_json::Value;

use super::wire::Wire;
use crate::{GuestOptions, in_process};
use agent_schema::json::{self, Style};
use agent_schema::{Explicit, Plain, Rpc};

/// A connection to an agent that nobody else calls.
pub(super) struct Called(Wire);

/// What the agent answers: a response, or a status.
pub(super) type Answer = Result<Value, (i32, String)>;

impl Called {
    pub(super) fn new(options: GuestOptions) -> Called {
        let address = in_process::start_with(agent_api::schema(), options).unwrap();
        Called(Wire::new(UnixStream::connect_addr(&address).unwrap()))
    }

    pub(super) fn call(&mut self, method: &str, document: &str) -> Answer {
        let schema = agent_api::schema();
        let rpc = find(method);
        let mut message = (rpc.request.new)();
        let explicit = &mut Explicit::default();
        json::merge(message.as_mut(), explicit, &Plain, schema, document).unwrap();
        let mut payload = Vec::new();
        message.encode_into(&mut payload).unwrap();

        let frame = self.0.call(rpc.service, rpc.name, &payload);
        match frame.status() {
            (0, _) => {}
            refused => return Err(refused),
        }
        let mut response = (rpc.response.new)();
        response.merge_from(&frame.response().payload).unwrap();
        let mut text = Vec::new();
        json::write(response.as_ref(), schema, Style::default(), &mut text).unwrap();
        Ok(serde_json::from_slice(&text).unwrap())
    }

    /// Makes calls in order and compares each answer: a document, or a status
    /// as `CODE MESSAGE`.
    #[track_caller]
    pub(super) fn talk(&mut self, calls: &[(&str, &str, &str)]) {
        for (method, document, expected) in calls {
            let answer = match self.call(method, document) {
                Ok(response) => response.to_string(),
                Err((code, message)) => format!("{code} {message}"),
            };
            let expected = match serde_json::from_str::<Value>(expected) {
                Ok(value) if expected.starts_with('{') => value.to_string(),
                _ => (*expected).to_owned(),
            };
            assert_eq!(answer, expected, "{method} {document}");
        }
    }
}

fn find(method: &str) -> &'static Rpc {
    let services = agent_api::schema().services.iter();
    let mut rpcs = services.flat_map(|service| service.rpcs);
    rpcs.find(|rpc| rpc.name == method).unwrap()
}
