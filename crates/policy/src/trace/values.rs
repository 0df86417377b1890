//! The values in a statement that failed: what its parts were, which element was looked for, and
//! what of that is not there.

use regorus::Value;

use super::activation::{Activation, elements, is_empty};
use super::reason::Finder;
use super::reference::{Index, Reference, part};
use super::step::{Part, What};
use super::traced::{self, Kind, Statement};

/// How much of a value is told, in bytes.
const MAX_VALUE: usize = 2_000;

/// What a reference leads to.
enum Look {
    At(Value),
    /// Something on the way is not there.
    Missing(Option<Part>),
    /// That cannot be told.
    Unknown,
}

impl Finder<'_> {
    pub(super) fn values(
        &self,
        number: usize,
        statement: &Statement,
        what: What,
        activation: &Activation,
    ) -> Vec<Part> {
        let attempt = &activation.best;
        let told = |(index, part): (usize, &traced::Part)| match &part.constant {
            Some(_) => Some(part.text.clone()),
            None => {
                let told = attempt.parts.get(&(number, index));
                let told = told.map(|told| told.value.clone());
                let told =
                    told.or_else(|| match self.look_up(part.form.reference()?, activation) {
                        Look::At(value) => Some(value),
                        Look::Missing(_) | Look::Unknown => None,
                    });
                told.as_ref().map(shortened)
            }
        };
        let parts = statement.parts.iter().enumerate();
        // Of several parts that told nothing it is not known which is undefined, and what would
        // be the value of the others, but of fields that the request has not.
        let is_known = |part: &traced::Part| {
            let reference = part.form.reference();
            reference.is_some_and(|it| matches!(self.look_up(it, activation), Look::Missing(_)))
        };
        let silent = parts.clone().filter(|part| told(*part).is_none());
        let is_one = silent.count() == 1 && statement.kind != Kind::Equation;
        let parts = parts
            .filter(|(_, part)| part.constant.is_none() || statement.parts.len() == 2)
            // A call with all of the request tells nothing by that.
            .filter(|(index, _)| {
                let told = attempt.parts.get(&(number, *index));
                let is_request = told.is_some_and(|told| told.value == *self.world.input);
                !(is_request && statement.is_reference)
            })
            .map(|(index, part)| (part, told((index, part))))
            .filter(|(part, value)| value.is_some() || is_one || is_known(part))
            .map(|(part, value)| Part {
                text: part.text.clone(),
                value,
            });
        let mut parts: Vec<_> = parts.collect();
        if let (Some((_, value)), Some((_, text))) = (&attempt.failed, &statement.pattern)
            && !is_empty(value)
            && statement.kind != Kind::Equation
        {
            parts.insert(
                0,
                Part {
                    text: text.clone(),
                    value: Some(shortened(value)),
                },
            );
        }
        if what == What::False {
            parts.extend(self.rules_in(statement));
        }
        if matches!(what, What::Undefined | What::Unsolved) {
            for part in self.looked_for(statement, activation) {
                if !parts.iter().any(|told| told.text == part.text) {
                    parts.push(part);
                }
            }
        }
        parts
    }

    /// The values of the rules that the parts of a statement are calculated from.
    pub(super) fn rules_in(&self, statement: &Statement) -> Vec<Part> {
        let is_part = |reference: &&Reference| {
            let mut parts = statement.parts.iter().filter_map(|it| it.form.reference());
            parts.any(|part| part.root == reference.root) || statement.is_reference
        };
        let references = statement.references.iter();
        let references = references.filter(|it| it.steps.is_empty() && !is_part(it));
        let told = references.filter_map(|reference| {
            let rule = reference.root.as_str();
            let is_rule =
                self.traced.rules.contains(rule) && !self.traced.functions.contains_key(rule);
            let value = is_rule.then(|| (self.world.rule)(rule)).flatten()?;
            Some(Part {
                text: rule.to_owned(),
                value: Some(shortened(&value)),
            })
        });
        told.collect()
    }

    /// Of what has no value, the keys that were looked for, and what is not there.
    fn looked_for(&self, statement: &Statement, activation: &Activation) -> Vec<Part> {
        let mut parts = Vec::new();
        for (key, path) in &statement.keys {
            let value = match path {
                Some(path) => self.request().and_then(|input| at(input, path)),
                None => self.variable(key, activation).cloned(),
            };
            if let Some(value) = value {
                parts.push(Part {
                    text: key.clone(),
                    value: Some(shortened(&value)),
                });
            }
        }
        for reference in &statement.references {
            let root = reference.root.as_str();
            let is_rule = self.traced.rules.contains(root)
                && !self.traced.functions.contains_key(root)
                && self.variable(root, activation).is_none();
            let look = match is_rule {
                true => (self.world.rule)(root)
                    .map(|value| look(&value, reference, &|index| self.key(index, activation))),
                false => Some(self.look_up(reference, activation)),
            };
            match look {
                Some(Look::Missing(Some(part))) => parts.push(part),
                // What a call was made with that has no value.
                Some(Look::At(value)) if !is_rule && value != *self.world.input => {
                    parts.push(Part {
                        text: reference.text(),
                        value: Some(shortened(&value)),
                    });
                }
                _ => {}
            }
        }
        parts
    }

    /// The request, where nothing is evaluated `with` another one.
    fn request(&self) -> Option<&Value> {
        (!self.traced.changes_input).then_some(self.world.input)
    }

    /// What a reference to the request, to the state or to a variable leads to.
    fn look_up(&self, reference: &Reference, activation: &Activation) -> Look {
        let root = match reference.root.as_str() {
            "input" => self.request(),
            "data" => Some(self.world.state).filter(|_| !self.traced.changes_input),
            name => self.variable(name, activation),
        };
        match root {
            Some(root) => look(root, reference, &|index| self.key(index, activation)),
            None => Look::Unknown,
        }
    }

    /// The key that says which part of a value is meant.
    fn key(&self, index: &Index, activation: &Activation) -> Option<Value> {
        match index {
            Index::Is(value) => Some(value.clone()),
            Index::Variable(name) => self.variable(name, activation).cloned(),
            Index::Input(path) => at(self.request()?, path),
            Index::Other => None,
        }
    }

    /// The value of a variable in the best attempt of a body.
    pub(super) fn variable<'b>(&self, name: &str, activation: &'b Activation) -> Option<&'b Value> {
        if let Some(value) = activation.best.variable(self.traced, name) {
            return Some(value);
        }
        self.argument(name, activation)
    }

    /// The value of an argument of a function, or of the element of an `every`.
    pub(super) fn argument<'b>(&self, name: &str, activation: &'b Activation) -> Option<&'b Value> {
        let body = self.traced.bodies.get(activation.body)?;
        let mut arguments = body.arguments.iter();
        let place = arguments.position(|argument| argument == name)?;
        activation.arguments.get(place)
    }
}

