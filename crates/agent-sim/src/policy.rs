//! The policy of an agent that has one. What judges requests by it is brought by whoever starts
//! the agent.

use std::fmt::Debug;

/// Judges requests by a policy, which is one that allows everything at first.
pub trait Policy: Debug + Send + Sync {
    /// What the policy says of a call; `request` is its encoded message. It may take its time.
    fn permit(&self, service: &str, method: &str, request: &[u8]) -> Verdict;

    /// Takes another policy.
    ///
    /// # Errors
    /// Why it is none, as an agent tells it. There is none then.
    fn replace(&self, text: &str) -> Result<(), String>;

    /// Begins anew, as an agent that is started again.
    fn begin_anew(&self);
}

/// What a policy says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Allowed,
    /// It may not: the agent's message.
    Denied(String),
    /// The policy does not decide it: the agent's message.
    Failed(String),
}
