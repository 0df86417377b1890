//! The parts of `kata-agent-ctl`.

pub mod printer;
pub mod schema;
pub mod sim;
