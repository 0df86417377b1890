//! What the user is told while an agent is served.

use std::io;

/// Something that keeps clients from being served for a while.
#[derive(Debug, thiserror::Error)]
pub enum Notice {
    /// No more connections are accepted until one ends.
    #[error(
        "there are as many connections as the limit of open files allows; more wait until one ends"
    )]
    Full,
    /// A connection was not accepted. It is tried again.
    #[error("cannot accept a connection: {}; trying again", agent_text::reason(.0))]
    Accept(io::Error),
}

/// Tells the user.
pub(crate) type Notify = Box<dyn Fn(Notice) + Send>;
