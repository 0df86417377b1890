//! The messages and services of agent 4.1, one module per proto file.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    reason = "the modules are generated"
)]

include!(concat!(env!("OUT_DIR"), "/protos.rs"));
