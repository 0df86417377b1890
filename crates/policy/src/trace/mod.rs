//! Why a rule was not true: the policy is evaluated once more with calls in it that tell what
//! each statement came to, and the expression that failed is looked for in what they told.

mod activation;
mod instrument;
mod reason;
#[cfg(test)]
mod tests;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};

use regorus::Value;

pub use reason::{Part, Reason, Step, What};

use self::activation::{Activations, Event};
use self::instrument::{ENTER, PART, TELL, Traced};
use crate::engine::{self, Rego};

/// How many things an evaluation may tell; what comes after that is not looked at.
const MAX_EVENTS: usize = 2_000_000;

/// A policy that tells what it does.
pub(crate) struct Tracer {
    traced: Traced,
    engine: regorus::Engine,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Tracer {
    /// Prepares a policy that the agent takes.
    ///
    /// # Errors
    /// When it cannot be read with the calls in it.
    pub(crate) fn new(text: &str, rego: Rego) -> Result<Self, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let mut plain = engine::bare(rego, NonZeroU32::MAX, NonZeroUsize::MAX);
        let added = plain.add_policy(engine::FILE.to_owned(), text.to_owned());
        added.map_err(|error| words(&error))?;
        let module = plain.get_modules().first().cloned();
        let traced = Traced::new(module.ok_or("there is no policy")?.as_ref());
        let mut engine = engine::bare(rego, NonZeroU32::MAX, NonZeroUsize::MAX);
        let added = engine.add_policy(engine::FILE.to_owned(), traced.text.clone());
        added.map_err(|error| words(&error))?;
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = |event: fn(&[Value]) -> Option<Event>| {
            let events = Arc::clone(&events);
            move |mut values: Vec<Value>| {
                if let Some(event) = event(&values) {
                    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                    if events.len() < MAX_EVENTS {
                        events.push(event);
                    }
                }
                Ok(match values.len() {
                    1 => Value::from(true),
                    _ => values.pop().unwrap_or(Value::Undefined),
                })
            }
        };
        let add = |engine: &mut regorus::Engine, name: &str, takes, event| {
            let added = engine.add_extension(name.to_owned(), takes, Box::new(told(event)));
            added.map_err(|error| error.to_string())
        };
        add(&mut engine, ENTER, 1, |values| {
            Some(Event::Enter(index(values, 0)?))
        })?;
        add(&mut engine, TELL, 2, |values| {
            Some(Event::Tell(index(values, 0)?, values.get(1)?.clone()))
        })?;
        add(&mut engine, PART, 3, |values| {
            Some(Event::Part(
                index(values, 0)?,
                index(values, 1)?,
                values.get(2)?.clone(),
            ))
        })?;
        Ok(Self {
            traced,
            engine,
            events,
        })
    }

    /// Why the rule called `rule` is not true of a request, in the state given as JSON.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub(crate) fn why(
        &mut self,
        rule: &str,
        input: &str,
        state: &str,
    ) -> Result<Vec<Reason>, String> {
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
        Ok(reason::reasons(&self.traced, &done, rule))
    }
}

fn index(values: &[Value], place: usize) -> Option<usize> {
    usize::try_from(values.get(place)?.as_u64().ok()?).ok()
}
