//! A proto API that has what Kata's has not: every scalar type under every
//! label, every type of map key, oneofs of everything, and the messages of
//! `google.protobuf` that have a JSON form of their own.

#![forbid(unsafe_code)]

#[expect(unreachable_pub, reason = "only its table is used here")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}

/// The services, messages and enums of this API.
pub fn schema() -> &'static agent_schema::Schema {
    &generated::SCHEMA
}
