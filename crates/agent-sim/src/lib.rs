//! A simulated agent: the services of agent 4.1 and the empty responses of any
//! other RPC of a schema, over real ttRPC, inside this process ([`connect`]) or on
//! connections that it is handed ([`Served`]).

#![deny(unsafe_code)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod agent;
mod behaviour;
mod call;
mod connection;
mod handshake;
mod in_process;
mod notice;
mod options;
mod policy;
mod process;
mod protos;
mod record;
mod recorded;
mod refusal;
mod root;
mod serve;
mod services;
mod state;
mod streams;
mod unary;

#[cfg(test)]
mod tests;

pub use in_process::{connect, connect_and_tell, runtime};
pub use notice::Never;
pub use options::{Feature, FeatureError, GuestOptions};
pub use policy::{Policy, Verdict};
pub use record::Failure;
pub use recorded::{Answer, Ending, Passed, Recorded, Turn};
pub use root::{Root, RootError};
pub use serve::{Served, Setup};
