//! From what passed on connections to the records of it: requests and answers are decoded, and
//! each answer gets the name of the RPC whose request had its stream.

use std::collections::HashMap;
use std::time::SystemTime;

use agent_client::CallError;
use agent_schema::{Message, Rpc, Schema};
use agent_wire::{Content, Fields};

use crate::conversation::{Direction, FLAG_NO_DATA, Frame, FrameType, Piece};
use crate::decoded::{self, MOST_FIELDS, has_many_fields, status_of};
use crate::queue::Loss;
use crate::recording::{Kind, Lost, Payload, Record, Status};

/// How many open calls are remembered. The answers to further ones are shown without a name.
const MOST_OPEN: usize = 1 << 14;
/// How much of a name that this build does not know is kept, in characters.
const LONGEST_NAME: usize = 200;

/// Something on a connection.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The connection, counted from 1.
    pub(crate) connection: u64,
    /// When it happened.
    pub(crate) time: SystemTime,
    /// What happened.
    pub(crate) what: What,
}

/// What happens on a connection.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It was made.
    Open {
        /// By whom to where.
        text: String,
    },
    /// Something was said.
    Said(Direction, Piece),
    /// A rule was applied to the call on this stream.
    Fault {
        stream: u32,
        /// The rule's kind.
        kind: &'static str,
        /// Whether the call gets to the agent all the same.
        passes: bool,
    },
    /// So much is missing, of whichever connections.
    Lost(Loss),
    /// It has ended.
    Close {
        /// Bytes that went to the agent.
        to_agent: u64,
        /// Bytes that came from the agent.
        to_runtime: u64,
        /// Why, if not by one of the two sides.
        reason: Option<String>,
    },
}

/// Makes records of events.
#[derive(Debug)]
pub(crate) struct Recorder {
    schema: &'static Schema,
    /// The calls without an answer, by connection and stream.
    open: HashMap<(u64, u32), Open>,
}

/// What is known of a call while it has no answer.
#[derive(Debug)]
struct Open {
    name: Name,
    /// The kinds of the rules that were applied to it.
    faults: Vec<String>,
    kept_from_agent: Option<bool>,
}

/// What an RPC is called.
#[derive(Debug, Clone)]
enum Name {
    Known(&'static Rpc),
    Other { service: String, method: String },
}

impl Recorder {
    /// Makes records in which what `schema` has is decoded.
    pub(crate) fn new(schema: &'static Schema) -> Recorder {
        Recorder {
            schema,
            open: HashMap::new(),
        }
    }

    /// The record of an event.
    pub(crate) fn record(&mut self, event: Event) -> Record {
        let Event {
            connection,
            time,
            what,
        } = event;
        let of = |kind| Record {
            connection: Some(connection),
            ..Record::new(time, kind)
        };
        match what {
            What::Open { text } => Record {
                text: Some(text),
                ..of(Kind::Open)
            },
            What::Lost(loss) => Recorder::lost(time, loss),
            What::Fault {
                stream,
                kind,
                passes,
            } => {
                let mut record = of(Kind::Fault);
                record.stream = Some(stream);
                record.faults = vec![kind.to_owned()];
                record.kept_from_agent = (!passes).then_some(true);
                if let Some(open) = self.open.get_mut(&(connection, stream)) {
                    open.name.tell(&mut record);
                    open.faults.push(kind.to_owned());
                    open.kept_from_agent = open.kept_from_agent.or(record.kept_from_agent);
                }
                record
            }
            What::Said(direction, Piece::Handshake(line)) => Record {
                direction: Some(direction),
                text: Some(line),
                ..of(Kind::Handshake)
            },
            What::Said(direction, Piece::Other { bytes, reason }) => Record {
                direction: Some(direction),
                error: reason,
                payload: Some(Payload(bytes)),
                ..of(Kind::Bytes)
            },
            What::Said(direction, Piece::LeftOut(bytes)) => Record {
                direction: Some(direction),
                lost: Some(Lost {
                    frames: 1,
                    bytes: bytes as u64,
                }),
                ..of(Kind::Lost)
            },
            What::Said(direction, Piece::Frame(frame)) => {
                let mut record = of(match frame.frame_type {
                    FrameType::Request => Kind::Request,
                    FrameType::Response => Kind::Response,
                    FrameType::Data => Kind::Data,
                });
                record.direction = Some(direction);
                record.stream = Some(frame.stream_id);
                record.flags = (frame.flags != 0).then_some(frame.flags);
                match frame.frame_type {
                    FrameType::Request => self.request(connection, frame, &mut record),
                    FrameType::Response => self.response(connection, frame, &mut record),
                    FrameType::Data => self.data(connection, direction, frame, &mut record),
                }
                record
            }
            What::Close {
                to_agent,
                to_runtime,
                reason,
            } => {
                self.open.retain(|(of, _), _| *of != connection);
                Record {
                    bytes_to_agent: Some(to_agent),
                    bytes_to_runtime: Some(to_runtime),
                    text: reason,
                    ..of(Kind::Close)
                }
            }
        }
    }

