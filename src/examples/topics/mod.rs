//! The texts of the examples, by what they are about.

/// A command that prints the least `config.json` with which an agent makes a container of a
/// program that it finds by its PATH. It is to be written to a file.
macro_rules! bundle {
    ($program:literal $(, $word:literal)*) => {
        concat!(
            r#"$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":[""#,
            $program,
            $(r#"",""#, $word,)*
            r#""],"env":["PATH=/bin:/usr/bin"]},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}]}'"#,
        )
    };
}

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
