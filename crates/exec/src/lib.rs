//! Running a process in a container through its agent alone, as `docker exec` does: its standard
//! streams are this process's, signals reach it, and its exit status comes back.

#![deny(unsafe_code)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod calls;
mod detach;
mod flow;
mod process;
mod pump;
mod signals;
mod streams;
mod terminal;

/// The exit status of what could not be run.
pub const NOT_RUN: u8 = 125;

pub use detach::{DetachKeys, DetachKeysError};
pub use flow::{Ended, exec};
pub use process::{Exec, Process, environment};
