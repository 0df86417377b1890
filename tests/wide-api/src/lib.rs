//! A proto API that has what Kata's has not: every scalar type under every
//! label, every type of map key, oneofs of everything, and the messages of
//! `google.protobuf` that have a JSON form of their own.

#![forbid(unsafe_code)]

// Generated code finds the table's types and macros at the root of its crate.
use agent_schema as schema;
use agent_schema::{oneof_clear, oneof_get, oneof_get_mut};

mod generated {
    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}

/// The services, messages and enums of this API.
pub fn schema() -> &'static schema::Schema {
    &generated::SCHEMA
}
