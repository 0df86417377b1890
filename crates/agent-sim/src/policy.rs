//! What judges requests, where the agent has a policy. Whoever runs the agent brings
//! it.

use std::fmt::Debug;

/// What a policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be answered.
    Allowed,
    /// It may not. This is what the policy printed.
    Denied(String),
    /// The policy does not decide it. This is the agent's error, as it shows it.
    Failed(String),
}

/// An agent's policy, which changes as the agent is told.
pub trait Policy: Debug + Send {
    /// Allows everything again, as an agent that has just been started.
    fn forget(&mut self);

    /// Takes another policy.
    ///
    /// # Errors
    /// Why the agent does not take it.
    fn set(&mut self, text: &str) -> Result<(), String>;

    /// Judges an encoded request, by the full name of its type.
    fn judge(&mut self, request: &str, payload: &[u8]) -> Verdict;
}
