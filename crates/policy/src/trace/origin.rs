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
        if let Some(subject) = &statement.subject {
            let is_wanted = |value: &Value| *value != Value::Bool(false) && !is_refusal(value);
            return self.origin_of(subject, &is_wanted, statement.kind, activation);
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
                let origin = self.origin_of(subject, &is_wanted, statement.kind, activation);
                if !origin.steps.is_empty() || !origin.inner.is_empty() {
                    return origin;
                }
            }
        }
        Origin::default()
    }

    fn origin_of(
        &mut self,
        subject: &Reference,
        is_wanted: &dyn Fn(&Value) -> bool,
        kind: Kind,
        activation: &'a Activation,
    ) -> Origin<'a> {
        let attempt = &activation.best;
        let mut reference = subject.clone();
        let mut fields = reference.fields();
        let mut children = attempt.children.as_slice();
        let mut seen = BTreeSet::new();
        let mut steps = Vec::new();
        // How many of the steps say themselves what is false.
        let mut telling = 0;
        while let Some(source) = self.source_of(&reference.root, activation)
            && seen.insert(source)
            && let Some(statement) = self.traced.statements.get(source)
        {
            let step = self.step_of(activation, source, statement);
            let is_false = attempt.values.get(&source) == Some(&Value::Bool(false));
            let is_telling = is_false && (kind == Kind::Head || !step.values.is_empty());
            steps.push(step);
            if is_telling {
                telling = steps.len();
            }
            let Some(next) = &statement.subject else {
                steps.truncate(telling);
                return Origin {
                    steps,
                    inner: Vec::new(),
                };
            };
            fields = fields.and_then(|after| Some([next.fields()?, after].concat()));
            reference = next.clone();
            let before = attempt.children_before.get(&source);
            children = before.map_or([].as_slice(), Vec::as_slice);
        }
        let rule = reference.root.as_str();
        let mut inner = Vec::new();
        if let Some(fields) = fields.filter(|_| self.traced.rules.contains(rule)) {
            inner = best_of_each(self.called(|called| called == rule, children));
            inner.retain(|each| self.could_give(each, &fields, is_wanted));
            inner.sort_by(|one, other| other.best.compare(&one.best));
        }
        if inner.is_empty() {
            steps.truncate(telling);
        }
        Origin { steps, inner }
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