/// Follows a reference from the value that it begins with.
fn look(root: &Value, reference: &Reference, key: &dyn Fn(&Index) -> Option<Value>) -> Look {
    let mut value = root;
    let mut text = reference.root.as_str();
    let mut steps = reference.steps.iter().peekable();
    while let Some(step) = steps.next() {
        let here = Part {
            text: text.to_owned(),
            value: Some(shortened(value)),
        };
        // There is nothing in it, whatever is looked for.
        if elements(value).is_empty() {
            return Look::Missing(Some(here));
        }
        let Some(key) = key(&step.index) else {
            return Look::Unknown;
        };
        match part(value, &key) {
            Some(part) => value = part,
            None => {
                // Of a list it is told how long it is by what it has.
                if matches!(value, Value::Array(_)) {
                    return Look::Missing(Some(here));
                }
                let is_told = steps.peek().is_some() && matches!(step.index, Index::Is(_));
                return Look::Missing(is_told.then(|| Part {
                    text: step.text.clone(),
                    value: None,
                }));
            }
        }
        text = &step.text;
    }
    Look::At(value.clone())
}

/// What stands at a path in a value.
fn at(value: &Value, path: &[Value]) -> Option<Value> {
    path.iter().try_fold(value, part).cloned()
}

/// A value as JSON, cut off where it is long.
pub(super) fn shortened(value: &Value) -> String {
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
