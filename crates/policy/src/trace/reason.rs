//! From how far each body came to the expression that was not true: down from the rule that
//! was asked, each time into what the failed statement was evaluated for.

use std::collections::BTreeSet;

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::activation::{Activation, Activations, Attempt};
use super::instrument::{Kind, Statement, Traced};

/// How much of a value is told, in bytes.
const MAX_VALUE: usize = 2_000;

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
    /// Where the other definitions of the rule begin that could have been true as well.
    pub others: Vec<u32>,
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
    /// There is nothing to choose from.
    Empty,
    /// The body held, and the rule gave this result.
    Refused,
    /// No definition of the rule was evaluated.
    NotEvaluated,
    /// The policy has no rule of this name.
    NoRule,
}

/// Why `rule` was not true; the shortest reason first.
pub(super) fn reasons(traced: &Traced, done: &Activations, rule: &str) -> Vec<Reason> {
    let finder = Finder { traced, done };
    let mut reasons = Vec::new();
    for (number, body) in traced.bodies.iter().enumerate() {
        if body.rule != rule || body.within.is_some() {
            continue;
        }
        let Some(best) = finder.best_of(|each| each.body == number) else {
            continue;
        };
        let mut steps = Vec::new();
        finder.descend(best, &mut BTreeSet::new(), &mut steps);
        reasons.push(Reason { steps });
    }
    if reasons.is_empty() {
        let what = match traced.rules.contains(rule) {
            true => What::NotEvaluated,
            false => What::NoRule,
        };
        let body = traced.bodies.iter().find(|body| body.rule == rule);
        reasons.push(Reason {
            steps: vec![Step {
                rule: rule.to_owned(),
                line: body.map_or(0, |body| body.line),
                column: 1,
                text: rule.to_owned(),
                values: Vec::new(),
                what,
                tried: 1,
                others: Vec::new(),
            }],
        });
    }
    reasons.sort_by_key(|reason| reason.steps.len());
    reasons
}

struct Finder<'a> {
    traced: &'a Traced,
    done: &'a Activations,
}

