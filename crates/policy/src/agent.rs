//! What an agent with a policy answers to a request.

use std::io;
use std::process::Command;
use std::time::Duration;

use agent_schema::Schema;

use crate::audit::{self, Findings};
use crate::engine::{Rego, Verdict};
use crate::judge::{Judge, JudgeError};
use crate::request::{Request, is_silent};
use crate::trace::{Reason, Stop};

/// The statuses that it answers with.
const OK: (i32, &str) = (0, "OK");
const PERMISSION_DENIED: (i32, &str) = (7, "PERMISSION_DENIED");
const INTERNAL: (i32, &str) = (13, "INTERNAL");
const INVALID_ARGUMENT: (i32, &str) = (3, "INVALID_ARGUMENT");

/// An agent, as far as its policy decides what it does.
#[derive(Debug)]
pub struct Agent {
    judge: Judge,
    rego: Rego,
    allows_failures: bool,
}

/// How an agent refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: (i32, &'static str),
    /// The agent's words.
    pub message: String,
    /// Whether they stand in quotes in the agent's status, with escapes.
    is_quoted: bool,
    /// Whether the caller is told nothing of it, and gets no data.
    pub is_silent: bool,
    /// Whether the policy is the reason: it denies the request, or does not decide it.
    pub is_by_policy: bool,
}

impl Agent {
    /// An agent with this policy, asked by processes that `program` makes, each answer within
    /// `timeout`.
    ///
    /// # Errors
    /// When an agent would not take the policy.
    pub fn new(
        program: fn() -> io::Result<Command>,
        timeout: Duration,
        policy: &str,
        rego: Rego,
    ) -> Result<Self, JudgeError> {
        let mut judge = Judge::new(program, timeout);
        let allows_failures = judge.set_policy(policy, rego)?;
        Ok(Self {
            judge,
            rego,
            allows_failures,
        })
    }

    /// Whether its policy lets it carry out what the policy fails to decide.
    pub fn allows_failures(&self) -> bool {
        self.allows_failures
    }

    /// How it would refuse a request, if it does. What it allows changes its state, and
    /// `SetPolicy` its policy.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn answer(&mut self, request: &Request) -> Result<Option<Refusal>, JudgeError> {
        let refusal = |status: (i32, &'static str), message: String| Refusal {
            status,
            message,
            is_quoted: true,
            is_silent: is_silent(&request.rule),
            is_by_policy: true,
        };
        let plain = |status, message| Refusal {
            is_quoted: false,
            is_by_policy: false,
            ..refusal(status, message)
        };
        if let Some(failure) = request.failure {
            return Ok(Some(plain(INTERNAL, failure.to_owned())));
        }
        let verdict = self.judge.allow(&request.rule, &request.input)?;
        Ok(match (verdict, &request.policy) {
            (Verdict::Denied(prints), _) => {
                let message = format!("{} is blocked by policy: {prints}", request.rule);
                Some(refusal(PERMISSION_DENIED, message))
            }
            (Verdict::Failed(message), _) => Some(refusal(INTERNAL, message)),
            (Verdict::Allowed, Some(policy)) => match self.judge.set_policy(policy, self.rego) {
                Ok(_) => None,
                Err(JudgeError::NotTaken { error, .. }) => Some(plain(INVALID_ARGUMENT, error)),
                Err(error) => return Err(error),
            },
            (Verdict::Allowed, None) => None,
        })
    }

    /// Whether it would carry out a request; its state stays as it is.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn would_allow(&mut self, request: &Request) -> Result<bool, JudgeError> {
        let verdict = self.judge.would_allow(&request.rule, &request.input)?;
        Ok(verdict == Verdict::Allowed)
    }

    /// Why its policy does not allow a request, the shortest reason first.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn why(&mut self, request: &Request) -> Result<Vec<Reason>, JudgeError> {
        self.judge.why(&request.rule, &request.input)
    }

    /// Which changes of an allowed request its policy allows as well; `done` is told how many
    /// have been tried.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn audit(
        &mut self,
        schema: &'static Schema,
        request: &Request,
        done: impl FnMut(usize, usize),
    ) -> Result<Findings, JudgeError> {
        audit::audit(&mut self.judge, schema, request, done)
    }

    /// Where rules stopped that printed from these lines of the policy, in this order.
    ///
    /// # Errors
    /// When the policy cannot be read for it.
    pub fn stops(&mut self, lines: Vec<u32>) -> Result<Vec<Stop>, JudgeError> {
        self.judge.stops(lines)
    }
}

impl Refusal {
    /// The code of the answer's status: a silent refusal has that of success.
    pub fn code(&self) -> i32 {
        self.answered().0
    }

    /// Its name.
    pub fn code_name(&self) -> &'static str {
        self.answered().1
    }

    fn answered(&self) -> (i32, &'static str) {
        match self.is_silent {
            true => OK,
            false => self.status,
        }
    }

    /// Whether the policy denies the request, and does not fail to decide it.
    pub fn is_denial(&self) -> bool {
        self.status == PERMISSION_DENIED
    }

    /// The message as it stands in the agent's status.
    pub fn as_sent(&self) -> String {
        match self.is_quoted {
            true => format!("{:?}", self.message),
            false => self.message.clone(),
        }
    }
}
