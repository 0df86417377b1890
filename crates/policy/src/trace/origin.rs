//! Where a value comes from that is not what a statement wanted: through the variables that had
//! it on the way, and the lists and objects that it was in, to the definitions that could have
//! given another.

use std::collections::BTreeSet;

use regorus::Value;

use super::activation::{Activation, Told, is_refusal};
use super::reason::{Finder, best_of_each};
use super::reference::part;
use super::step::{Step, What};
use super::traced::{Comparison, Form, Kind, Part, Statement};

/// Where a value comes from.
#[derive(Default)]
pub(super) struct Origin<'a> {
    /// The statements that gave it to variables, the last of them first.
    pub steps: Vec<Step>,
    /// What could have given another value, and did not hold.
    pub inner: Vec<&'a Activation>,
    /// What gave it, where nothing could have given another.
    pub held: Option<&'a Activation>,
}

impl Origin<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.inner.is_empty() && self.held.is_none()
    }
}

/// A part of the value of something, in an evaluation of a body.
struct Place<'a> {
    of: Of,
    keys: Vec<Value>,
    activation: &'a Activation,
    /// The bodies that were entered for it.
    children: &'a [usize],
}

/// What a place is a part of.
enum Of {
    Name(String),
    Statement(usize),
}

/// What a value should have been.
#[derive(Clone, Copy)]
struct Wanted<'w> {
    is: &'w dyn Fn(&Value) -> bool,
    /// Whether it is the value of a part of a statement, and not of all of it.
    of_part: bool,
    /// The kind of the statement that failed.
    kind: Kind,
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
        let failed = activation.best.failed.as_ref();
        let is_refused = failed.is_some_and(|(_, value)| is_refusal(value));
        let place = Place {
            of: Of::Statement(number),
            keys: is_refused.then(|| "allowed".into()).into_iter().collect(),
            activation,
            children: &activation.best.children,
        };
        let wanted = Wanted {
            is: &|value| *value != Value::Bool(false) && !is_refusal(value),
            of_part: false,
            kind: statement.kind,
        };
        self.origin_of(place, wanted, &mut BTreeSet::from([number]))
    }

    /// Where the value of a place comes from. `seen` has the statements on the way.
    fn origin_of(
        &mut self,
        place: Place<'a>,
        wanted: Wanted<'_>,
        seen: &mut BTreeSet<usize>,
    ) -> Origin<'a> {
        let mut origin = Origin::default();
        // How many of the steps say themselves what is false.
        let mut telling = 0;
        let mut at = Some(place);
        while let Some(place) = at.take() {
            let Place {
                of,
                keys,
                activation,
                children,
            } = &place;
            match of {
                Of::Statement(number) => {
                    let number = *number;
                    let Some(statement) = self.traced.statements.get(number) else {
                        break;
                    };
                    at = self.within(statement, number, &place);
                    let is_named = at.is_some() && statement.kind == Kind::Element;
                    if seen.insert(number) && !is_named {
                        let step = self.step_of(activation, number, statement);
                        let is_false =
                            activation.best.value(number, statement) == Some(&Value::Bool(false));
                        let is_telling =
                            is_false && (wanted.kind == Kind::Head || !step.values.is_empty());
                        origin.steps.push(step);
                        if is_telling {
                            telling = origin.steps.len();
                        }
                    }
                    if at.is_none() && keys.is_empty() {
                        let further = self.compared(number, statement, &place, wanted.kind, seen);
                        if !further.is_empty() {
                            origin.steps.extend(further.steps);
                            origin.inner = further.inner;
                            origin.held = further.held;
                            return origin;
                        }
                    }
                }
                Of::Name(root) => {
                    if let Some((source, mut path)) = self.source_of(root, activation) {
                        if seen.contains(&source) {
                            break;
                        }
                        path.extend(keys.iter().cloned());
                        let before = activation.best.children_before.get(&source);
                        at = Some(Place {
                            of: Of::Statement(source),
                            keys: path,
                            activation,
                            children: before.map_or([].as_slice(), Vec::as_slice),
                        });
                        continue;
                    }
                    if self.argument(root, activation).is_some() {
                        at = self.given(root, &place);
                        continue;
                    }
                    if !self.traced.rules.contains(root) {
                        break;
                    }
                    // To a definition that could have given another.
                    let called = best_of_each(self.called(|rule| rule == root, children));
                    let could_give = |each: &&Activation| self.could_give(each, keys, wanted.is);
                    origin.inner = called.iter().copied().filter(could_give).collect();
                    if !origin.inner.is_empty() {
                        break;
                    }
                    // Or on through what the definition gives that held.
                    let held = called.into_iter().find(|each| self.has_passed(each));
                    at = held.and_then(|held| {
                        let body = self.traced.bodies.get(held.body)?;
                        let head = *body.statements.first()?;
                        let statement = self.traced.statements.get(head)?;
                        let place = Place {
                            of: Of::Statement(head),
                            keys: keys.clone(),
                            activation: held,
                            children: &held.best.children,
                        };
                        (statement.kind == Kind::Head)
                            .then(|| self.within(statement, head, &place))?
                    });
                    let is_asked = wanted.of_part || !origin.steps.is_empty();
                    origin.held = held.filter(|_| at.is_none() && is_asked);
                }
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

    /// What a part of the value of a statement is a part of itself, if it is not calculated there.
    fn within(&self, statement: &Statement, number: usize, place: &Place<'a>) -> Option<Place<'a>> {
        let best = &place.activation.best;
        let children = match statement.element_of {
            Some(outer) => best.elements.get(&(outer, number))?.children.as_slice(),
            None => place.children,
        };
        let from = |form: &Form, children: &'a [usize]| {
            let (of, keys) = lead(form, &place.keys)?;
            Some(Place {
                of,
                keys,
                activation: place.activation,
                children,
            })
        };
        if !matches!(statement.form, Form::Union) {
            return from(&statement.form, children);
        }
        // The last that has the field.
        let key = place.keys.first()?;
        let parts = statement.parts.iter().enumerate().rev();
        let told = parts.filter_map(|(index, it)| Some((it, best.part(number, index)?)));
        let has_field = |(_, told): &(&Part, &Told)| part(&told.value, key).is_some();
        let (found, told) = told.into_iter().find(has_field)?;
        from(&found.form, &told.children)
    }

    /// What an argument of a function is given, or the element of an `every`, in the body around it.
    fn given(&mut self, name: &str, place: &Place<'a>) -> Option<Place<'a>> {
        let body = self.traced.bodies.get(place.activation.body)?;
        let (outer, number) = self.caller(place.activation)?;
        let statement = self.traced.statements.get(number)?;
        let (form, index, children) = match body.within {
            Some(every) => {
                let before = outer.best.children.iter();
                let before = before.filter_map(|child| self.done.all.get(*child));
                let mut before = before.filter(|each| each.body == place.activation.body);
                let place = before.position(|each| std::ptr::eq(each, place.activation))?;
                let key = match outer.best.values.get(&every)? {
                    Value::Array(_) => Value::from(u64::try_from(place).ok()?),
                    Value::Object(fields) => fields.keys().nth(place)?.clone(),
                    _ => return None,
                };
                (&statement.form, Some(key), outer.best.children.as_slice())
            }
            None => {
                let reference = statement.form.reference()?;
                if reference.root != body.rule {
                    return None;
                }
                let index = body.arguments.iter().position(|each| each == name)?;
                let children = &outer.best.part(number, index)?.children;
                (&statement.parts.get(index)?.form, None, children.as_slice())
            }
        };
        let keys: Vec<_> = index
            .into_iter()
            .chain(place.keys.iter().cloned())
            .collect();
        let (of, keys) = lead(form, &keys)?;
        Some(Place {
            of,
            keys,
            activation: outer,
            children,
        })
    }

    /// The evaluation of a body for which another was entered, and the statement there.
    fn caller(&mut self, inner: &Activation) -> Option<(&'a Activation, usize)> {
        let done = self.done;
        let number = done.all.iter().position(|it| std::ptr::eq(it, inner))?;
        let has = |children: &[usize]| children.contains(&number);
        for outer in done.all.get(number..)? {
            let best = &outer.best;
            let mut elements = best.elements.iter();
            if let Some(((_, element), _)) = elements.find(|(_, told)| has(&told.children)) {
                return Some((outer, *element));
            }
            let mut before = best.children_before.iter();
            if let Some((statement, _)) = before.find(|(_, children)| has(children)) {
                return Some((outer, *statement));
            }
            if has(&best.children) {
                let failed = best.failed.as_ref().map(|(number, _)| *number);
                let failed = failed.or_else(|| {
                    let silent = self.silent_failure(outer.body, best)?;
                    self.undefined_element(silent, best).or(Some(silent))
                });
                return failed.map(|failed| (outer, failed));
            }
        }
        None
    }

    /// Where one of the two values comes from that a statement compares.
    fn compared(
        &mut self,
        number: usize,
        statement: &Statement,
        place: &Place<'a>,
        kind: Kind,
        seen: &mut BTreeSet<usize>,
    ) -> Origin<'a> {
        let (Some(comparison), [left, right]) = (statement.compares, statement.parts.as_slice())
        else {
            return Origin::default();
        };
        let best = &place.activation.best;
        let value = |part: &Part, index: usize| {
            let told = best.part(number, index).map(|told| told.value.clone());
            part.constant.clone().or(told)
        };
        for (this, index, other) in [(left, 0, value(right, 1)), (right, 1, value(left, 0))] {
            let Some(other) = other else { continue };
            // Of two lists the elements that differ.
            let leads: Vec<_> = match &this.form {
                Form::Elements(elements) if comparison == Comparison::Same => {
                    let both = elements.iter();
                    let both =
                        both.filter_map(|(key, element)| Some((*element, part(&other, key)?)));
                    let differs = |(element, wanted): &(usize, &Value)| {
                        let told = best
                            .elements
                            .get(&(element_root(statement, number), *element));
                        told.is_none_or(|told| told.value != **wanted)
                    };
                    let both = both.filter(differs);
                    both.map(|(element, wanted)| ((Of::Statement(element), Vec::new()), wanted))
                        .collect()
                }
                form => lead(form, &[]).map(|it| (it, &other)).into_iter().collect(),
            };
            for ((of, keys), other) in leads {
                let children = best.part(number, index);
                let children = children.map_or([].as_slice(), |told| told.children.as_slice());
                let place = Place {
                    of,
                    keys,
                    activation: place.activation,
                    children,
                };
                let wanted = Wanted {
                    is: &|value| match index {
                        0 => comparison.holds(value, other),
                        _ => comparison.holds(other, value),
                    },
                    of_part: true,
                    kind,
                };
                let origin = self.origin_of(place, wanted, seen);
                if !origin.is_empty() {
                    return origin;
                }
            }
        }
        Origin::default()
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
        match body.gives.value_at(fields) {
            Some(value) => is_wanted(&value) && !self.has_passed(activation),
            None => {
                let failed = activation.best.failed.as_ref();
                let statement = failed.and_then(|(number, _)| self.traced.statements.get(*number));
                statement.is_some_and(|statement| statement.kind == Kind::Head)
            }
        }
    }

    /// The statement that gave a variable its value as it is, or a part of its own, which has
    /// these keys.
    fn source_of(&self, name: &str, activation: &Activation) -> Option<(usize, Vec<Value>)> {
        let mut trail = activation.best.trail.iter().rev().copied();
        trail.find_map(|number| {
            let statement = self.traced.statements.get(number)?;
            let (pattern, _) = statement.pattern.as_ref()?;
            let path = pattern.path_of(name)?;
            (statement.kind == Kind::Assign).then_some((number, path))
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

/// The statement that the elements of one are told with.
fn element_root(statement: &Statement, number: usize) -> usize {
    statement.element_of.unwrap_or(number)
}

/// What the part with these keys of a value of a form is a part of itself.
fn lead(form: &Form, keys: &[Value]) -> Option<(Of, Vec<Value>)> {
    match form {
        Form::Reference(reference) => {
            let mut all = reference.fields()?;
            all.extend(keys.iter().cloned());
            Some((Of::Name(reference.root.clone()), all))
        }
        Form::Elements(elements) => {
            let (first, rest) = keys.split_first()?;
            Some((Of::Statement(*elements.get(first)?), rest.to_vec()))
        }
        Form::Statement(number) => Some((Of::Statement(*number), keys.to_vec())),
        Form::Calculated | Form::Union => None,
    }
}