impl<'a> Finder<'a> {
    fn best_of(&self, is_meant: impl Fn(&Activation) -> bool) -> Option<&'a Activation> {
        let mut found: Option<&Activation> = None;
        for each in self.done.all.iter().filter(|each| is_meant(each)) {
            if found.is_none_or(|found| each.best.is_further_than(&found.best)) {
                found = Some(each);
            }
        }
        found
    }

    /// Adds the steps from a body to the innermost expression that failed. `seen` has the
    /// bodies on the way: rules do not recurse, so none is there twice.
    fn descend(&self, activation: &Activation, seen: &mut BTreeSet<usize>, steps: &mut Vec<Step>) {
        if !seen.insert(activation.body) {
            return;
        }
        let attempt = &activation.best;
        let Some(body) = self.traced.bodies.get(activation.body) else {
            return;
        };
        let failed = match &attempt.failed {
            Some((number, value)) => Some((*number, Some(value))),
            None => self
                .silent_failure(activation.body, attempt)
                .map(|number| (number, None)),
        };
        let Some((number, value)) = failed else {
            // All statements passed: what is not true is what the rule gives then.
            steps.push(Step {
                rule: body.rule.clone(),
                line: body.line,
                column: 1,
                text: body.text.clone(),
                values: Vec::new(),
                what: What::Refused,
                tried: 1,
                others: Vec::new(),
            });
            return;
        };
        let Some(statement) = self.traced.statements.get(number) else {
            return;
        };
        steps.push(Step {
            rule: body.rule.clone(),
            line: statement.line,
            column: statement.column,
            text: statement.text.clone(),
            values: self.values(number, statement, attempt),
            what: self.what(number, statement, value, attempt),
            tried: attempt.tried,
            // Each definition of the rule that was asked has a reason of its own.
            others: match steps.is_empty() {
                true => Vec::new(),
                false => self.others(activation.body),
            },
        });
        if let Some(inner) = self.inner(number, statement, value, attempt) {
            self.descend(inner, seen, steps);
        }
    }

    /// Where the other definitions of a body's rule begin.
    fn others(&self, body: usize) -> Vec<u32> {
        let Some(this) = self.traced.bodies.get(body) else {
            return Vec::new();
        };
        let bodies = self.traced.bodies.iter().enumerate();
        let others = bodies.filter(|(number, other)| {
            *number != body && other.rule == this.rule && other.within.is_none()
        });
        match this.within {
            None => others.map(|(_, other)| other.line).collect(),
            Some(_) => Vec::new(),
        }
    }

    /// The statement that ended an attempt without telling anything, being undefined.
    fn silent_failure(&self, body: usize, attempt: &Attempt) -> Option<usize> {
        let body = self.traced.bodies.get(body)?;
        // An `every` tells its domain before its body is evaluated with the elements.
        if let Some(last) = attempt.trail.last()
            && let Some(statement) = self.traced.statements.get(*last)
            && statement.kind == Kind::Every
            && self.failed_element(*last, attempt).is_some()
        {
            return Some(*last);
        }
        let is_left = |number: &&usize| !attempt.trail.contains(number);
        let left: Vec<_> = body.statements.iter().filter(is_left).copied().collect();
        let statement = |number: &usize| self.traced.statements.get(*number);
        // One that has told a part of itself has begun.
        if let Some(((number, _), _)) = attempt.parts.iter().next_back() {
            return Some(*number);
        }
        let kind_of = |number: &usize| statement(number).map(|statement| statement.kind);
        let may_fail =
            |number: &&usize| !matches!(kind_of(number), None | Some(Kind::Silent | Kind::Not));
        let candidates: Vec<_> = left.iter().filter(may_fail).copied().collect();
        // What was entered for it is named by it.
        let called = attempt
            .children
            .last()
            .and_then(|child| self.done.all.get(*child));
        let called = called.and_then(|child| self.traced.bodies.get(child.body));
        if let Some(called) = called {
            let names = |number: &&usize| {
                statement(number).is_some_and(|statement| statement.names.contains(&called.rule))
            };
            if let Some(caller) = candidates.iter().find(names) {
                return Some(*caller);
            }
        }
        // Statements are evaluated once the variables in them have values, those that give
        // none first.
        let waits = |number: &&usize| {
            let Some(this) = statement(number) else {
                return true;
            };
            let others = left.iter().filter(|other| *other != *number);
            others.filter_map(statement).any(|other| {
                other.kind != Kind::Silent
                    && other.defines.intersection(&this.names).next().is_some()
            })
        };
        let defines = |number: &usize| {
            let defines = statement(number).map(|statement| statement.defines.clone());
            defines.unwrap_or_default()
        };
        let ready: Vec<_> = candidates.iter().filter(|number| !waits(number)).collect();
        let first = ready.iter().find(|number| defines(number).is_empty());
        let by_name = || {
            ready
                .iter()
                .min_by_key(|number| defines(number).into_iter().next())
        };
        let next = first.or_else(by_name).map(|number| **number);
        next.or_else(|| candidates.first().copied())
    }

    /// The element of an `every` with which its body failed.
    fn failed_element(&self, every: usize, attempt: &Attempt) -> Option<&'a Activation> {
        let last = attempt
            .children
            .iter()
            .rev()
            .filter_map(|child| self.done.all.get(*child));
        let mut last = last.filter(|child| {
            let body = self.traced.bodies.get(child.body);
            body.is_some_and(|body| body.within == Some(every))
        });
        let last = last.next()?;
        let has_failed =
            last.best.failed.is_some() || self.silent_failure(last.body, &last.best).is_some();
        has_failed.then_some(last)
    }

    fn what(
        &self,
        number: usize,
        statement: &Statement,
        value: Option<&Value>,
        attempt: &Attempt,
    ) -> What {
        match (statement.kind, value) {
            (Kind::Not, Some(_)) => What::Holds,
            (Kind::Head, Some(Value::Object(_))) => What::Refused,
            (Kind::Some, Some(_)) => What::Empty,
            (Kind::Every, None) if attempt.trail.contains(&number) => What::False,
            (_, Some(_)) => What::False,
            (_, None) => What::Undefined,
        }
    }

    fn values(&self, number: usize, statement: &Statement, attempt: &Attempt) -> Vec<Part> {
        let value_of = |index: usize| attempt.parts.get(&(number, index)).map(shortened);
        let parts = statement.parts.iter().enumerate();
        parts
            .filter(|(_, part)| !part.is_constant || statement.parts.len() == 2)
            .map(|(index, part)| Part {
                text: part.text.clone(),
                value: match part.is_constant {
                    true => Some(part.text.clone()),
                    false => value_of(index),
                },
            })
            .collect()
    }

    /// The body that was evaluated for a failed statement and is why it failed.
    fn inner(
        &self,
        number: usize,
        statement: &Statement,
        value: Option<&Value>,
        attempt: &Attempt,
    ) -> Option<&'a Activation> {
        if statement.kind == Kind::Every {
            return self.failed_element(number, attempt);
        }
        if statement.kind == Kind::Not {
            return None;
        }
        let all_parts_told = || {
            let mut parts = statement.parts.iter().enumerate();
            parts.all(|(index, part)| {
                part.is_constant || attempt.parts.contains_key(&(number, index))
            })
        };
        // Two values that differ are the reason, whatever they come from.
        if value.is_some() && !statement.is_reference {
            return None;
        }
        let looks_inside = statement.is_reference || !all_parts_told();
        if !looks_inside && value.is_some() {
            return None;
        }
        let is_called = |child: &Activation| {
            let body = self.traced.bodies.get(child.body);
            body.is_some_and(|body| body.within.is_none() && statement.names.contains(&body.rule))
        };
        let children = attempt
            .children
            .iter()
            .filter_map(|child| self.done.all.get(*child));
        let mut best: Option<&Activation> = None;
        for child in children.filter(|child| is_called(child)) {
            if best.is_none_or(|best| child.best.is_further_than(&best.best)) {
                best = Some(child);
            }
        }
        // A rule that is no function is evaluated once, for whoever asked first.
        best.or_else(|| {
            let names: BTreeSet<_> = statement.names.iter().collect();
            self.best_of(|each| {
                let body = self.traced.bodies.get(each.body);
                body.is_some_and(|body| {
                    !body.is_function && body.within.is_none() && names.contains(&body.rule)
                })
            })
        })
    }
}

/// A value as JSON, cut off where it is long.
fn shortened(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > MAX_VALUE {
        let end = (0..=MAX_VALUE)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}
