//! Where a value comes from that is not what a statement wanted: through the variables that had
//! it on the way, to the definitions that could have given another.

use std::collections::BTreeSet;

use regorus::Value;

use super::activation::{Activation, is_refusal};
use super::reason::{Finder, best_of_each};
use super::reference::{Reference, part};
use super::step::{Step, What};
use super::traced::{Comparison, Kind, Statement};

/// Where a value comes from.
#[derive(Default)]
pub(super) struct Origin<'a> {
    /// The statements that gave it to variables, the last of them first.
    pub steps: Vec<Step>,
    /// What could have given another value, and did not hold.
    pub inner: Vec<&'a Activation>,
}

/// A part of what a name stands for.
struct Place {
    root: String,
    keys: Vec<Value>,
}

impl Place {
    /// A part of what a reference leads to, unless the keys on the way are not known.
    fn of(reference: &Reference, keys: Vec<Value>) -> Option<Self> {
        let mut all = reference.fields()?;
        all.extend(keys);
        Some(Self {
            root: reference.root.clone(),
            keys: all,
        })
    }

    /// A part of the value of a statement.
    fn within(statement: &Statement, keys: &[Value]) -> Option<Self> {
        if let Some(subject) = &statement.subject {
            return Self::of(subject, keys.to_vec());
        }
        let (first, rest) = keys.split_first()?;
        let field = statement.fields.get(first.as_string().ok()?.as_ref())?;
        Self::of(field, rest.to_vec())
    }
}

impl<'a> Finder<'a> {
    /// Where the value of a failed statement comes from, or of one of the two that it compares.
    pub(super) fn origin(
        &mut self,
        number: usize,
        statement: &Statement,
        activation: &'a Activation,
    ) -> Origin<'a> {
        if !matches!(statement.kind, Kind::Test | Kind::Head) {
            return Origin::default();
        }
        let is_wanted = |value: &Value| *value != Value::Bool(false) && !is_refusal(value);
        let failed = activation.best.failed.as_ref();
        let is_refused = failed.is_some_and(|(_, value)| is_refusal(value));
        let allowed = statement.fields.get("allowed").filter(|_| is_refused);
        if let Some(subject) = statement.subject.as_ref().or(allowed) {
            // Of a variable that has the object, the field that refuses.
            let inner = is_refused && allowed.is_none();
            let fields = inner.then(|| Value::from("allowed")).into_iter().collect();
            return self.origin_of(subject, fields, &is_wanted, statement.kind, activation);
        }
        let (Some(comparison), [left, right]) = (statement.compares, statement.parts.as_slice())
        else {
            return Origin::default();
        };
        let attempt = &activation.best;
        for (subject, index, other) in [(left, 1, right), (right, 0, left)] {
            let told = attempt.parts.get(&(number, index)).cloned();
            if let (Some(subject), Some(other)) =
                (&subject.subject, other.constant.clone().or(told))
            {
                let is_wanted =
                    |value: &Value| (*value == other) == (comparison == Comparison::Same);
                let origin =
                    self.origin_of(subject, Vec::new(), &is_wanted, statement.kind, activation);
                if !origin.steps.is_empty() || !origin.inner.is_empty() {
                    return origin;
                }
            }
        }
        Origin::default()
    }

    /// Where the value comes from that a part of a reference has. The part has these keys.
    fn origin_of(
        &mut self,
        subject: &Reference,
        keys: Vec<Value>,
        is_wanted: &dyn Fn(&Value) -> bool,
        kind: Kind,
        mut activation: &'a Activation,
    ) -> Origin<'a> {
        let mut origin = Origin::default();
        // How many of the steps say themselves what is false.
        let mut telling = 0;
        let mut seen = BTreeSet::new();
        let mut children = activation.best.children.as_slice();
        let mut at = Place::of(subject, keys);
        while let Some(place) = at.take() {
            let Place { root, keys } = &place;
            // Through the variable that has it.
            if let Some(source) = self.source_of(root, activation)
                && let Some(statement) = self.traced.statements.get(source)
            {
                if !seen.insert(source) {
                    break;
                }
                let step = self.step_of(activation, source, statement);
                let value = activation.best.values.get(&source);
                let is_false = value == Some(&Value::Bool(false));
                let is_telling = is_false && (kind == Kind::Head || !step.values.is_empty());
                origin.steps.push(step);
                if is_telling {
                    telling = origin.steps.len();
                }
                let before = activation.best.children_before.get(&source);
                children = before.map_or([].as_slice(), Vec::as_slice);
                at = Place::within(statement, keys);
                continue;
            }
            if !self.traced.rules.contains(root) {
                break;
            }
            // To a definition that could have given another.
            let called = best_of_each(self.called(|rule| rule == root, children));
            let could_give = |each: &&Activation| self.could_give(each, keys, is_wanted);
            origin.inner = called.iter().copied().filter(could_give).collect();
            if !origin.inner.is_empty() {
                break;
            }
            // Or on through what the definition gives that held.
            let held = called.into_iter().find_map(|each| {
                let body = self.traced.bodies.get(each.body)?;
                let head = self.traced.statements.get(*body.statements.first()?)?;
                let has_held = head.kind == Kind::Head && self.has_passed(each);
                Some((each, Place::within(head, keys)?)).filter(|_| has_held)
            });
            if let Some((held, place)) = held {
                activation = held;
                children = activation.best.children.as_slice();
                at = Some(place);
            }
        }
        if origin.inner.is_empty() {
            origin.steps.truncate(telling);
        }
        origin
            .inner
            .sort_by(|one, other| other.best.compare(&one.best));
        origin
    }

    /// Whether a definition would give what is wanted if it held, or gives something else for a
    /// reason of its own.
    fn could_give(
        &mut self,
        activation: &Activation,
        fields: &[Value],
        is_wanted: &dyn Fn(&Value) -> bool,
    ) -> bool {
        let Some(body) = self.traced.bodies.get(activation.body) else {
            return false;
        };
        match &body.gives {
            Some(value) => {
                let value = fields.iter().try_fold(value, part);
                value.is_some_and(is_wanted) && !self.has_passed(activation)
            }
            None => {
                let failed = activation.best.failed.as_ref();
                let statement = failed.and_then(|(number, _)| self.traced.statements.get(*number));
                statement.is_some_and(|statement| statement.kind == Kind::Head)
            }
        }
    }

    /// The statement that gave a variable its value as it is.
    fn source_of(&self, name: &str, activation: &Activation) -> Option<usize> {
        let mut trail = activation.best.trail.iter().rev().copied();
        trail.find(|number| {
            let statement = self.traced.statements.get(*number);
            statement.is_some_and(|it| {
                let pattern = it.pattern.as_ref();
                it.kind == Kind::Assign && pattern.is_some_and(|(to, _)| to.is_variable(name))
            })
        })
    }

    /// A statement that passed.
    fn step_of(&self, activation: &Activation, number: usize, statement: &Statement) -> Step {
        let body = self.traced.bodies.get(statement.body);
        Step {
            rule: body.map(|body| body.rule.clone()).unwrap_or_default(),
            line: statement.line,
            column: statement.column,
            text: statement.text.clone(),
            values: self.parts_of(activation, number),
            what: What::False,
            tried: 1,
            is_fixed: self.fixed.has(statement),
            held: None,
            error: None,
        }
    }
}
