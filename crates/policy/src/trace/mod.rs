//! Why a rule was not true: the policy is evaluated once more with calls in it that tell what
//! each statement came to, and the expression that failed is looked for in what they told.

mod activation;
mod constants;
mod equation;
mod fixed;
mod given;
mod instrument;
mod origin;
mod pattern;
mod reason;
mod reference;
mod silent;
mod source;
mod step;
mod stops;
mod syntax;
#[cfg(test)]
mod tests;
mod traced;
mod values;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};

use regorus::Value;
use regorus::unstable::{Module, Ref};

pub(crate) use constants::Constants;
pub use step::{Part, Reason, Step, What};
pub use stops::{Line, Stop, Stops};

use self::activation::{Activations, Event};
use self::instrument::{ENTER, PART, PROBE, TELL};
use self::reason::World;
use self::traced::Traced;
use crate::engine::{self, Rego};

/// How many things an evaluation may tell; what comes after that is not looked at.
const MAX_EVENTS: usize = 2_000_000;

/// How often a policy is evaluated at most to find which of its statements have no value.
const MAX_ROUNDS: usize = 4;

/// A policy that can tell what it does.
pub(crate) struct Tracer {
    module: Ref<Module>,
    rego: Rego,
    /// The policy with the calls in it, and what they tell, once it was needed.
    round: Option<Round>,
}

/// What the values tell that a call was made with.
type ToEvent = fn(&[Value]) -> Option<Event>;

/// A policy with calls in it, ready to run.
struct Round {
    traced: Traced,
    engine: regorus::Engine,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Tracer {
    /// Prepares a policy that the agent takes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn new(text: &str, rego: Rego) -> Result<Self, String> {
        let mut plain = engine::bare(rego, NonZeroU32::MAX, NonZeroUsize::MAX);
        let added = plain.add_policy(engine::FILE.to_owned(), text.to_owned());
        added.map_err(|error| error.to_string())?;
        let module = plain.get_modules().first().cloned();
        Ok(Self {
            module: module.ok_or("there is no policy")?,
            rego,
            round: None,
        })
    }

    /// What it tells of the policy that it printed from these lines, in this order.
    pub(crate) fn stops(&self, lines: &[u32]) -> Stops {
        stops::stops(&self.module, lines)
    }

    /// The values that stand in the policy, and in this state.
    pub(crate) fn constants(&self, state: &serde_json::Value) -> Constants {
        Constants::of(&self.module, state)
    }

    /// Why the rule called `rule` is not true of a request, in the state given as JSON.
    ///
    /// # Errors
    /// When it cannot be read with the calls in it, or not be evaluated.
    pub(crate) fn why(
        &mut self,
        rule: &str,
        input: &str,
        state: &str,
    ) -> Result<Vec<Reason>, String> {
        // With the calls in it the engine may take what it refuses without them, and the places
        // of its error would be others.
        if let Some(error) = self.error(rule, input, state) {
            return Ok(vec![error]);
        }
        let round = match &mut self.round {
            Some(round) => round,
            none => none.insert(Round::new(&self.module, self.rego, &BTreeSet::new())?),
        };
        let (mut reasons, mut doubts) = round.reasons(rule, input, state)?;
        // A statement that is undefined tells nothing. Where several told nothing, another
        // evaluation finds out which of them it was.
        let mut probed = BTreeSet::new();
        for _ in 1..MAX_ROUNDS {
            if doubts.is_subset(&probed) {
                break;
            }
            probed.append(&mut doubts);
            // What is known already is told where no more can be found out.
            let round = Round::new(&self.module, self.rego, &probed);
            let found = round.and_then(|mut round| round.reasons(rule, input, state));
            let Ok(found) = found else { break };
            (reasons, doubts) = found;
        }
        Ok(reasons)
    }

