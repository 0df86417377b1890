//! The parts of `kata-agent-ctl`: a proto-driven command line that makes any
//! ttRPC call to a Kata Containers agent. Data goes one way: the words of a
//! command, a request, a call, a printed response.

// The printing macros panic when nobody reads; `log::say` and `session::Output` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod auto;
pub mod bench;
pub mod builtin;
pub mod cli;
pub mod client;
pub mod command;
pub mod complete;
pub mod duration;
pub mod error;
pub mod examples;
mod generated;
pub mod input;
pub mod interrupt;
pub mod live;
pub mod log;
pub mod man;
pub mod printer;
pub mod prompt;
pub mod recipes;
pub mod request;
mod run;
pub mod schema;
pub mod session;
pub mod shell;
pub mod sim;
pub mod standard_output;
pub mod transport;

pub use run::run;

/// The API this build knows.
pub fn schema() -> &'static schema::Schema {
    &generated::SCHEMA
}
