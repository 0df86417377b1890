//! The parts of `kata-agent-ctl`: a proto-driven command line that makes any
//! ttRPC call to a Kata Containers agent. Data goes one way: the words of a
//! command, a request, a call, a printed response.

#![deny(unsafe_code)]
// The printing macros panic when nobody reads; `log::say` and `session::Output` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod cli;
#[cfg(feature = "node")]
mod doctor;
#[allow(unreachable_pub, reason = "generated for any place in a crate")]
mod generated;
#[cfg(any(feature = "sim", feature = "tap"))]
mod listen;
mod man;
#[cfg(feature = "node")]
mod probe;
mod prompt;
#[cfg(any(feature = "sim", feature = "tap"))]
pub mod rules;
mod run;
#[cfg(feature = "sim")]
mod serve;
mod shell;
#[cfg(any(feature = "sim", feature = "tap"))]
mod signals;
pub mod statuses;
#[cfg(own_protos)]
pub mod typed;

pub use agent_client as client;
pub use agent_client::{interrupt, transport};
pub use agent_complete as complete;
pub use agent_examples as examples;
#[cfg(feature = "node")]
pub use agent_exec as exec;
pub use agent_report::{error, log, progress, standard_output};
pub use agent_request::{self as request, auto, conveniences, input};
pub use agent_schema::{self as schema, command, history, printer};
pub use agent_session::{self as session, builtin};
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
