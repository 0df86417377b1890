//! What a user is told. An error ends a command with one message and an exit status; log lines
//! and progress go to standard error; what was asked for goes to standard output.

#![forbid(unsafe_code)]
// The printing macros panic when nobody reads; `log::say` and `standard_output::write` do not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod error;
pub mod log;
pub mod progress;
pub mod standard_output;
