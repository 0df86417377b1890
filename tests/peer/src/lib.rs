//! A server of the agent's API on a Unix socket, made the way the real agent
//! is: typed handlers over ttrpc-codegen's async stubs. It records what it
//! decoded and answers what a test tells it to. It shares no code with the
//! tool it is called by, so that a mistake there cannot hide here.

// Not forbidden: what ttrpc-codegen makes allows it, and has none.
#![deny(unsafe_code)]

mod answer;
mod full;
mod peer;
pub mod protos;
mod shim;
mod table;
pub mod text;

pub use answer::Answer;
pub use full::{full, missing_fields, unknown_fields};
pub use peer::{Peer, Received};
pub use protobuf;
pub use shim::{Ended, play};
pub use table::{Rpc, files, rpcs};
