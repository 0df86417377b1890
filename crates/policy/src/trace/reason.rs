//! From how far each body came to the expression that was not true: down from the rule that
//! was asked, each time into what the failed statement was evaluated for.

use std::collections::{BTreeSet, VecDeque};

use regorus::Value;

use super::activation::{Activation, Activations, Attempt, elements};
use super::fixed::Fixed;
use super::given::{given, not_evaluated};
use super::step::{Part, Reason, Step, What};
use super::traced::{Kind, Statement, Traced};
use super::values::shortened;

/// How many values are told of a definition that holds.
const MAX_HELD: usize = 8;

/// How many reasons are given at most.
const MAX_REASONS: usize = 32;

/// What a policy is asked about, and with what.
pub(super) struct World<'a> {
    pub input: &'a Value,
    pub state: &'a Value,
    /// The value of a rule.
    pub rule: &'a dyn Fn(&str) -> Option<Value>,
}

/// Why `rule` was not true: a reason for each of its definitions, the shortest first, then
/// those of the other definitions of what it calls. The numbers are those of statements of
/// which it is not known whether they have a value.
pub(super) fn reasons<'a>(
    traced: &'a Traced,
    done: &'a Activations,
    rule: &str,
    world: &'a World<'a>,
) -> (Vec<Reason>, BTreeSet<usize>) {
    let mut finder = Finder {
        traced,
        done,
        world,
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

pub(super) struct Finder<'a> {
    pub(super) traced: &'a Traced,
    pub(super) done: &'a Activations,
    pub(super) world: &'a World<'a>,
    pub(super) fixed: Fixed<'a>,
    /// Other definitions that could have been true as well.
    others: VecDeque<Other<'a>>,
    pub(super) doubts: BTreeSet<usize>,
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
        let what = self.what(number, statement, value, attempt);
        let step = |number: usize, statement: &Statement| Step {
            rule: body.rule.clone(),
            line: statement.line,
            column: statement.column,
            text: statement.text.clone(),
            values: self.values(number, statement, what, activation),
            what,
            tried: attempt.tried,
            is_fixed: self.fixed.has(statement),
            held: None,
            error: None,
        };
        steps.push(step(number, statement));
        let undefined = (what == What::Undefined)
            .then(|| self.undefined_element(number, attempt))
            .flatten()
            .and_then(|element| Some((element, self.traced.statements.get(element)?)));
        let (number, statement) = undefined.unwrap_or((number, statement));
        if undefined.is_some() {
            steps.push(step(number, statement));
        }
        if statement.kind == Kind::Not && value.is_some() {
            if let Some(step) = steps.last_mut() {
                self.held(statement, activation, step);
            }
            return;
        }
        let mut inner = Vec::new();
        if value.is_some() {
            let origin = self.origin(number, statement, activation);
            let is_found = !origin.is_empty() && origin.inner.is_empty();
            let held = match origin.is_empty() && !statement.is_reference {
                true => self.adding(statement, &attempt.children),
                false => origin.held,
            };
            steps.extend(origin.steps);
            if let (Some(held), Some(step)) = (held, steps.last_mut()) {
                self.tell_held(held, step);
            }
            if is_found {
                return;
            }
            inner = origin.inner;
        }
        if inner.is_empty() {
            inner = self.inner(number, statement, value, attempt);
        }
        let mut inner = inner.into_iter();
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
                let reference = statement.form.reference();
                let reference = reference.filter(|it| it.steps.is_empty() || value.is_some());
                if let Some(reference) = reference {
                    steps.extend(given(self.traced, &reference.root).next());
                }
            }
            None => {}
        }
    }

    /// Notes which definition made what stands after `not` true, and by which values.
    fn held(&mut self, statement: &Statement, activation: &'a Activation, step: &mut Step) {
        let attempt = &activation.best;
        let value = attempt.failed.as_ref().map(|(_, value)| value);
        let names = &statement.names;
        let called = self.called(|rule| names.contains(rule), &attempt.children);
        if let Some(held) = called.into_iter().find(|each| self.has_passed(each)) {
            self.tell_held(held, step);
        } else if let Some(reference) = statement.form.reference() {
            let given = given(self.traced, &reference.root).next();
            step.held = given.map(|given| given.line);
            // What it leads to, and what it is a part of.
            let whole = self.variable(&reference.root, activation);
            let whole = whole.filter(|_| !reference.steps.is_empty());
            let is_calculated =
                !statement.parts.is_empty() || self.traced.rules.contains(&reference.root);
            let value = value.filter(|_| !is_calculated);
            let told = [(&statement.text, value), (&reference.root, whole)];
            for (text, value) in told {
                if let Some(value) = value {
                    step.values.push(Part {
                        text: text.strip_prefix("not ").unwrap_or(text).to_owned(),
                        value: Some(shortened(value)),
                    });
                }
            }
        }
    }

    /// Notes a definition that holds, and by which values.
    fn tell_held(&mut self, held: &'a Activation, step: &mut Step) {
        let body = self.traced.bodies.get(held.body);
        let only = body.filter(|body| body.statements.len() == 1);
        let only = only.and_then(|body| self.traced.statements.get(*body.statements.first()?));
        step.held = only.map(|it| it.line).or(body.map(|body| body.line));
        self.tell_values(held, &mut step.values);
    }

    /// Notes the values by which a definition holds.
    fn tell_values(&mut self, held: &'a Activation, values: &mut Vec<Part>) {
        for number in &held.best.trail {
            let Some(statement) = self.traced.statements.get(*number) else {
                continue;
            };
            let mut parts = self.parts_of(held, *number);
            parts.extend(self.rules_in(statement));
            for part in parts {
                let is_told = values.iter().any(|told| told.text == part.text);
                if !is_told && values.len() < MAX_HELD {
                    values.push(part);
                }
            }
            let before = held.best.children_before.get(number);
            let children = before.map_or([].as_slice(), Vec::as_slice);
            if let Some(adding) = self.adding(statement, children) {
                self.tell_values(adding, values);
            }
        }
    }

    /// The definition that added something to a set or an object that a statement looks at, which
    /// has these children.
    fn adding(&mut self, statement: &Statement, children: &[usize]) -> Option<&'a Activation> {
        let traced = self.traced;
        let is_looked_at =
            |rule: &str| statement.names.contains(rule) && traced.is_collection(rule);
        let called = self.called(is_looked_at, children);
        called.into_iter().find(|each| self.has_passed(each))
    }

    /// What the parts of a statement were that passed.
    pub(super) fn parts_of(&self, activation: &Activation, number: usize) -> Vec<Part> {
        let statement = self.traced.statements.get(number);
        let parts = statement.map_or([].as_slice(), |it| it.parts.as_slice());
        let parts = parts.iter().enumerate().filter_map(|(index, part)| {
            let value = match part.constant {
                Some(_) => part.text.clone(),
                None => {
                    let told = activation.best.part(number, index)?;
                    (told.value != *self.world.input).then(|| shortened(&told.value))?
                }
            };
            Some(Part {
                text: part.text.clone(),
                value: Some(value),
            })
        });
        parts.collect()
    }

    pub(super) fn has_passed(&mut self, activation: &Activation) -> bool {
        let best = &activation.best;
        best.failed.is_none() && self.silent_failure(activation.body, best).is_none()
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
            (Kind::Some, Some(value)) if elements(value).is_empty() => What::Empty,
            (Kind::Some | Kind::Assign, Some(_)) => What::NoMatch,
            (Kind::Assign, None) if attempt.trail.contains(&number) => What::NoMatch,
            (Kind::Every, None) if attempt.trail.contains(&number) => What::False,
            (Kind::Equation, _) => What::Unsolved,
            (_, Some(_)) => What::False,
            (_, None) => What::Undefined,
        }
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
        let (traced, names) = (self.traced, &statement.names);
        // Where it is undefined, what was entered for its parts that have values is not why.
        let children = match value {
            Some(_) => Some(attempt.children.as_slice()),
            None => attempt.children.get(attempt.told..),
        };
        let called = self.called(|rule| names.contains(rule), children.unwrap_or_default());
        let mut best = best_of_each(called);
        if value.is_none() {
            let held = best.iter().filter(|each| self.has_passed(each));
            let held: BTreeSet<_> = held.map(|each| traced.rule_of(each.body)).collect();
            let is_open = |each: &&&Activation| !held.contains(&traced.rule_of(each.body));
            let open: Vec<_> = best.iter().filter(is_open).copied().collect();
            if !open.is_empty() {
                best = open;
            }
        }
        // What a set or an object is made of is not why it has not what is looked for in it.
        let rule = |each: &Activation| traced.rule_of(each.body);
        let is_collection =
            |each: &&Activation| rule(each).is_some_and(|it| traced.is_collection(it));
        let collections: Vec<_> = best.iter().copied().filter(is_collection).collect();
        for each in collections {
            if self.has_passed(each) {
                best.retain(|other| rule(other) != rule(each));
            }
        }
        best.sort_by(|one, other| other.best.compare(&one.best));
        best
    }

    /// The bodies of these rules that were evaluated for a statement, which has these children.
    pub(super) fn called(
        &self,
        is_meant: impl Fn(&str) -> bool,
        children: &[usize],
    ) -> Vec<&'a Activation> {
        let is_called = |activation: &&Activation| {
            let body = self.traced.bodies.get(activation.body);
            body.is_some_and(|body| body.within.is_none() && is_meant(&body.rule))
        };
        let children = children.iter();
        let children = children.filter_map(|child| self.done.all.get(*child));
        let mut called: Vec<_> = children.filter(is_called).collect();
        if called.is_empty() {
            // A rule that is not a function is evaluated once, for whoever asked first.
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

/// Of each body the evaluation that came furthest.
pub(super) fn best_of_each(activations: Vec<&Activation>) -> Vec<&Activation> {
    let mut best: Vec<&Activation> = Vec::new();
    for activation in activations {
        match best.iter_mut().find(|best| best.body == activation.body) {
            Some(best) if activation.best.is_further_than(&best.best) => *best = activation,
            Some(_) => {}
            None => best.push(activation),
        }
    }
    best
}