    /// The error that ends the evaluation of the rule, if one does.
    fn error(&self, rule: &str, input: &str, state: &str) -> Option<Reason> {
        let text = self.module.package.refr.span().source.contents();
        let mut engine = engine::bare(self.rego, NonZeroU32::MAX, NonZeroUsize::MAX);
        engine
            .add_policy(engine::FILE.to_owned(), text.clone())
            .ok()?;
        engine.clear_data();
        engine.add_data_json(state).ok()?;
        engine.set_input_json(input).ok()?;
        let query = format!("{}.{rule}", engine::PACKAGE);
        let error = engine.eval_query(query, false).err()?;
        given::of_error(rule, text, &error.to_string())
    }
}

impl Round {
    fn new(module: &Module, rego: Rego, probed: &BTreeSet<usize>) -> Result<Self, String> {
        let traced = Traced::new(module, probed);
        let mut engine = engine::bare(rego, NonZeroU32::MAX, NonZeroUsize::MAX);
        let added = engine.add_policy(engine::FILE.to_owned(), traced.text.clone());
        added.map_err(|error| error.to_string())?;
        let events = Arc::new(Mutex::new(Vec::new()));
        let calls: [(&str, u8, ToEvent); 4] = [
            (ENTER, 2, |values| {
                let arguments = values.get(1)?.as_array().ok()?;
                Some(Event::Enter(index(values, 0)?, arguments.clone()))
            }),
            (TELL, 2, |values| {
                Some(Event::Tell(index(values, 0)?, values.get(1)?.clone()))
            }),
            (PART, 3, |values| {
                let (statement, part) = (index(values, 0)?, index(values, 1)?);
                Some(Event::Part(statement, part, values.get(2)?.clone()))
            }),
            (PROBE, 2, |values| {
                let found = values.get(1)?.as_array().ok()?;
                Some(Event::Probe(index(values, 0)?, !found.is_empty()))
            }),
        ];
        for (name, takes, event) in calls {
            let events = Arc::clone(&events);
            let told = move |mut values: Vec<Value>| {
                if let Some(event) = event(&values) {
                    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                    if events.len() < MAX_EVENTS {
                        events.push(event);
                    }
                }
                Ok(match name {
                    ENTER | PROBE => Value::from(true),
                    _ => values.pop().unwrap_or(Value::Undefined),
                })
            };
            let added = engine.add_extension(traced.name(name), takes, Box::new(told));
            added.map_err(|error| error.to_string())?;
        }
        Ok(Self {
            traced,
            engine,
            events,
        })
    }

    /// The reasons, and the statements of which it is not known whether they have a value.
    fn reasons(
        &mut self,
        rule: &str,
        input: &str,
        state: &str,
    ) -> Result<(Vec<Reason>, BTreeSet<usize>), String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        self.engine.clear_data();
        self.engine.add_data_json(state).map_err(|e| words(&e))?;
        self.engine.set_input_json(input).map_err(|e| words(&e))?;
        let query = format!("{}.{rule}", engine::PACKAGE);
        let evaluated = self.engine.eval_query(query, false);
        let _ = self.engine.take_prints();
        let events = {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *events)
        };
        evaluated.map_err(|e| words(&e))?;
        let done = Activations::read(&self.traced, events);
        let input = Value::from_json_str(input).map_err(|e| words(&e))?;
        let state = Value::from_json_str(state).map_err(|e| words(&e))?;
        let engine = RefCell::new(&mut self.engine);
        let value_of = |rule: &str| {
            let query = format!("{}.{rule}", engine::PACKAGE);
            let results = engine.borrow_mut().eval_query(query, false).ok()?;
            let value = &results.result.first()?.expressions.first()?.value;
            Some(value.clone()).filter(|value| *value != Value::Undefined)
        };
        let world = World {
            input: &input,
            state: &state,
            rule: &value_of,
        };
        let reasons = reason::reasons(&self.traced, &done, rule, &world);
        // What was told meanwhile is of no evaluation that is asked about.
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.clear();
        Ok(reasons)
    }
}

fn index(values: &[Value], place: usize) -> Option<usize> {
    usize::try_from(values.get(place)?.as_u64().ok()?).ok()
}
