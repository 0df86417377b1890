//! The calls of one connection on their way through the agent, each to be written
//! down when it ends, however that is: answered, left without an answer, or given
//! up.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::{Instant, SystemTime};

use agent_faults::{Answer, Asked, FaultKind, Observer, Record, Side, Written};
use agent_schema::{Message, Rpc, Schema, decode};
use agent_text::hex;
use protobuf::Enum as _;
use ttrpc::Code;
use ttrpc::proto::KeyValue;

use crate::notice::Never;

use super::Recorder;
use super::object::Object;

/// The number of the log's format.
const VERSION: u32 = 1;

/// The call that ends the agent when it succeeds. In a guest it is started
/// again, and knows nothing of what was before.
const LAST_CALL: (&str, &str) = ("grpc.AgentService", "DestroySandbox");

/// The log of one connection.
#[derive(Debug, Clone)]
pub(crate) struct CallLog {
    /// Where it is written.
    pub(crate) recorder: Recorder,
    /// The connection's number, from 1.
    pub(crate) connection: u64,
}

impl Observer for CallLog {
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.recorder.room())
    }

    fn begin(&self, asked: &Asked<'_>) -> Box<dyn Record> {
        let schema = self.recorder.schema;
        let (service, method) = match asked.envelope {
            Ok(envelope) => (envelope.service.clone(), envelope.method.clone()),
            Err(_) => Default::default(),
        };
        let head = Head {
            log: self.clone(),
            stream: asked.stream,
            service,
            method,
        };
        let mut line = head.line();
        match asked.envelope {
            Err(reason) => {
                line.text("error", reason);
                if !asked.frame.is_empty() {
                    line.text("payload", &hex::digits(asked.frame));
                }
            }
            Ok(envelope) => {
                let is_stream = asked.rpc.is_some_and(Rpc::is_streaming);
                if !is_stream {
                    let request = asked.rpc.map(|rpc| rpc.request);
                    message(&mut line, "request", request, &envelope.payload, schema);
                } else if asked.has_message {
                    let mut first = head.line();
                    let request = asked.rpc.map(|rpc| rpc.request);
                    message(&mut first, "request", request, &envelope.payload, schema);
                    // Nobody waits for the line.
                    drop(self.recorder.send(first.line()));
                }
                metadata(&mut line, &envelope.metadata);
                if envelope.timeout_nano != 0 {
                    line.number("timeout_nano", envelope.timeout_nano);
                }
            }
        }
        Box::new(Call {
            head,
            rpc: asked.rpc,
            begun: Instant::now(),
            line: Some(line),
            faults: Vec::new(),
        })
    }

    fn is_last(&self, rpc: &Rpc) -> bool {
        (rpc.service, rpc.name) == LAST_CALL
    }
}

impl CallLog {
    /// A call is never answered.
    pub(crate) fn never(&self, call: &Never) {
        let head = Head {
            log: self.clone(),
            stream: call.stream,
            service: call.service.clone(),
            method: call.method.clone(),
        };
        let mut line = head.line();
        line.text("never_answered", &call.reason);
        drop(self.recorder.send(line.line()));
    }
}

/// What all lines of a call begin with.
struct Head {
    log: CallLog,
    stream: u32,
    service: String,
    method: String,
}

impl Head {
    fn line(&self) -> Object {
        let mut line = Object::default();
        line.number("version", VERSION);
        let now = humantime::format_rfc3339_micros(SystemTime::now());
        line.text("time", &now.to_string());
        line.number("connection", self.log.connection);
        line.number("stream", self.stream);
        if !self.service.is_empty() || !self.method.is_empty() {
            line.text("service", &self.service);
            line.text("method", &self.method);
        }
        line
    }
}

/// A call that is written down when it ends.
struct Call {
    head: Head,
    rpc: Option<&'static Rpc>,
    begun: Instant,
    /// Its line as far as it is known; `None` when it is written.
    line: Option<Object>,
    faults: Vec<&'static str>,
}

impl Record for Call {
    fn fault(&mut self, kind: FaultKind, _: bool) {
        self.faults.push(kind.name());
    }

    fn message(&mut self, from: Side, payload: &[u8]) -> Option<Written> {
        let recorder = &self.head.log.recorder;
        let mut line = self.head.line();
        let (name, ty) = match from {
            Side::Client => ("request", self.rpc.map(|rpc| rpc.request)),
            Side::Server => ("response", self.rpc.map(|rpc| rpc.response)),
        };
        message(&mut line, name, ty, payload, recorder.schema);
        Some(recorder.send(line.line()))
    }

    fn end(&mut self, answer: Answer<'_>) -> Option<Written> {
        let mut line = self.line.take()?;
        let recorder = &self.head.log.recorder;
        match answer {
            Answer::None => {}
            Answer::StreamEnd => line.object("status", status(0, "")),
            Answer::Response(response) => {
                let code = response.status.code.value();
                line.object("status", status(code, &response.status.message));
                if code == 0 {
                    let ty = self.rpc.map(|rpc| rpc.response);
                    message(
                        &mut line,
                        "response",
                        ty,
                        &response.payload,
                        recorder.schema,
                    );
                }
            }
        }
        Some(recorder.send(self.finished(line)))
    }
}

impl Call {
    fn finished(&self, mut line: Object) -> Vec<u8> {
        line.number("duration_us", self.begun.elapsed().as_micros());
        if !self.faults.is_empty() {
            line.texts("faults", &self.faults);
        }
        line.line()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(mut line) = self.line.take() {
            line.bool("given_up", true);
            drop(self.head.log.recorder.send(self.finished(line)));
        }
    }
}

/// Adds a message, or its bytes and why they are none.
fn message(
    line: &mut Object,
    name: &str,
    ty: Option<&'static Message>,
    payload: &[u8],
    schema: &'static Schema,
) {
    let told = match ty {
        None => Err("this build has no such RPC".to_owned()),
        Some(ty) => {
            let mut message = (ty.new)();
            // Exactly: the agent reads some bytes as a message that are none.
            let read = decode(message.as_mut(), payload);
            let read = read.map_err(|error| format!("not a valid {}: {error}", ty.full_name));
            read.and_then(|()| line.message(name, message.as_ref(), schema))
        }
    };
    if let Err(reason) = told {
        line.text("error", &reason);
        line.text("payload", &hex::digits(payload));
    }
}

fn metadata(line: &mut Object, entries: &[KeyValue]) {
    let mut lists = BTreeMap::<&str, Vec<&str>>::new();
    for entry in entries {
        lists.entry(&entry.key).or_default().push(&entry.value);
    }
    let mut object = Object::default();
    for (key, list) in lists {
        object.texts(key, &list);
    }
    line.object("metadata", object);
}

fn status(code: i32, message: &str) -> Object {
    let mut object = Object::default();
    object.number("code", code);
    if let Some(code) = Code::from_i32(code) {
        object.text("name", &format!("{code:?}"));
    }
    if !message.is_empty() {
        object.text("message", message);
    }
    object
}
