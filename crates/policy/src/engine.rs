//! The engine as an agent has it: the same crate, the same settings, the same answers.
//! It runs whatever policy it is given, so it belongs in a process of its own
//! ([`crate::worker`]).

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use regorus::{PolicyLengthConfig, Value};
use serde::{Deserialize, Serialize};

/// The file that policies are said to stand in, in what they print and in errors.
pub(crate) const FILE: &str = "agent_policy";
/// The package that an agent looks for rules in.
pub(crate) const PACKAGE: &str = "data.agent_policy";
/// Whether a policy wants requests allowed that it fails to decide.
pub(crate) const ALLOW_FAILURES: &str = "AllowRequestsFailingPolicy";

/// The longest line that an agent takes, in characters.
const MAX_LINE: NonZeroU32 = NonZeroU32::new(64 * 1024).unwrap();
/// The largest policy that an agent takes, in bytes.
const MAX_BYTES: NonZeroUsize = NonZeroUsize::new(16 * 1024 * 1024).unwrap();
/// The most lines that an agent takes.
const MAX_LINES: NonZeroUsize = NonZeroUsize::new(200_000).unwrap();

/// Which Rego a policy is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Rego {
    /// As agents before 3.29 read it: rules need no `if`.
    V0,
    /// As current agents read it.
    #[default]
    V1,
}

/// What a policy says about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The agent would carry it out.
    Allowed,
    /// It would refuse it; this is what the policy printed, joined by blanks.
    Denied(String),
    /// The policy does not decide it; this is the agent's error.
    Failed(String),
}

/// A result that is more than a bool.
#[derive(Deserialize)]
struct Decision {
    allowed: bool,
    ops: Option<json_patch::Patch>,
}

/// An agent's engine with its policy and the policy's state.
pub(crate) struct Engine {
    inner: regorus::Engine,
    rego: Rego,
    allow_failures: bool,
}

impl Engine {
    /// An engine without a policy.
    pub(crate) fn new(rego: Rego) -> Self {
        Self {
            inner: bare(rego, MAX_LINE, MAX_BYTES),
            rego,
            allow_failures: false,
        }
    }

    /// Replaces the policy and forgets the state. A policy that does not parse leaves none, and
    /// whether failures are allowed stays as it was.
    ///
    /// # Errors
    /// The agent's error.
    pub(crate) fn set_policy(&mut self, text: String) -> Result<(), String> {
        self.inner = bare(self.rego, MAX_LINE, MAX_BYTES);
        let added = self.inner.add_policy(FILE.to_owned(), text);
        added.map_err(|error| format!("{error:?}"))?;
        let (asked, _) = self.allow(ALLOW_FAILURES, "{}", true);
        self.allow_failures = asked == Verdict::Allowed;
        Ok(())
    }

    /// How it reads policies.
    pub(crate) fn rego(&self) -> Rego {
        self.rego
    }

    /// Whether requests that the policy fails to decide are allowed.
    pub(crate) fn allows_failures(&self) -> bool {
        self.allow_failures
    }

    /// The state as JSON.
    pub(crate) fn state(&self) -> String {
        self.inner.get_data().to_string()
    }

    /// Puts back a state that [`Engine::state`] gave.
    pub(crate) fn set_state(&mut self, state: &str) -> Result<(), String> {
        self.inner.clear_data();
        let added = self.inner.add_data_json(state);
        added.map_err(|error| error.to_string())
    }

    /// Asks the rule called `rule` about a request, and tells whether the state has changed,
    /// which a patch in the result does if `keep` is set.
    pub(crate) fn allow(&mut self, rule: &str, input: &str, keep: bool) -> (Verdict, bool) {
        let mut has_changed = false;
        let asked = self.ask(rule, input, keep, &mut has_changed);
        let verdict = asked
            .unwrap_or_else(|error| Verdict::Failed(format!("{rule}: internal error {error}")));
        (verdict, has_changed)
    }

    fn ask(
        &mut self,
        rule: &str,
        input: &str,
        keep: bool,
        has_changed: &mut bool,
    ) -> Result<Verdict, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        self.inner.set_input_json(input).map_err(|e| words(&e))?;
        let query = format!("{PACKAGE}.{rule}");
        let results = self.inner.eval_query(query, false).map_err(|e| words(&e))?;
        let prints = match self.inner.take_prints() {
            Ok(prints) => prints.join(" "),
            Err(error) => format!("Failed to get policy log: {error}"),
        };
        let [result] = results.result.as_slice() else {
            return match self.allow_failures {
                true => Ok(Verdict::Allowed),
                false => Err(format!(
                    "policy check: unexpected eval_query result len {results:?}"
                )),
            };
        };
        let [expression] = result.expressions.as_slice() else {
            return Err(format!(
                "policy check: unexpected eval_query result expressions {results:?}"
            ));
        };
        let allowed = match &expression.value {
            Value::Bool(allowed) => *allowed,
            value @ Value::Object(_) => {
                let decision = serde_json::from_str::<Decision>(&value.to_string());
                let decision = decision.map_err(|e| words(&e))?;
                if let Some(ops) = decision.ops.filter(|_| decision.allowed && keep) {
                    self.patch(&ops)?;
                    *has_changed = true;
                }
                decision.allowed
            }
            _ => {
                return Err(format!(
                    "policy check: unexpected eval_query result type {results:?}"
                ));
            }
        };
        Ok(match allowed || self.allow_failures {
            true => Verdict::Allowed,
            false => Verdict::Denied(prints),
        })
    }

    /// Changes the state.
    fn patch(&mut self, ops: &json_patch::Patch) -> Result<(), String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let mut state = serde_json::to_value(self.inner.get_data()).map_err(|e| words(&e))?;
        json_patch::patch(&mut state, ops).map_err(|e| words(&e))?;
        self.set_state(&state.to_string())
    }
}

/// regorus with an agent's settings, and the limits of a policy's length.
pub(crate) fn bare(
    rego: Rego,
    max_col: NonZeroU32,
    max_file_bytes: NonZeroUsize,
) -> regorus::Engine {
    let mut engine = regorus::Engine::new();
    engine.set_rego_v0(rego == Rego::V0);
    engine.set_strict_builtin_errors(false);
    engine.set_gather_prints(true);
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col,
        max_file_bytes,
        max_lines: MAX_LINES,
    });
    let state = BTreeMap::from([(Value::from("pstate"), Value::new_object())]);
    let added = engine.add_data(Value::from(state));
    debug_assert!(added.is_ok(), "any object is taken as data");
    engine
}

/// Whether a text is a policy.
pub(crate) fn parses(text: &str, rego: Rego) -> bool {
    let mut engine = bare(rego, MAX_LINE, MAX_BYTES);
    let added = engine.add_policy(FILE.to_owned(), text.to_owned());
    added.is_ok()
}
