//! References, as `input.OCI.Mounts[i].source` and `allowed(input.id).reason`: what they begin
//! with, and how they go on from there.

use regorus::Value;
use regorus::unstable::Expr;

use super::syntax::{input_path, is_collecting, name_of, parts_of, value_of};
use crate::engine::PACKAGE;

/// A reference to a part of a value, or to all of it.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// The variable, the rule or the function that it begins with.
    pub root: String,
    pub steps: Vec<Step>,
}

/// From a value to a part of it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The reference up to here, as it is written.
    pub text: String,
    pub index: Index,
}

/// What says which part.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// A value that stands in the policy.
    Is(Value),
    Variable(String),
    /// A field of the request, by its path.
    Input(Vec<Value>),
    /// Any will do, or it is something to be evaluated.
    Other,
}

impl Reference {
    /// The reference that an expression is, if it is one.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Var { .. } => Some(Self {
                root: name_of(expr)?,
                steps: Vec::new(),
            }),
            Expr::Call { fcn, .. } => Self::of(fcn),
            Expr::RefDot { refr, field, .. } => {
                let index = Index::Is(field.1.clone());
                Some(Self::of(refr)?.then(expr, index))
            }
            Expr::RefBrack { refr, index, .. } => {
                let index = match (value_of(index), input_path(index), name_of(index)) {
                    (Some(value), _, _) => Index::Is(value),
                    (_, Some(path), _) => Index::Input(path),
                    (_, _, Some(name)) => Index::Variable(name),
                    _ => Index::Other,
                };
                Some(Self::of(refr)?.then(expr, index))
            }
            _ => None,
        }
    }

    /// The references in an expression, but for what it begins to collect of its own.
    pub(super) fn all_in(expr: &Expr, found: &mut Vec<Self>) {
        if is_collecting(expr) {
            return;
        }
        let mut within = expr;
        if let Some(reference) = Self::of(expr) {
            found.push(reference);
            // What an index is made of is evaluated for it.
            while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = within {
                if let Expr::RefBrack { index, .. } = within {
                    Self::all_in(index, found);
                }
                within = refr;
            }
        }
        parts_of(within, &mut |part| Self::all_in(part, found));
    }

    /// `data.agent_policy.rule` is the same as `rule`.
    fn then(mut self, expr: &Expr, index: Index) -> Self {
        self.steps.push(Step {
            text: super::syntax::one_line(expr.span().text()),
            index,
        });
        let mut package = PACKAGE.split('.');
        if package.next() == Some(&self.root) {
            let names = self.steps.iter().map(|step| match &step.index {
                Index::Is(Value::String(name)) => Some(name.as_ref()),
                _ => None,
            });
            let names: Option<Vec<_>> = names.collect();
            if let Some([package_names @ .., rule]) = names.as_deref()
                && package.eq(package_names.iter().copied())
            {
                self.root = (*rule).to_owned();
                self.steps.clear();
            }
        }
        self
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        let last = self.steps.last().map(|step| &step.text);
        last.unwrap_or(&self.root).clone()
    }

    /// The keys of its steps, where all of them stand in the policy.
    pub(super) fn fields(&self) -> Option<Vec<Value>> {
        let fields = self.steps.iter().map(|step| match &step.index {
            Index::Is(value) => Some(value.clone()),
            _ => None,
        });
        fields.collect()
    }
}

/// A part of a value; none where it is not there.
pub(super) fn part<'a>(value: &'a Value, key: &Value) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => items.get(usize::try_from(key.as_u64().ok()?).ok()?),
        Value::Set(items) => items.get(key),
        _ => None,
    }
}
