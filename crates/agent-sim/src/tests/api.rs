//! A small API stated by hand: one message type, that of ttRPC's own metadata
//! entries, and an RPC of each streaming kind.

use protobuf::{Message as _, UnknownFields};
use ttrpc::proto::KeyValue;

use agent_schema::{
    Field, FieldOptions, Label, Message, Reflect, Rpc, Scalar, Schema, Service, Slot, Type, Value,
    ValueMut, Wire,
};

pub(super) const SERVICE: &str = "test.Small";
pub(super) const HEALTH: &str = "grpc.Health";
pub(super) const AGENT: &str = "grpc.AgentService";

pub(super) static SCHEMA: Schema = Schema {
    services: &[
        &service(
            SERVICE,
            &[
                // The method of another service, which has behaviour.
                rpc(SERVICE, "CreateContainer", false, false),
                rpc(SERVICE, "Plain", false, false),
                rpc(SERVICE, "Down", false, true),
                rpc(SERVICE, "Up", true, false),
                rpc(SERVICE, "Both", true, true),
            ],
        ),
        // Their types are other ones than those of the agent.
        &service(HEALTH, &[rpc(HEALTH, "Check", false, false)]),
        &service(AGENT, &[rpc(AGENT, "DestroySandbox", false, false)]),
    ],
    messages: &[&PAIR],
    enums: &[],
    files: &["small.proto"],
    source: "test",
    hash: "0000000000000000",
    changes: "",
};

const fn service(full_name: &'static str, rpcs: &'static [Rpc]) -> Service {
    Service {
        full_name,
        file: "small.proto",
        doc: "",
        deprecated: false,
        rpcs,
    }
}

const fn rpc(
    service: &'static str,
    name: &'static str,
    client_streaming: bool,
    server_streaming: bool,
) -> Rpc {
    Rpc {
        service,
        file: "small.proto",
        name,
        doc: "",
        deprecated: false,
        request: &PAIR,
        response: &PAIR,
        client_streaming,
        server_streaming,
    }
}

static PAIR: Message = Message {
    full_name: "test.Pair",
    file: "small.proto",
    doc: "",
    deprecated: false,
    fields: &[text_field("key", 1), text_field("value", 2)],
    oneofs: &[],
    new: || Box::new(Pair::default()),
};

const fn text_field(name: &'static str, number: u32) -> Field {
    Field {
        name,
        json_name: name,
        number,
        label: Label::Singular,
        ty: Type::Scalar(Scalar::String),
        oneof: None,
        doc: "",
        options: FieldOptions::NONE,
    }
}

/// An entry of ttRPC's metadata, as a message of the API.
#[derive(Debug, Default, Clone)]
struct Pair(KeyValue);

impl Reflect for Pair {
    fn descriptor(&self) -> &'static Message {
        &PAIR
    }
    fn get(&self, index: usize) -> Option<Value<'_>> {
        match index {
            0 => Slot::get(&self.0.key),
            1 => Slot::get(&self.0.value),
            _ => None,
        }
    }
    fn get_mut(&mut self, index: usize) -> Option<ValueMut<'_>> {
        match index {
            0 => Some(Slot::get_mut(&mut self.0.key)),
            1 => Some(Slot::get_mut(&mut self.0.value)),
            _ => None,
        }
    }
    fn clear(&mut self, index: usize) {
        match index {
            0 => self.0.key.clear(),
            1 => self.0.value.clear(),
            _ => {}
        }
    }
}

impl Wire for Pair {
    fn encode_into(&self, buffer: &mut Vec<u8>) -> protobuf::Result<()> {
        self.0.write_to_vec(buffer)
    }
    fn merge_from(&mut self, bytes: &[u8]) -> protobuf::Result<()> {
        self.0.merge_from_bytes(bytes)
    }
    fn unknown_fields_mut(&mut self) -> &mut UnknownFields {
        self.0.mut_unknown_fields()
    }
    fn clone_boxed(&self) -> Box<dyn Reflect> {
        Box::new(self.clone())
    }
}
