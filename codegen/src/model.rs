//! What the table says: the descriptors that matter at run time, with the
//! proto's own names and comments, and the names of the structs beside them.
//! Knows nothing of how the table is written down.

mod build;

use crate::rename::Access;

/// Everything that one table says.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// By file name, then in the order of declaration.
    pub services: Vec<Service>,
    /// By full name.
    pub messages: Vec<Message>,
    /// By full name.
    pub enums: Vec<Enum>,
    /// The files that were on disk.
    pub files: Vec<String>,
    pub hash: String,
    /// Modules of message structs.
    pub modules: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub ident: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub rpcs: Vec<Rpc>,
}

#[derive(Debug)]
pub(crate) struct Rpc {
    pub name: String,
    pub doc: String,
    /// Statics of the two messages.
    pub request: String,
    pub response: String,
    pub client_streaming: bool,
    pub server_streaming: bool,
}

#[derive(Debug)]
pub(crate) struct Message {
    /// The static in the table.
    pub ident: String,
    /// The struct, from the module that holds all files' modules.
    pub path: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub name: String,
    pub json_name: String,
    pub number: i32,
    pub label: Label,
    pub ty: Type,
    pub oneof: Option<usize>,
    pub doc: String,
    pub access: Access,
}

#[derive(Debug)]
pub(crate) struct Oneof {
    pub name: String,
    pub doc: String,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub ident: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub values: Vec<EnumValue>,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub name: String,
    pub number: i32,
    pub doc: String,
}

#[derive(Debug)]
pub(crate) enum Label {
    Singular,
    Optional,
    Repeated,
    /// With keys of this scalar type.
    Map(&'static str),
}

#[derive(Debug)]
pub(crate) enum Type {
    /// The variant of the run time's `Scalar`.
    Scalar(&'static str),
    /// The static.
    Enum(String),
    /// The static.
    Message(String),
}
