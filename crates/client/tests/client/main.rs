//! The client on real sockets: against peers that speak raw bytes, for every
//! state that a connection can be in, and against the ttrpc crate's server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod connecting;
mod hybrid;
mod interop;
mod lost;
mod multiplexer;
mod peer;
mod server;
mod streams;
mod unary;
mod violations;
