//! The parts of `kata-agent-ctl`.

pub mod client;
pub mod interrupt;
pub mod printer;
pub mod schema;
pub mod sim;
pub mod transport;
