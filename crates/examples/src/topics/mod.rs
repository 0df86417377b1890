//! The texts of the examples, by what they are about.

/// The beginning of a command that pipes the least `config.json` to another one, with which an
/// agent makes a container of a program that it finds by its PATH. The other takes it as `spec=-`,
/// so that no file is made.
macro_rules! bundle {
    ($program:literal $(, $word:literal)*) => {
        concat!(
            "\n",
            r#"$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":[""#,
            $program,
            $(r#"",""#, $word,)*
            r#""],"env":["PATH=/bin:/usr/bin"]},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}]}' \"#,
            "\n    | ",
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
