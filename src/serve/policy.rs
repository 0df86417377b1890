//! The policy of a served agent, asked by the engine that agents have.

use std::io;
use std::process::Command;
use std::time::Duration;

use agent_policy::{Judge, JudgeError, Rego, Request, Verdict};
use agent_sim::Policy;

use crate::log::say;
use crate::schema::Schema;

/// How long a policy may take for one request.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The engine, with the policy that it was given.
#[derive(Debug)]
pub(crate) struct Engine {
    schema: &'static Schema,
    program: fn() -> io::Result<Command>,
    judge: Judge,
    policy: Given,
}

/// Which policy there is.
#[derive(Debug)]
enum Given {
    /// That of an agent which has just been started: everything is allowed.
    First,
    /// What was set, or none if that was not a policy.
    Set,
}

impl Engine {
    /// An engine for the requests of `schema`, which runs in a process of `program`.
    pub(crate) fn new(schema: &'static Schema, program: fn() -> io::Result<Command>) -> Engine {
        Engine {
            schema,
            program,
            judge: Judge::new(program, TIMEOUT),
            policy: Given::First,
        }
    }

    /// The request that some bytes are.
    fn request(&self, name: &str, payload: &[u8]) -> Result<Request, String> {
        let mut messages = self.schema.messages.iter();
        let message = messages.find(|message| message.full_name == name);
        let message = message.ok_or_else(|| format!("this build has no {name}"))?;
        let mut request = (message.new)();
        let merged = request.merge_from(payload);
        merged.map_err(|error| error.to_string())?;
        Request::of(request.as_ref()).map_err(|error| error.to_string())
    }
}

impl Policy for Engine {
    fn forget(&mut self) {
        self.judge = Judge::new(self.program, TIMEOUT);
        self.policy = Given::First;
    }

    fn set(&mut self, text: &str) -> Result<(), String> {
        // One that is not taken leaves none, which the engine knows.
        self.policy = Given::Set;
        match self.judge.set_policy(text, Rego::V1) {
            Ok(_) => Ok(()),
            Err(JudgeError::NotTaken { error, is_v0, .. }) => {
                // The caller gets the agent's own error, which does not say it.
                if is_v0 {
                    say(
                        "warning: this policy is Rego v0, which agents to 3.28 take and this one \
                         does not: its rules need \"if\"",
                    );
                }
                Err(error)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn judge(&mut self, name: &str, payload: &[u8]) -> agent_sim::Verdict {
        if matches!(self.policy, Given::First) {
            return agent_sim::Verdict::Allowed;
        }
        // The agent shows these errors in quotes.
        let failed = |error: String| agent_sim::Verdict::Failed(format!("{error:?}"));
        let request = match self.request(name, payload) {
            Ok(request) => request,
            Err(error) => return failed(error),
        };
        let rule = &request.rule;
        if let Some(failure) = request.failure {
            return agent_sim::Verdict::Failed(failure.to_owned());
        }
        match self.judge.allow(rule, &request.input) {
            Ok(Verdict::Allowed) => agent_sim::Verdict::Allowed,
            Ok(Verdict::Denied(printed)) => agent_sim::Verdict::Denied(printed),
            Ok(Verdict::Failed(error)) => failed(error),
            Err(error) => failed(format!("{rule}: internal error {error}")),
        }
    }
}
