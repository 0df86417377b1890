//! The table of the agent's own API, whatever protos the tool is built from.

#![forbid(unsafe_code)]

#[expect(unreachable_pub, reason = "only its table is used here")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/table.rs"));
}

/// The services, messages and enums of the agent.
pub fn schema() -> &'static agent_schema::Schema {
    &generated::SCHEMA
}
