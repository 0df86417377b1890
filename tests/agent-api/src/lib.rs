//! The API of the protos of this project, as a table like the tool's own.

#![forbid(unsafe_code)]

// Generated code finds the table's types and macros at the root of its crate.
use agent_schema as schema;
pub use agent_schema::{oneof_clear, oneof_get, oneof_get_mut};

mod generated {
    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}

/// The services, messages and enums of this API.
pub fn schema() -> &'static schema::Schema {
    &generated::SCHEMA
}
