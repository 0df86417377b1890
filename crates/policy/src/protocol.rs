//! What is asked of an engine's process and what it answers: each one line of JSON.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::engine::{Rego, Verdict};
use crate::trace::{Constants, Reason, Stops};

/// A question.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question<'a> {
    /// Take this policy; with a state, it is one that was taken before.
    Policy {
        text: String,
        rego: Rego,
        state: Option<String>,
    },
    /// Is the request allowed?
    Allow {
        rule: String,
        #[serde(borrow)]
        input: &'a RawValue,
        /// Whether the policy may change its state.
        keep: bool,
    },
    /// Why is it not?
    Why {
        rule: String,
        #[serde(borrow)]
        input: &'a RawValue,
    },
    /// Where did rules stop that printed from these lines?
    Stops { lines: Vec<u32> },
    /// Which values stand in the policy and in its state?
    Constants,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The process has its limits.
    Ready,
    /// The policy was taken.
    Taken {
        /// Whether requests that the policy fails to decide are allowed.
        allow_failures: bool,
    },
    /// The policy was not taken: the agent's error, and whether it is one that an agent to 3.28
    /// takes.
    NotTaken {
        error: String,
        is_v0: bool,
    },
    Verdict {
        verdict: Verdict,
        /// The state, if it changed.
        state: Option<String>,
    },
    Why(Vec<Reason>),
    Stops(Stops),
    Constants(Constants),
    /// Why there is no answer.
    Cannot(String),
}
