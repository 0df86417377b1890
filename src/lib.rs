//! The parts of `kata-agent-ctl`: a proto-driven command line that makes any
//! ttRPC call to a Kata Containers agent. Data goes one way: the words of a
//! command, a request, a call, a printed response.

#![warn(unreachable_pub)]
// The printing macros panic when nobody reads; `log::say` and `session::Output` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

#[forbid(unsafe_code)]
pub mod auto;
#[forbid(unsafe_code)]
pub mod builtin;
#[forbid(unsafe_code)]
pub mod cli;
#[forbid(unsafe_code)]
pub mod complete;
#[forbid(unsafe_code)]
pub mod conveniences;
#[forbid(unsafe_code)]
pub mod error;
#[forbid(unsafe_code)]
pub mod examples;
#[forbid(unsafe_code)]
#[allow(unreachable_pub, reason = "generated for any place in a crate")]
mod generated;
#[forbid(unsafe_code)]
pub mod input;
#[forbid(unsafe_code)]
pub mod log;
#[forbid(unsafe_code)]
pub mod man;
#[forbid(unsafe_code)]
mod progress;
#[forbid(unsafe_code)]
pub mod prompt;
#[forbid(unsafe_code)]
pub mod request;
#[forbid(unsafe_code)]
mod run;
#[cfg(feature = "sim")]
pub mod serve;
#[forbid(unsafe_code)]
pub mod session;
#[forbid(unsafe_code)]
pub mod shell;
#[forbid(unsafe_code)]
pub mod standard_output;
#[cfg(own_protos)]
#[forbid(unsafe_code)]
pub mod typed;

pub use agent_client as client;
pub use agent_client::{interrupt, transport};
pub use agent_schema::{self as schema, command, printer};
#[cfg(feature = "sim")]
pub use agent_sim as sim;
pub use agent_text::{self as text, duration};
pub use agent_wire as wire;
pub use run::run;

/// The API this build knows.
pub fn schema() -> &'static schema::Schema {
    &generated::SCHEMA
}

/// The programs on the page about the library, which `cargo test` compiles and runs.
#[cfg(all(doctest, feature = "sim", own_protos))]
#[doc = include_str!("../docs/library.md")]
struct LibraryPage;
