//! Running a process in a container through its agent alone, as `docker exec` does: its standard
//! streams are this process's, signals reach it, and its exit status comes back.

mod calls;
mod detach;
mod flow;
mod process;
mod pump;
mod signals;
mod streams;
mod terminal;

pub use detach::{DetachKeys, DetachKeysError};
pub use flow::{Ended, Exec, exec};
pub use process::{Process, environment};
