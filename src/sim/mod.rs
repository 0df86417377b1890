//! The simulated agent: answers every RPC of a schema over real ttRPC, inside
//! this process (`sim://`) or on an address of its own (`serve`). It knows the
//! schema's types and names and never a generated type, so it runs with any
//! proto; it knows nothing of the client or of flags.

mod agent;
#[forbid(unsafe_code)]
mod behaviour;
#[forbid(unsafe_code)]
mod change;
#[forbid(unsafe_code)]
mod control;
#[forbid(unsafe_code)]
mod faults;
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
mod listen;
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
mod serve;
#[forbid(unsafe_code)]
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
