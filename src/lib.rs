//! The parts of `kata-agent-ctl`.

pub mod client;
mod generated;
pub mod interrupt;
pub mod printer;
pub mod schema;
pub mod sim;
pub mod transport;

/// The services, messages and enums that this build knows.
pub fn schema() -> &'static schema::Schema {
    &generated::SCHEMA
}
