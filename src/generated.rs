//! What the build made of the proto files: their message structs and the table
//! over them. Only the table is to be used; which messages there are depends on
//! the build. With the project's own files the typed clients are there too.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

#[cfg(own_protos)]
include!(concat!(env!("OUT_DIR"), "/clients.rs"));

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests;
