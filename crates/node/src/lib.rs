//! The Kata sandboxes of a host: which there are, whose pods they are, which containers they
//! have, and where their agents listen. All of it is found in the files and sockets that both
//! runtimes and the container managers keep below `/run`; nothing is asked of a cluster.
//!
//! Nothing that is read here is trusted. A file may be half written, huge, of another kind, or
//! made by somebody who wants to mislead; then less is known of a sandbox, and that is all.
//!
//! ```
//! use std::time::Duration;
//!
//! use agent_node::Host;
//!
//! let survey = Host::new("/").survey(Duration::from_millis(300));
//! for sandbox in &survey.sandboxes {
//!     println!("{} {}", sandbox.id, sandbox.state().name());
//! }
//! ```

#![forbid(unsafe_code)]

mod bundle;
mod host;
mod monitor;
mod process;
mod record;
mod runtime;
mod sandbox;
mod select;
mod user;

pub use bundle::{Container, Pod};
pub use host::{Host, Unread};
pub use monitor::ShimAnswer;
pub use process::Process;
pub use runtime::Runtime;
pub use sandbox::{Sandbox, State, Survey};
pub use select::SelectError;
pub use user::{User, UserError};
