//! What an agent with a policy answers to a request.

use std::io;
use std::process::Command;
use std::time::Duration;

use agent_schema::Schema;

use crate::audit::{self, Findings};
use crate::engine::{Rego, Verdict};
use crate::judge::{Judge, JudgeError};
use crate::request::{Given, Request, is_silent};
use crate::trace::{Reason, Stops};

/// What is said of a denied request.
pub(crate) const BLOCKED: &str = "is blocked by policy";
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

/// Why a request is refused.
#[derive(Debug, Default)]
pub struct Why {
    /// The reasons, the shortest first.
    pub reasons: Vec<Reason>,
    /// Why they cannot be found out.
    pub unknown: Option<String>,
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
        if let Some(failure) = request.failure {
            return Ok(Some(Refusal::of_its_own(
                request,
                INTERNAL,
                failure.to_owned(),
            )));
        }
        let verdict = self.judge.allow(&request.rule, &request.input)?;
        let refusal = Refusal::by_policy(request, verdict);
        let Some(policy) = request.policy.as_ref().filter(|_| refusal.is_none()) else {
            return Ok(refusal);
        };
        match self.judge.set_policy(policy, self.rego) {
            Ok(_) => Ok(None),
            Err(JudgeError::NotTaken { error, .. }) => {
                Ok(Some(Refusal::of_its_own(request, INVALID_ARGUMENT, error)))
            }
            Err(error) => Err(error),
        }
    }

    /// How it would refuse each of the requests that were given, as [`Agent::answer`] says of
    /// one. The first error is the last that `each` is given.
    ///
    /// # Errors
    /// What `each` gives, after which it is not asked anything more.
    pub fn answer_each<E>(
        &mut self,
        mut given: &[Given],
        mut each: impl FnMut(&Given, Result<Option<Refusal>, JudgeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let asked: Vec<_> = given.iter().map_while(asked_beside_others).collect();
            let (together, rest) = given.split_at(asked.len());
            let questions = asked.iter().map(|it| (it.rule.as_str(), it.input.as_ref()));
            let mut answered = together.iter().zip(&asked);
            let mut has_failed = false;
            self.judge.allow_each(questions, |verdict| {
                has_failed = verdict.is_err();
                answered.next().map_or(Ok(()), |(given, request)| {
                    each(
                        given,
                        verdict.map(|verdict| Refusal::by_policy(request, verdict)),
                    )
                })
            })?;
            let Some((alone, rest)) = rest.split_first().filter(|_| !has_failed) else {
                return Ok(());
            };
            let answer = self.ask(alone);
            has_failed = answer.is_err();
            each(alone, answer)?;
            if has_failed {
                return Ok(());
            }
            given = rest;
        }
    }

    /// Whether it would carry out a request; its state stays as it is.
    pub(crate) fn would_allow(&mut self, request: &Request) -> Result<bool, JudgeError> {
        let verdict = self.judge.would_allow(&request.rule, &request.input)?;
        Ok(verdict == Verdict::Allowed)
    }

    /// Why its policy does not allow a request, the shortest reason first.
    pub(crate) fn reasons(&mut self, request: &Request) -> Result<Vec<Reason>, JudgeError> {
        self.judge.why(&request.rule, &request.input)
    }

    /// How it would refuse a request that was given, if it does; a call that no policy is asked
    /// about it does not.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn ask(&mut self, given: &Given) -> Result<Option<Refusal>, JudgeError> {
        let case = given.case.as_ref();
        case.map_or(Ok(None), |case| self.answer(&case.request))
    }

    /// Whether another policy, or none, is there after a request that came out so.
    pub fn sets_policy(given: &Given, refusal: Option<&Refusal>) -> bool {
        let case = given.case.as_ref();
        case.is_some_and(|case| case.request.policy.is_some())
            && refusal.is_none_or(|refusal| !refusal.is_by_policy)
    }

    /// Why its policy does not allow a request, if it is the policy that refuses it.
    ///
    /// # Errors
    /// When the policy does not come to an end.
    pub fn why(&mut self, given: &Given, refusal: &Refusal) -> Result<Why, JudgeError> {
        let mut why = Why::default();
        if let Some(case) = given.case.as_ref().filter(|_| refusal.is_by_policy) {
            match self.reasons(&case.request) {
                Ok(reasons) => why.reasons = reasons,
                Err(JudgeError::Cannot(error)) => why.unknown = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok(why)
    }

    /// Which changes of a request its policy allows as well, if it allows the request, and how it
    /// would refuse the request, if it does. `done` is told how many have been tried. Its state
    /// is then that after the request alone.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn audit(
        &mut self,
        schema: &'static Schema,
        given: &Given,
        done: impl FnMut(usize, usize),
    ) -> Result<(Option<Refusal>, Option<Findings>), JudgeError> {
        let Some(case) = &given.case else {
            return Ok((None, None));
        };
        let request = &case.request;
        let findings = match self.would_allow(request)? {
            true => Some(audit::audit(&mut self.judge, schema, request, done)?),
            false => None,
        };
        Ok((self.answer(request)?, findings))
    }

    /// What it tells of the policy that it printed from these lines, in this order.
    ///
    /// # Errors
    /// When the policy cannot be read for it.
    pub fn stops(&mut self, lines: Vec<u32>) -> Result<Stops, JudgeError> {
        self.judge.stops(lines)
    }
}

/// A request that may be on the way beside others. One that sets another policy may not: those
/// after it are asked of that one.
fn asked_beside_others(given: &Given) -> Option<&Request> {
    let request = &given.case.as_ref()?.request;
    let is_plain = request.failure.is_none() && request.policy.is_none();
    is_plain.then_some(request)
}

impl Refusal {
    /// The refusal that a policy's verdict is, if it is one.
    fn by_policy(request: &Request, verdict: Verdict) -> Option<Self> {
        let (status, message) = match verdict {
            Verdict::Allowed => return None,
            Verdict::Denied(prints) => {
                let message = format!("{} {BLOCKED}: {prints}", request.rule);
                (PERMISSION_DENIED, message)
            }
            Verdict::Failed(message) => (INTERNAL, message),
        };
        Some(Self {
            is_quoted: true,
            is_by_policy: true,
            ..Self::of_its_own(request, status, message)
        })
    }

    /// One in which the policy has no part.
    fn of_its_own(request: &Request, status: (i32, &'static str), message: String) -> Self {
        Self {
            status,
            message,
            is_quoted: false,
            is_silent: is_silent(&request.rule),
            is_by_policy: false,
        }
    }

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
    pub(crate) fn as_sent(&self) -> String {
        match self.is_quoted {
            true => format!("{:?}", self.message),
            false => self.message.clone(),
        }
    }
}

/// What the policy of an agent said to a request, as its answer tells: the message of its status,
/// and whether there is anything in it. None where that tells nothing.
pub fn verdict_of(rule: &str, message: &str, has_payload: bool) -> Option<bool> {
    let failed = format!("{rule}: internal error ");
    if message.contains(BLOCKED) || message.contains(&failed) {
        return Some(false);
    }
    // What is denied in silence is answered as what has nothing to say.
    (!is_silent(rule) || has_payload).then_some(true)
}
