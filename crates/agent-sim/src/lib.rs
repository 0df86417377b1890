//! A simulated agent: answers every RPC of a schema over real ttRPC, inside this
//! process ([`connect`]) or on a socket that it is handed ([`serve`]). Messages are
//! reached by the schema's names and never by a generated type, so that it runs
//! with any proto.

#![warn(unreachable_pub)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod agent;
#[forbid(unsafe_code)]
mod behaviour;
#[forbid(unsafe_code)]
mod change;
#[forbid(unsafe_code)]
mod fields;
#[forbid(unsafe_code)]
mod handlers;
mod hangup;
#[forbid(unsafe_code)]
mod host;
#[forbid(unsafe_code)]
mod in_process;
#[forbid(unsafe_code)]
mod notice;
#[forbid(unsafe_code)]
mod options;
#[forbid(unsafe_code)]
mod private;
mod process;
#[forbid(unsafe_code)]
mod record;
#[forbid(unsafe_code)]
mod refusal;
mod relay;
#[forbid(unsafe_code)]
mod root;
#[forbid(unsafe_code)]
mod serve;
#[forbid(unsafe_code)]
mod state;
mod streams;
mod unary;
mod watch;

#[cfg(test)]
mod tests;

pub use agent::Agent;
pub use in_process::connect;
pub use notice::Notice;
pub use options::{Feature, FeatureError, GuestOptions};
pub use root::{Root, RootError};
pub use serve::{ServeError, Setup, serve};