    /// The record of what is missing.
    pub(crate) fn lost(time: SystemTime, loss: Loss) -> Record {
        Record {
            lost: Some(Lost {
                frames: loss.items,
                bytes: loss.bytes,
            }),
            ..Record::new(time, Kind::Lost)
        }
    }

    fn request(&mut self, connection: u64, frame: Frame, record: &mut Record) {
        if has_many_fields(&frame.data) {
            record.error = Some(format!(
                "a request with more than {MOST_FIELDS} fields is not decoded"
            ));
            record.payload = Some(Payload(frame.data));
            return;
        }
        let request = match agent_client::decode_request(&frame.data) {
            Ok(request) => request,
            Err(error) => {
                record.error = Some(format!("the request is not ttRPC: {error}"));
                record.payload = Some(Payload(frame.data));
                return;
            }
        };
        let payload = request.payload.to_vec();
        let name = Name::find(self.schema, request.service, request.method);
        name.tell(record);
        record.timeout_nano = (request.timeout_nano != 0).then_some(request.timeout_nano);
        record.metadata = request.metadata;
        match &name {
            // Its messages come in data frames.
            Name::Known(rpc) if rpc.client_streaming && payload.is_empty() => {}
            Name::Known(rpc) => self.decode(rpc.request, payload, record),
            Name::Other { .. } => {
                record.error = Some("this build does not have the RPC".to_owned());
                record.payload = Some(Payload(payload));
            }
        }
        if self.open.len() < MOST_OPEN {
            let open = Open {
                name,
                faults: Vec::new(),
                kept_from_agent: None,
            };
            self.open.insert((connection, frame.stream_id), open);
        }
    }

    fn response(&mut self, connection: u64, frame: Frame, record: &mut Record) {
        let open = self.open.remove(&(connection, frame.stream_id));
        let name = open.map(|open| {
            open.name.tell(record);
            record.faults = open.faults;
            record.kept_from_agent = open.kept_from_agent;
            open.name
        });
        if let Ok(Some((1, Content::Bytes(status)))) = Fields::of(&frame.data).next_field()
            && has_many_fields(status)
        {
            record.error = Some(format!(
                "a status with more than {MOST_FIELDS} fields is not decoded"
            ));
            record.payload = Some(Payload(frame.data));
            return;
        }
        match agent_client::decode_response(&frame.data) {
            Ok(payload) => {
                record.status = Some(Status::ok());
                match name {
                    // The end of a stream has no message.
                    Some(Name::Known(rpc)) if rpc.server_streaming && payload.is_empty() => {}
                    Some(Name::Known(rpc)) => self.decode(rpc.response, payload, record),
                    _ => record.payload = Some(Payload(payload)),
                }
            }
            Err(CallError::Status(status)) => record.status = Some(status_of(self.schema, status)),
            Err(error) => {
                record.error = Some(error.to_string());
                record.payload = Some(Payload(frame.data));
            }
        }
    }

