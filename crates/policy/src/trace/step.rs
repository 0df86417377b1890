//! What is told of why a rule was not true.

use serde::{Deserialize, Serialize};

/// Why a rule was not true: the way from the rule that was asked to the expression that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// From the rule that was asked to the innermost expression, which is the last.
    pub steps: Vec<Step>,
}

/// An expression that was not true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The rule that it stands in.
    pub rule: String,
    /// Where it begins in the policy, from 1.
    pub line: u32,
    /// The column there, from 1.
    pub column: u32,
    /// The expression, on one line.
    pub text: String,
    /// What its parts were: what was compared, or the arguments of a call.
    pub values: Vec<Part>,
    /// What is to be said of it.
    pub what: What,
    /// How many choices of elements failed here; the values are those of the first.
    pub tried: usize,
    /// Whether it is so whatever is asked: nothing of the request or of the state has a part in it.
    pub is_fixed: bool,
    /// The line of the definition that holds, of what stands after `not`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<u32>,
    /// The engine's error, if it ended the evaluation here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A part of an expression and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The part as the policy has it.
    pub text: String,
    /// Its value as JSON; none if it is undefined.
    pub value: Option<String>,
}

/// What became of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It is false.
    False,
    /// It has no value.
    Undefined,
    /// It stands after `not`, and holds.
    Holds,
    /// What it is given is not of the form that it takes apart.
    NoMatch,
    /// It is an equation that no values of its variables solve.
    Unsolved,
    /// There is nothing to choose from.
    Empty,
    /// This is what the rule gave.
    Refused,
    /// Its evaluation ended with an error.
    Error,
    /// No definition of the rule was evaluated.
    NotEvaluated,
    /// It is a function, of which no request is asked.
    Function,
    /// The policy has no rule of this name.
    NoRule,
}
