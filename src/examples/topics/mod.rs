//! The texts of the examples, by what they are about.

mod agent;
mod bundles;
mod containers;
mod guest;
#[cfg(feature = "node")]
mod node;
mod scripting;
mod testing;

use super::{Example, STREAMING, Topic};

/// Every topic, in the order in which `examples` lists them.
pub(super) static ALL: &[&[Topic]] = &[
    agent::TOPICS,
    containers::TOPICS,
    bundles::TOPICS,
    guest::TOPICS,
    #[cfg(feature = "node")]
    node::TOPICS,
    testing::TOPICS,
    scripting::TOPICS,
];
