//! The texts of the examples, by what they are about.

mod agent;
mod bundles;
mod containers;
mod guest;
mod scripting;
mod testing;

use super::{Example, STREAMING, Topic};

/// Every topic, in the order in which `examples` lists them.
pub(super) static ALL: [&[Topic]; 6] = [
    agent::TOPICS,
    containers::TOPICS,
    bundles::TOPICS,
    guest::TOPICS,
    testing::TOPICS,
    scripting::TOPICS,
];
