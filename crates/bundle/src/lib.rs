//! What an agent's own messages say of a container, from where containers are
//! described: the `config.json` of an OCI bundle, and OCI images, which are unpacked
//! into a bundle first.
//!
//! A configuration is checked against the OCI runtime specification, and put into any
//! message by the names of its fields, so that it fits every release of the agent.

#![forbid(unsafe_code)]

mod check;
mod config;
mod guest;
#[cfg(feature = "image")]
pub mod image;
mod map;
mod path;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;

pub use config::{Bundle, Config, ConfigError, Notes, Part};
