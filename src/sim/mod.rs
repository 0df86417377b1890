//! The simulated agent: answers every RPC of a schema over real ttRPC, inside
//! this process (`sim://`) or on an address of its own (`serve`). It knows the
//! schema's types and names and never a generated type, so it runs with any
//! proto; it knows nothing of the client or of flags.

mod agent;
mod behaviour;
mod change;
mod control;
mod faults;
mod fields;
mod handlers;
mod hangup;
mod host;
mod in_process;
mod listen;
mod options;
mod private;
mod process;
mod record;
mod refusal;
mod relay;
mod root;
mod serve;
mod state;
mod streams;
mod unary;
mod watch;

#[cfg(test)]
mod tests;

pub use faults::{FaultError, Faults, Kind as FaultKind};
pub use in_process::connect;
pub use listen::BindError;
pub use options::{Feature, FeatureError, GuestOptions};
pub use root::{Root, RootError};
pub use serve::{ServeError, ServeOptions, serve};
