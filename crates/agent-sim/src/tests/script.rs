//! Calls of a script as JSON, and their answers in one line each.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::wire::{Frame, Wire, request};
use crate::GuestOptions;
use crate::in_process::InProcess;
use agent_schema::json::{Style, merge as merge_json, write as write_json};
use agent_schema::{Explicit, Plain, Rpc};

/// A connection to an agent of its own.
pub(super) struct Script {
    wire: Wire,
    _agent: InProcess,
    stream: u32,
    answers: HashMap<u32, String>,
    begun: HashMap<u32, &'static Rpc>,
}

impl Script {
    /// A fresh agent.
    pub(super) fn new() -> Script {
        let schema = agent_api::schema();
        let agent = InProcess::start(schema, GuestOptions::default(), |_| {}).unwrap();
        Script {
            wire: Wire::new(agent.connect().unwrap()),
            _agent: agent,
            stream: 1,
            answers: HashMap::new(),
            begun: HashMap::new(),
        }
    }

    /// Makes a call, as `NAME {json}` or `NAME`, and gives its number.
    pub(super) fn begin(&mut self, call: &str) -> u32 {
        let (name, document) = call.split_once(' ').unwrap_or((call, "{}"));
        let schema = agent_api::schema();
        let mut rpcs = schema.services.iter().flat_map(|service| service.rpcs);
        let rpc = rpcs.find(|rpc| rpc.name == name).unwrap();
        let mut message = (rpc.request.new)();
        let explicit = &mut Explicit::default();
        merge_json(message.as_mut(), explicit, &Plain, schema, document).unwrap();
        let mut payload = Vec::new();
        message.encode_into(&mut payload).unwrap();
        let stream = self.stream;
        self.stream += 2;
        self.begun.insert(stream, rpc);
        let request = request(rpc.service, rpc.name, &payload);
        self.wire.request(stream, 0, &request);
        stream
    }

    /// The answer to a call: JSON, or the code and the message of its status.
    pub(super) fn end(&mut self, call: u32) -> String {
        loop {
            if let Some(answer) = self.answers.remove(&call) {
                return answer;
            }
            let frame = self.wire.receive();
            let rpc = self.begun.remove(&frame.stream).unwrap();
            self.answers.insert(frame.stream, answer(rpc, &frame));
        }
    }

    /// Makes a call and gives its answer.
    pub(super) fn call(&mut self, call: &str) -> String {
        let call = self.begin(call);
        self.end(call)
    }

    /// Makes calls, one after the other, each with the answer it must have.
    pub(super) fn run(&mut self, steps: &[(&str, &str)]) {
        for (call, answer) in steps {
            assert_eq!(self.call(call), *answer, "{call}");
        }
    }

    /// Makes sure that a call is not answered yet: that another one made after
    /// it was answered, twice.
    pub(super) fn waits(&mut self, call: u32) {
        for _ in 0..2 {
            self.call("Check");
        }
        assert_eq!(self.answers.get(&call), None);
    }
}

fn answer(rpc: &Rpc, frame: &Frame) -> String {
    let (code, message) = frame.status();
    if code != 0 {
        return format!("{code} {message}");
    }
    let mut response = (rpc.response.new)();
    response.merge_from(&frame.response().payload).unwrap();
    let mut text = Vec::new();
    let style = Style::default();
    write_json(response.as_ref(), agent_api::schema(), style, &mut text).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    value.to_string()
}

/// A call that makes a container `id`, of the least that a specification must
/// have, with changes to it in the form of a JSON merge patch.
pub(super) fn create(id: &str, changes: &Value) -> String {
    let mut spec = json!({
        "Process": {
            "Args": ["false"], "Cwd": "/", "Env": ["PATH=/bin"], "Capabilities": {},
        },
        "Mounts": [{"destination": "/proc"}],
        "Root": {"Path": "/rootfs"},
        "Linux": {"Namespaces": [{"Type": "mount"}]},
    });
    merge(&mut spec, changes);
    let request = json!({"container_id": id, "OCI": spec});
    format!("CreateContainer {request}")
}

fn merge(target: &mut Value, changes: &Value) {
    match (target, changes) {
        (Value::Object(target), Value::Object(changes)) => {
            for (name, change) in changes {
                match change {
                    Value::Null => drop(target.remove(name)),
                    _ => merge(target.entry(name.clone()).or_insert(Value::Null), change),
                }
            }
        }
        (target, change) => target.clone_from(change),
    }
}
