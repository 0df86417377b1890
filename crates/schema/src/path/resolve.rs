//! From a path's names and keys to fields, indexes and typed map keys, by the
//! descriptors alone, before any message is touched.

use std::fmt;

use super::error::{SetError, SetProblem};
use super::syntax::{Segment, parse};
use crate::descriptor::{Field, Label, Message, Type};
use crate::dialect::Dialect;
use crate::json::MAX_DEPTH;
use crate::lookup;
use crate::place;
use crate::reflect::Key;
use crate::value::parse_key;
use crate::well_known::WellKnown;

/// One step of a path: to a field of a message, or to an element of that field.
#[derive(Debug, Clone)]
pub struct Step {
    /// The type of the message that the field is in.
    pub message: &'static Message,
    /// The field's index there.
    pub index: usize,
    /// The field's description.
    pub field: &'static Field,
    /// The element of the list or map that the path leads to.
    pub element: Option<Element>,
    /// Where in the path's text the step ends.
    end: usize,
}

impl Step {
    /// Whether the step leads to a whole list or map.
    pub fn is_many(&self) -> bool {
        self.element.is_none() && matches!(self.field.label, Label::Repeated | Label::Map(_))
    }
}

/// What stands in the brackets after a field's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// The index of a list's element.
    Index(usize),
    /// The key of a map's entry.
    Key(Key<'static>),
}

/// A path that leads to a value. Displayed in the proto's names.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub(super) path: String,
    pub(super) outer: Vec<Step>,
    pub(super) last: Step,
}

impl Resolved {
    /// The first step.
    pub fn first(&self) -> &Step {
        self.outer.first().unwrap_or(&self.last)
    }

    /// The step that leads to the value.
    pub fn last(&self) -> &Step {
        &self.last
    }

    /// The path's text up to the end of a step.
    pub(super) fn up_to(&self, step: &Step) -> &str {
        self.path.get(..step.end).unwrap_or(&self.path)
    }

    pub(super) fn error(&self, problem: impl Into<SetProblem>) -> SetError {
        SetError::new(&self.path, problem)
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// Finds what a path leads to, from a message of type `message` on.
///
/// # Errors
/// When the text is not a path, a name is not a field's, brackets do not fit the
/// field, or the path is deeper than protobuf nests messages.
pub fn resolve(
    message: &'static Message,
    dialect: &dyn Dialect,
    path: &str,
) -> Result<Resolved, SetError> {
    let segments = parse(path).map_err(|error| SetError::new("", error))?;
    let mut path = String::new();
    let mut outer: Vec<Step> = Vec::new();
    let mut message = message;
    for (count, segment) in segments.iter().enumerate() {
        if count == MAX_DEPTH {
            return Err(SetError::new("", SetProblem::TooDeep { limit: MAX_DEPTH }));
        }
        let step = step(message, dialect, segment, &mut path)?;
        if let Some(next) = segments.get(count + 1) {
            message = inner(&step, &path, &next.name)?;
        }
        outer.push(step);
    }
    match outer.pop() {
        Some(last) => Ok(Resolved { path, outer, last }),
        None => Err(SetError::new("", SetProblem::Table)),
    }
}

/// Finds the field, and the element, that a segment names, and adds them to the path.
fn step(
    message: &'static Message,
    dialect: &dyn Dialect,
    segment: &Segment,
    path: &mut String,
) -> Result<Step, SetError> {
    let name = &segment.name;
    let index = lookup::field(message, name, dialect).map_err(|error| {
        let entry = no_entry(path, message, name);
        SetError::new(path, entry.unwrap_or_else(|| error.into()))
    })?;
    let Some(field) = message.fields.get(index) else {
        return Err(SetError::new(path, SetProblem::Table));
    };
    place::push_field(field.name, path);
    let element = match segment.keys.first() {
        Some(key) => Some(element(field, key, path)?),
        None => None,
    };
    if segment.keys.len() > 1 {
        return Err(SetError::new(path, SetProblem::NoElements));
    }
    Ok(Step {
        message,
        index,
        field,
        element,
        end: path.len(),
    })
}

/// Finds the element of a field that a text in brackets names.
fn element(field: &Field, key: &str, path: &mut String) -> Result<Element, SetError> {
    match field.label {
        Label::Singular | Label::Optional => {
            let entry = match field.ty {
                Type::Message(message) => no_entry(path, message, key),
                _ => None,
            };
            let problem = entry.unwrap_or(SetProblem::NoElements);
            Err(SetError::new(path, problem))
        }
        Label::Repeated => {
            let digits = key.bytes().all(|byte| byte.is_ascii_digit());
            let Some(index) = key.parse().ok().filter(|_| digits) else {
                return Err(SetError::new(path, SetProblem::Index(key.to_owned())));
            };
            place::push_index(index, path);
            Ok(Element::Index(index))
        }
        Label::Map(scalar) => {
            let key = parse_key(scalar, key);
            let key = key.map_err(|error| SetError::new(path, SetProblem::Key(error)))?;
            place::push_key(&key, path);
            Ok(Element::Key(key))
        }
    }
}

/// The message that `next`, the name after a step, is looked up in.
fn inner(step: &Step, path: &str, next: &str) -> Result<&'static Message, SetError> {
    let next = shown(next);
    let field = step.field;
    let type_name = field.ty.name();
    let no_element = |kind, example| SetProblem::NoElementNamed { kind, example };
    let problem = match (field.label, field.ty) {
        (Label::Repeated, Type::Message(_)) if step.is_many() => {
            no_element("list", format!("{path}[0].{next}"))
        }
        (Label::Map(_), Type::Message(_)) if step.is_many() => {
            no_element("map", format!("{path}[key].{next}"))
        }
        (_, Type::Message(message)) => return Ok(message),
        (Label::Map(_), _) if step.is_many() => no_element("map", format!("{path}[{next}]")),
        (Label::Repeated, _) if step.is_many() => {
            SetProblem::NoFields(format!("repeated {type_name}"))
        }
        _ => SetProblem::NoFields(type_name.to_owned()),
    };
    Err(SetError::new(path, problem))
}

/// A name or key within an example, where what is shown must be fit for a
/// terminal and need no quotes.
fn shown(name: &str) -> &str {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match name.chars().all(is_plain) {
        true => name,
        false => "...",
    }
}

/// The error for a name or key after a message that JSON writes as a plain
/// object or list: its entries are within its one field.
fn no_entry(path: &str, message: &'static Message, name: &str) -> Option<SetProblem> {
    let entry = shown(name);
    let (whole, part) = match WellKnown::of(message)? {
        WellKnown::Struct { .. } => (
            format!("{path}={{\"{entry}\":...}}"),
            format!("{path}.fields[{entry}]=..."),
        ),
        WellKnown::ListValue { .. } => (
            format!("{path}=[...]"),
            format!("{path}.values[{entry}]=..."),
        ),
        _ => return None,
    };
    Some(SetProblem::NoEntry {
        name: name.to_owned(),
        message: message.full_name,
        whole,
        part,
    })
}
