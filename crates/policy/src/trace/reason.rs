//! From how far each body came to the expression that was not true: down from the rule that
//! was asked, each time into what the failed statement was evaluated for.

use std::collections::{BTreeSet, VecDeque};

use regorus::Value;

use super::activation::{Activation, Activations, Attempt, is_empty};
use super::fixed::Fixed;
use super::given::{given, not_evaluated};
use super::step::{Part, Reason, Step, What};
use super::traced::{self, Kind, Statement, Traced};

/// How much of a value is told, in bytes.
const MAX_VALUE: usize = 2_000;

/// How many reasons are given at most.
const MAX_REASONS: usize = 32;

/// Why `rule` was not true: a reason for each of its definitions, the shortest first, then
/// those of the other definitions of what it calls. The numbers are those of statements of
/// which it is not known whether they have a value.
pub(super) fn reasons(
    traced: &Traced,
    done: &Activations,
    rule: &str,
    input: &Value,
) -> (Vec<Reason>, BTreeSet<usize>) {
    let mut finder = Finder {
        traced,
        done,
        input,
        fixed: Fixed::of(traced),
        others: VecDeque::new(),
        doubts: BTreeSet::new(),
    };
    let mut reasons = Vec::new();
    for (number, body) in traced.bodies.iter().enumerate() {
        if body.rule != rule || body.within.is_some() {
            continue;
        }
        if let Some(best) = finder.best_of(|each| each.body == number) {
            let mut steps = Vec::new();
            finder.descend(best, BTreeSet::new(), &mut steps);
            reasons.push(Reason { steps });
        }
    }
    reasons.sort_by_key(|reason| reason.steps.len());
    while let Some(Other {
        activation,
        seen,
        mut steps,
    }) = finder.others.pop_front()
    {
        if reasons.len() >= MAX_REASONS {
            break;
        }
        finder.descend(activation, seen, &mut steps);
        reasons.push(Reason { steps });
    }
    if reasons.is_empty() && !traced.functions.contains_key(rule) {
        reasons = given(traced, rule)
            .map(|step| Reason { steps: vec![step] })
            .collect();
    }
    if reasons.is_empty() {
        reasons.push(not_evaluated(traced, rule));
    }
    (reasons, finder.doubts)
}

struct Finder<'a> {
    traced: &'a Traced,
    done: &'a Activations,
    input: &'a Value,
    fixed: Fixed<'a>,
    /// Other definitions that could have been true as well.
    others: VecDeque<Other<'a>>,
    doubts: BTreeSet<usize>,
}

