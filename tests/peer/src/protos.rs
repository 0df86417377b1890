//! The generated message structs and service stubs, one module per proto file.

#![expect(
    clippy::unwrap_used,
    clippy::allow_attributes_without_reason,
    reason = "the modules are generated"
)]

include!(concat!(env!("OUT_DIR"), "/protos.rs"));
