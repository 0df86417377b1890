//! Rules that make calls go wrong because a user wants it: how they are written,
//! what they decide for each call, and the layer between two byte streams that
//! carries it out.

#![forbid(unsafe_code)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

mod budget;
mod calls;
mod control;
mod dice;
mod error;
mod grammar;
mod kind;
mod layer;
mod observer;
mod reply;
mod rule;
mod target;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_schema::command::{self, Hash};
use agent_schema::suggest::nearest;
use agent_schema::{Reflect, Rpc, Schema};

use self::dice::Dice;
use self::rule::{Effect, Fault, Rule};

pub use budget::{Budget, Share};
pub use calls::CallsError;
pub use control::Orders;
pub use error::FaultError;
pub use grammar::{Reader, ReaderError};
pub use kind::FaultKind;
pub use layer::{Budgets, End, Layer, Load};
pub use observer::{Answer, Asked, Observer, Record, Side, Written};

/// The rules of one agent, in their order.
#[derive(Debug)]
pub struct Faults {
    schema: &'static Schema,
    /// The RPCs by service and method.
    rpcs: HashMap<(&'static str, &'static str), &'static Rpc>,
    dice: Dice,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    /// Each with its number, which no other rule of this agent ever has.
    list: Vec<(u64, Rule)>,
    made: u64,
}

/// What is to happen to one call.
#[derive(Debug, Default)]
struct Decision {
    /// How long it waits first.
    delay: Option<Duration>,
    /// What becomes of it then. It goes its own way if there is none.
    fault: Option<Fault>,
}

impl Faults {
    /// No rules yet, for RPCs of `schema`. What happens by chance depends on
    /// `seed`, the rule's number and the call's.
    pub fn new(schema: &'static Schema, seed: u64) -> Faults {
        let rpcs = schema.services.iter().flat_map(|service| service.rpcs);
        Faults {
            schema,
            rpcs: rpcs.map(|rpc| ((rpc.service, rpc.name), rpc)).collect(),
            dice: Dice::new(seed),
            rules: Mutex::default(),
        }
    }

    /// Adds a rule behind the others, from what follows its kind.
    ///
    /// # Errors
    /// When it is no such rule.
    pub fn add(
        &self,
        kind: FaultKind,
        text: &str,
        hash: Hash,
        reader: &mut dyn Reader,
    ) -> Result<(), FaultError> {
        let rule = grammar::rule(self.schema, kind, text, hash, reader)?;
        let mut rules = self.rules();
        let number = rules.made;
        rules.made += 1;
        rules.list.push((number, rule));
        Ok(())
    }

    /// Adds the rule of a line that begins with its kind. Nothing for a line
    /// that is empty or a comment.
    ///
    /// # Errors
    /// When it is not a rule.
    pub fn add_line(&self, line: &str, reader: &mut dyn Reader) -> Result<(), FaultError> {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let (name, end) = command::name(text);
        let rest = text.get(end..).unwrap_or_default();
        match FaultKind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => self.add(kind, rest, Hash::Comment, reader),
            None => Err(unknown(
                name,
                FaultKind::ALL.into_iter().map(FaultKind::name),
            )),
        }
    }

    /// The seed, if a rule depends on it.
    pub fn seed_in_use(&self) -> Option<u64> {
        let rules = self.rules();
        let used = rules.list.iter().any(|(_, rule)| rule.by_chance());
        used.then(|| self.dice.seed())
    }

    /// The RPC of a service and a method, if the schema has it.
    pub(crate) fn rpc(&self, service: &str, method: &str) -> Option<&'static Rpc> {
        self.rpcs.get(&(service, method)).copied()
    }

    /// What is to happen to a call of `rpc`, or of one that the schema lacks,
    /// which is counted by every rule for such calls: the first rule that is for
    /// this one decides, and the first delay that is.
    fn decide(&self, rpc: Option<&Rpc>, payload: &[u8]) -> Decision {
        let read = OnceCell::new();
        let request = || read.get_or_init(|| request(rpc?, payload)).as_deref();
        let mut decision = Decision::default();
        for (number, rule) in &mut self.rules().list {
            if !rule.count(self.schema, self.dice, *number, rpc, &request) {
                continue;
            }
            let fault = match &rule.effect {
                Effect::Delay(time) => {
                    if decision.delay.is_none() {
                        decision.delay = Some(*time);
                        rule.applied += 1;
                    }
                    continue;
                }
                _ if decision.fault.is_some() => continue,
                Effect::Fault(fault) => fault.clone(),
                Effect::RandomGarbage(count) => {
                    let mut bytes = self.dice.bytes(*number, rule.seen, *count);
                    if let Some(first) = bytes.first_mut() {
                        // As a frame's, such a length is far above what is allowed.
                        *first |= 0x80;
                    }
                    Fault::Garbage(bytes)
                }
            };
            rule.applied += 1;
            decision.fault = Some(fault);
        }
        decision
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request of a call, if its bytes are one.
fn request(rpc: &Rpc, payload: &[u8]) -> Option<Box<dyn Reflect>> {
    let mut request = (rpc.request.new)();
    request.merge_from(payload).is_ok().then_some(request)
}

/// The error of a line that begins with none of the words in `known`.
fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> FaultError {
    FaultError::Kind {
        name: name.to_owned(),
        nearest: nearest(name, known.map(|it| (it, it))),
    }
}

#[cfg(test)]
mod tests;