    fn data(&mut self, connection: u64, direction: Direction, frame: Frame, record: &mut Record) {
        let name = self.open.get(&(connection, frame.stream_id)).map(|open| {
            open.name.tell(record);
            if direction == Direction::ToRuntime {
                record.faults.clone_from(&open.faults);
            }
            open.name.clone()
        });
        if frame.flags & FLAG_NO_DATA != 0 && frame.data.is_empty() {
            return;
        }
        match (name, direction) {
            (Some(Name::Known(rpc)), Direction::ToAgent) => {
                self.decode(rpc.request, frame.data, record);
            }
            (Some(Name::Known(rpc)), Direction::ToRuntime) => {
                self.decode(rpc.response, frame.data, record);
            }
            _ => record.payload = Some(Payload(frame.data)),
        }
    }

    /// Puts a payload and what it says into a record.
    fn decode(&self, message: &'static Message, payload: Vec<u8>, record: &mut Record) {
        decoded::put(self.schema, message, payload, record);
    }
}

/// The RPC of this name, exactly as on the wire.
pub(crate) fn rpc_of(schema: &Schema, service: &str, method: &str) -> Option<&'static Rpc> {
    let service = schema
        .services
        .iter()
        .find(|each| each.full_name == service)?;
    service.rpcs.iter().find(|rpc| rpc.name == method)
}

impl Name {
    fn find(schema: &Schema, service: &str, method: &str) -> Name {
        match rpc_of(schema, service, method) {
            Some(rpc) => Name::Known(rpc),
            None => Name::Other {
                service: service.chars().take(LONGEST_NAME).collect(),
                method: method.chars().take(LONGEST_NAME).collect(),
            },
        }
    }

    fn tell(&self, record: &mut Record) {
        let (service, method) = match self {
            Name::Known(rpc) => (rpc.service, rpc.name),
            Name::Other { service, method } => (&service[..], &method[..]),
        };
        record.service = Some(service.to_owned());
        record.method = Some(method.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoded::decoded;

    #[test]
    fn a_message_of_very_many_fields_is_kept_as_it_came() {
        let schema = agent_api::schema();
        let message = rpc_of(schema, "grpc.AgentService", "CreateContainer").unwrap();
        let message = message.request;
        let number_of = |name: &str| {
            let field = message.fields.iter().find(|field| field.name == name);
            field.unwrap().number
        };
        let empty = |number: u32, count: usize| {
            let mut one = Vec::new();
            agent_wire::put_bytes(number, b"", &mut one);
            one.repeat(count)
        };
        let storages = number_of("storages");
        assert!(decoded(schema, message, &empty(storages, 1000)).is_ok());
        let error = decoded(schema, message, &empty(storages, MOST_FIELDS + 1))
            .err()
            .unwrap();
        assert_eq!(
            error,
            "a grpc.CreateContainerRequest with more than 131072 fields is not decoded"
        );
        // Wherever they stand.
        let mut within = Vec::new();
        agent_wire::put_bytes(number_of("OCI"), &empty(3, MOST_FIELDS), &mut within);
        assert!(decoded(schema, message, &within).is_err());

        // What a request and a status have beside the message.
        let mut status = Vec::new();
        agent_wire::put_bytes(1, &empty(3, MOST_FIELDS + 1), &mut status);
        for (frame_type, data) in [
            (FrameType::Request, empty(5, MOST_FIELDS + 1)),
            (FrameType::Response, status),
        ] {
            let frame = Frame {
                stream_id: 1,
                frame_type,
                flags: 0,
                data,
            };
            let event = Event {
                connection: 1,
                time: SystemTime::now(),
                what: What::Said(Direction::ToAgent, Piece::Frame(frame)),
            };
            let record = Recorder::new(schema).record(event);
            let error = record.error.unwrap();
            assert!(
                error.ends_with("more than 131072 fields is not decoded"),
                "{error}"
            );
            assert!(record.payload.is_some());
        }
    }
}
