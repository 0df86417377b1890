//! The parts of `kata-agent-ctl`.

pub mod schema;
pub mod sim;
