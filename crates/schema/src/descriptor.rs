//! The static description of a proto API: services, RPCs, messages, fields and
//! enums, as the generated table states them.

use crate::reflect::Reflect;

/// The root of the generated table: everything in the API of a build.
#[derive(Debug)]
pub struct Schema {
    /// Every service, in the order of the proto files' names, then of declaration.
    pub services: &'static [&'static Service],
    /// Every message that has a table, sorted by full name.
    pub messages: &'static [&'static Message],
    /// Every enum that has a table, sorted by full name.
    pub enums: &'static [&'static Enum],
    /// The proto files read, relative to their folder, sorted.
    pub files: &'static [&'static str],
    /// Where the proto files came from: `protos` or the folder named at build time.
    pub source: &'static str,
    /// A hash over the names and contents of the proto files, 16 hex digits.
    pub hash: &'static str,
    /// What releases of the API changed, as `changes.txt` beside the proto files says; empty
    /// without that file. [`crate::history`] reads it.
    pub changes: &'static str,
}

/// A service and its RPCs.
#[derive(Debug)]
pub struct Service {
    /// Name with its package: `grpc.AgentService`.
    pub full_name: &'static str,
    /// The proto file that declares it.
    pub file: &'static str,
    /// Doc comment, without comment marks; empty if there is none.
    pub doc: &'static str,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// The RPCs in the order of declaration.
    pub rpcs: &'static [Rpc],
}

/// One RPC of a service.
#[derive(Debug)]
pub struct Rpc {
    /// Full name of the service it belongs to.
    pub service: &'static str,
    /// The proto file that declares it.
    pub file: &'static str,
    /// Method name as on the wire.
    pub name: &'static str,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// The message that a client sends.
    pub request: &'static Message,
    /// The message that a server answers.
    pub response: &'static Message,
    /// Whether the client sends any number of requests.
    pub client_streaming: bool,
    /// Whether the server sends any number of responses.
    pub server_streaming: bool,
}

impl Rpc {
    /// Whether either side streams.
    pub fn is_streaming(&self) -> bool {
        self.client_streaming || self.server_streaming
    }

    /// `package.Service/Method`, the name that only this RPC has.
    pub fn path(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }
}

/// One message type.
#[derive(Debug)]
pub struct Message {
    /// Name with package and outer messages: `grpc.VolumeUsage`.
    pub full_name: &'static str,
    /// The proto file that declares it.
    pub file: &'static str,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// The fields in the order of declaration; [`Reflect`] counts them likewise.
    pub fields: &'static [Field],
    /// The real oneofs (none for a proto3 `optional`), in the order of declaration.
    pub oneofs: &'static [Oneof],
    /// An empty value of this type.
    pub new: fn() -> Box<dyn Reflect>,
}

impl Message {
    /// The name without its package and outer messages.
    pub fn name(&self) -> &'static str {
        last_segment(self.full_name)
    }
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// The proto's own name.
    pub name: &'static str,
    /// The name in ProtoJSON (lowerCamelCase or the proto's `json_name`).
    pub json_name: &'static str,
    /// Field number on the wire.
    pub number: u32,
    /// How many values it holds and whether presence is tracked.
    pub label: Label,
    /// Type of a value; of an element for a list; of a value for a map.
    pub ty: Type,
    /// Index into [`Message::oneofs`] when the field is a member of one.
    pub oneof: Option<usize>,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
    /// What the proto says of it beyond that.
    pub options: FieldOptions,
}

/// What a proto may say of a field beyond its name, type and label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldOptions {
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// Whether each message must have it: proto2's `required`.
    pub required: bool,
    /// Its value where a message does not have it, as proto2 can say; the text as it is
    /// in the descriptor.
    pub default: Option<&'static str>,
}

impl FieldOptions {
    /// None of them.
    pub const NONE: Self = Self {
        deprecated: false,
        required: false,
        default: None,
    };
}

impl Field {
    /// The type as a proto file declares it, label included: `repeated string`.
    pub fn declared_type(&self) -> String {
        let ty = self.ty.name();
        match self.label {
            Label::Singular => ty.to_owned(),
            Label::Optional if self.options.required => format!("required {ty}"),
            Label::Optional => format!("optional {ty}"),
            Label::Repeated => format!("repeated {ty}"),
            Label::Map(key) => format!("map<{}, {ty}>", key.name()),
        }
    }

    /// Whether "unset" and "at its default" differ for this field: `optional`
    /// fields, oneof members and singular messages.
    pub fn has_presence(&self) -> bool {
        match self.label {
            Label::Optional => true,
            Label::Singular => self.oneof.is_some() || matches!(self.ty, Type::Message(_)),
            Label::Repeated | Label::Map(_) => false,
        }
    }
}

/// How many values a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// One value without a marker of its own (a oneof member is singular too).
    Singular,
    /// proto3 `optional`, or any singular field of a proto2 message.
    Optional,
    /// A list.
    Repeated,
    /// A map with keys of this type.
    Map(Scalar),
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// A scalar.
    Scalar(Scalar),
    /// An open enum.
    Enum(&'static Enum),
    /// A message.
    Message(&'static Message),
}

impl Type {
    /// The type's name as a proto file writes it, qualified with its package.
    pub fn name(&self) -> &'static str {
        match self {
            Type::Scalar(scalar) => scalar.name(),
            Type::Enum(enumeration) => enumeration.full_name,
            Type::Message(message) => message.full_name,
        }
    }
}

/// The scalar types of proto3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are protobuf's own")]
pub enum Scalar {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
}

impl Scalar {
    /// The keyword in a proto file.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Double => "double",
            Scalar::Float => "float",
            Scalar::Int32 => "int32",
            Scalar::Int64 => "int64",
            Scalar::Uint32 => "uint32",
            Scalar::Uint64 => "uint64",
            Scalar::Sint32 => "sint32",
            Scalar::Sint64 => "sint64",
            Scalar::Fixed32 => "fixed32",
            Scalar::Fixed64 => "fixed64",
            Scalar::Sfixed32 => "sfixed32",
            Scalar::Sfixed64 => "sfixed64",
            Scalar::Bool => "bool",
            Scalar::String => "string",
            Scalar::Bytes => "bytes",
        }
    }
}

/// A oneof of a message.
#[derive(Debug)]
pub struct Oneof {
    /// The proto's own name.
    pub name: &'static str,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
}

/// One enum type.
#[derive(Debug)]
pub struct Enum {
    /// Name with package and outer messages: `grpc.VolumeUsage.Unit`.
    pub full_name: &'static str,
    /// The proto file that declares it.
    pub file: &'static str,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
    /// The values in the order of declaration; numbers may repeat (`allow_alias`).
    pub values: &'static [EnumValue],
}

impl Enum {
    /// The first name declared for `number`.
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        let value = self.values.iter().find(|value| value.number == number)?;
        Some(value.name)
    }
}

/// One value of an enum.
#[derive(Debug)]
pub struct EnumValue {
    /// The proto's own name.
    pub name: &'static str,
    /// Number on the wire.
    pub number: i32,
    /// Doc comment; empty if there is none.
    pub doc: &'static str,
    /// Whether the proto calls it deprecated.
    pub deprecated: bool,
}

fn last_segment(full_name: &'static str) -> &'static str {
    full_name.rsplit('.').next().unwrap_or(full_name)
}