/// Another definition, and the way to it.
struct Other<'a> {
    activation: &'a Activation,
    seen: BTreeSet<usize>,
    steps: Vec<Step>,
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
    fn descend(
        &mut self,
        activation: &'a Activation,
        mut seen: BTreeSet<usize>,
        steps: &mut Vec<Step>,
    ) {
        if !seen.insert(activation.body) {
            return;
        }
        let attempt = &activation.best;
        let Some(body) = self.traced.bodies.get(activation.body) else {
            return;
        };
        let failed = match &attempt.failed {
            Some((number, value)) => Some((*number, Some(value))),
            None => {
                let silent = self.silent_failure(activation.body, attempt);
                silent.map(|number| (number, None))
            }
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
                is_fixed: self.fixed.has_rule(&body.rule),
                held: None,
                error: None,
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
            values: self.values(number, statement, activation),
            what: self.what(number, statement, value, attempt),
            tried: attempt.tried,
            is_fixed: self.fixed.has(statement),
            held: None,
            error: None,
        });
        let is_not = statement.kind == Kind::Not && value.is_some();
        if let Some(held) = is_not.then(|| self.held(statement, attempt)).flatten() {
            let held = self.passed(held, held.best.trail.last().copied(), What::Holds);
            if let (Some(step), Some(held)) = (steps.last_mut(), held) {
                step.values.extend(held.values);
                step.held = Some(held.line);
            }
            return;
        }
        if statement.kind == Kind::Head
            && value.is_some()
            && let Some(source) = self.source_of(&statement.text, attempt)
        {
            steps.extend(self.passed(activation, Some(source), What::False));
            return;
        }
        let mut inner = self.inner(number, statement, value, attempt).into_iter();
        let best = inner.next();
        for activation in inner {
            self.others.push_back(Other {
                activation,
                seen: seen.clone(),
                steps: steps.clone(),
            });
        }
        match best {
            Some(best) => self.descend(best, seen, steps),
            // A rule of which no body was entered is what it is given.
            None if statement.kind != Kind::Not => {
                steps.extend(given(self.traced, &statement.text).next());
            }
            None => {}
        }
    }

    /// A statement of a body that passed; the body, where it has several that hold.
    fn passed(&self, activation: &Activation, number: Option<usize>, what: What) -> Option<Step> {
        let body = self.traced.bodies.get(activation.body)?;
        let number = number.filter(|_| what == What::False || body.statements.len() == 1);
        let statement =
            number.and_then(|number| Some((number, self.traced.statements.get(number)?)));
        let parts_of = |(number, statement): (usize, &Statement)| {
            let parts = statement.parts.iter().enumerate();
            let parts = parts.filter_map(|(index, part)| {
                let told = activation.best.parts_before.get(&(number, index));
                let value = match part.is_constant {
                    true => part.text.clone(),
                    false => shortened(told?),
                };
                Some(Part {
                    text: part.text.clone(),
                    value: Some(value),
                })
            });
            parts.collect()
        };
        Some(Step {
            rule: body.rule.clone(),
            line: statement.map_or(body.line, |(_, statement)| statement.line),
            column: statement.map_or(1, |(_, statement)| statement.column),
            text: statement
                .map_or(&body.text, |(_, statement)| &statement.text)
                .clone(),
            values: statement.map(parts_of).unwrap_or_default(),
            what,
            tried: 1,
            is_fixed: match statement {
                Some((_, statement)) => self.fixed.has(statement),
                None => self.fixed.has_rule(&body.rule),
            },
            held: None,
            error: None,
        })
    }

    /// The definition that made what stands after `not` true.
    fn held(&mut self, statement: &Statement, attempt: &Attempt) -> Option<&'a Activation> {
        let called = self.called(statement, attempt);
        called.into_iter().find(|each| self.has_passed(each))
    }

    fn has_passed(&mut self, activation: &Activation) -> bool {
        let best = &activation.best;
        best.failed.is_none() && self.silent_failure(activation.body, best).is_none()
    }

    /// The statement that gave a variable its value.
    fn source_of(&self, name: &str, attempt: &Attempt) -> Option<usize> {
        let mut trail = attempt.trail.iter().rev().copied();
        trail.find(|number| {
            let statement = self.traced.statements.get(*number);
            statement.is_some_and(|it| it.kind == Kind::Assign && it.defines.contains(name))
        })
    }

    /// The statement that ended an attempt without telling anything, being undefined.
    fn silent_failure(&mut self, body: usize, attempt: &Attempt) -> Option<usize> {
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
        if let Some(found) = candidates
            .iter()
            .find(|number| attempt.undefined.contains(number))
        {
            return Some(*found);
        }
        // An assignment that may not have gone well is it where nothing after it is undefined.
        let unsure = attempt
            .trail
            .last()
            .filter(|last| attempt.unsure.contains(last));
        if candidates.len() > 1 || unsure.is_some() {
            self.doubts.extend(candidates.iter().copied());
        }
        if unsure.is_some() {
            return unsure.copied();
        }
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
    fn failed_element(&mut self, every: usize, attempt: &Attempt) -> Option<&'a Activation> {
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
            (Kind::Some, Some(value)) if is_empty(value) => What::Empty,
            (Kind::Some | Kind::Assign, Some(_)) => What::NoMatch,
            (Kind::Assign, None) if attempt.trail.contains(&number) => What::NoMatch,
            (Kind::Every, None) if attempt.trail.contains(&number) => What::False,
            (_, Some(_)) => What::False,
            (_, None) => What::Undefined,
        }
    }

    fn values(&self, number: usize, statement: &Statement, activation: &Activation) -> Vec<Part> {
        let attempt = &activation.best;
        let told = |(index, part): (usize, &traced::Part)| match part.is_constant {
            true => Some(part.text.clone()),
            false => {
                let told = attempt.parts.get(&(number, index));
                told.or_else(|| self.of_input(&part.path)).map(shortened)
            }
        };
        let parts = statement.parts.iter().enumerate();
        // Of several parts that told nothing it is not known which is undefined, and what would
        // be the value of the others, but of fields that the request has not.
        let is_known = |part: &traced::Part| part.path.is_some() && !self.traced.changes_input;
        let silent = parts.clone().filter(|part| told(*part).is_none());
        let is_one = silent.count() == 1;
        let parts = parts
            .filter(|(_, part)| !part.is_constant || statement.parts.len() == 2)
            .map(|(index, part)| (part, told((index, part))))
            .filter(|(part, value)| value.is_some() || is_one || is_known(part))
            .map(|(part, value)| Part {
                text: part.text.clone(),
                value,
            });
        let mut parts: Vec<_> = parts.collect();
        if let (Some((_, value)), Some((_, text))) = (&attempt.failed, &statement.pattern)
            && !is_empty(value)
        {
            parts.insert(
                0,
                Part {
                    text: text.clone(),
                    value: Some(shortened(value)),
                },
            );
        }
        // Of what has no value it is told which element was looked for.
        let is_defined = attempt
            .failed
            .as_ref()
            .is_some_and(|(failed, _)| *failed == number);
        for (key, path) in statement.keys.iter().filter(|_| !is_defined) {
            let value = match path {
                Some(_) => self.of_input(path),
                None => self.variable(key, activation),
            };
            let is_told = parts.iter().any(|part| part.text == *key);
            if let Some(value) = value.filter(|_| !is_told) {
                parts.push(Part {
                    text: key.clone(),
                    value: Some(shortened(value)),
                });
            }
        }
        parts
    }

    /// The value of a field of the request.
    fn of_input(&self, path: &Option<Vec<Value>>) -> Option<&'a Value> {
        let path = path.as_ref().filter(|_| !self.traced.changes_input)?;
        path.iter().try_fold(self.input, |value, key| match value {
            Value::Object(fields) => fields.get(key),
            Value::Array(items) => items.get(usize::try_from(key.as_u64().ok()?).ok()?),
            _ => None,
        })
    }

    /// The value of a variable in the best attempt of a body.
    fn variable<'b>(&self, name: &str, activation: &'b Activation) -> Option<&'b Value> {
        if let Some(value) = activation.best.variable(self.traced, name) {
            return Some(value);
        }
        let body = self.traced.bodies.get(activation.body)?;
        let place = body
            .arguments
            .iter()
            .position(|argument| argument == name)?;
        activation.arguments.get(place)
    }

    /// The bodies that were evaluated for a failed statement and are why it failed: of each
    /// definition the evaluation that came furthest, and the one of all that did first.
    fn inner(
        &mut self,
        number: usize,
        statement: &Statement,
        value: Option<&Value>,
        attempt: &Attempt,
    ) -> Vec<&'a Activation> {
        if statement.kind == Kind::Every {
            return self.failed_element(number, attempt).into_iter().collect();
        }
        // Two values that differ are the reason, whatever they come from.
        if statement.kind == Kind::Not || value.is_some() && !statement.is_reference {
            return Vec::new();
        }
        let called = self.called(statement, attempt);
        let mut best: Vec<&Activation> = Vec::new();
        for activation in called {
            match best.iter_mut().find(|best| best.body == activation.body) {
                Some(best) if activation.best.is_further_than(&best.best) => *best = activation,
                Some(_) => {}
                None => best.push(activation),
            }
        }
        // What a set or an object is made of is not why it has not what is looked for in it.
        let is_collection = |each: &&Activation| {
            let body = self.traced.bodies.get(each.body);
            body.is_some_and(|body| !body.is_plain && !body.is_function)
        };
        let collections: Vec<_> = best.iter().copied().filter(is_collection).collect();
        for each in collections {
            if self.has_passed(each) {
                best.retain(|other| {
                    let rule = |number: usize| self.traced.bodies.get(number).map(|it| &it.rule);
                    rule(other.body) != rule(each.body)
                });
            }
        }
        best.sort_by(|one, other| other.best.compare(&one.best));
        best
    }

    /// The bodies that were evaluated for a statement.
    fn called(&self, statement: &Statement, attempt: &Attempt) -> Vec<&'a Activation> {
        let is_called = |activation: &&Activation| {
            let body = self.traced.bodies.get(activation.body);
            body.is_some_and(|body| body.within.is_none() && statement.names.contains(&body.rule))
        };
        let children = attempt
            .children
            .iter()
            .filter_map(|child| self.done.all.get(*child));
        let mut called: Vec<_> = children.filter(is_called).collect();
        if called.is_empty() {
            // A rule that is no function is evaluated once, for whoever asked first.
            let is_function = |activation: &&Activation| {
                let body = self.traced.bodies.get(activation.body);
                body.is_none_or(|body| body.is_function)
            };
            let all = self.done.all.iter();
            called = all
                .filter(is_called)
                .filter(|each| !is_function(each))
                .collect();
        }
        called
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
