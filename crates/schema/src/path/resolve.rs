//! From a path's names and keys to fields, indexes and typed map keys, by the
//! table alone: nothing here looks at a message's values.

use std::fmt;

use super::error::{SetError, SetProblem};
use super::{Segment, parse};
use crate::descriptor::{Field, Label, Message, Type};
use crate::dialect::Dialect;
use crate::json::MAX_DEPTH;
use crate::json::string::JsonString;
use crate::lookup;
use crate::value::{OwnedKey, parse_key};

/// One step from a message to a value within it.
#[derive(Debug, Clone)]
pub enum Step {
    /// To a field.
    Field {
        /// The type of the message it is in.
        message: &'static Message,
        /// Its index there.
        index: usize,
        /// Its description.
        field: &'static Field,
    },
    /// From a list to one of its elements.
    Index(usize),
    /// From a map to the value at a key.
    Key(OwnedKey),
}

/// A path that leads to a value: never empty, and it begins with a field.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    steps: Vec<Step>,
}

impl Resolved {
    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The path's first `count` steps as text, in the proto's names.
    pub fn prefix(&self, count: usize) -> String {
        let steps = self.steps.get(..count).unwrap_or(&self.steps);
        Place(steps).to_string()
    }

    pub(super) fn error(&self, problem: impl Into<SetProblem>) -> SetError {
        SetError {
            path: self.to_string(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Place(&self.steps).fmt(f)
    }
}

struct Place<'a>(&'a [Step]);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, step) in self.0.iter().enumerate() {
            match step {
                Step::Field { field, .. } if count == 0 => f.write_str(field.name)?,
                Step::Field { field, .. } => write!(f, ".{}", field.name)?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(OwnedKey::Bool(key)) => write!(f, "[{key}]")?,
                Step::Key(OwnedKey::Int32(key)) => write!(f, "[{key}]")?,
                Step::Key(OwnedKey::Int64(key)) => write!(f, "[{key}]")?,
                Step::Key(OwnedKey::Uint32(key)) => write!(f, "[{key}]")?,
                Step::Key(OwnedKey::Uint64(key)) => write!(f, "[{key}]")?,
                Step::Key(OwnedKey::String(key)) => write!(f, "[{}]", JsonString(key))?,
            }
        }
        Ok(())
    }
}

/// Finds what a path leads to, from a message of type `message` on.
///
/// # Errors
/// When the text is no path, a name is not a field's, brackets do not fit the
/// field, or the path is deeper than protobuf nests messages.
pub fn resolve(
    message: &'static Message,
    dialect: &dyn Dialect,
    path: &str,
) -> Result<Resolved, SetError> {
    let mut resolved = Resolved::default();
    let segments = parse(path).map_err(|error| resolved.error(error))?;
    let mut message = message;
    let mut rest = segments.as_slice();
    while let [segment, tail @ ..] = rest {
        if segments.len() - tail.len() > MAX_DEPTH {
            return Err(SetError {
                path: String::new(),
                problem: SetProblem::TooDeep { limit: MAX_DEPTH },
            });
        }
        let index = lookup::field(message, &segment.name, dialect).map_err(|error| {
            let entry = no_entry(&resolved, message, &segment.name);
            resolved.error(entry.unwrap_or_else(|| error.into()))
        })?;
        let Some(field) = message.fields.get(index) else {
            return Err(resolved.error(SetProblem::Table));
        };
        resolved.steps.push(Step::Field {
            message,
            index,
            field,
        });
        element(&mut resolved, field, segment)?;
        if let [next, ..] = tail {
            message = inner(&resolved, field, segment, next)?;
        }
        rest = tail;
    }
    Ok(resolved)
}

/// Steps into the element that a segment's brackets name.
fn element(resolved: &mut Resolved, field: &Field, segment: &Segment) -> Result<(), SetError> {
    let Some((key, more)) = segment.keys.split_first() else {
        return Ok(());
    };
    let step = match field.label {
        Label::Singular | Label::Optional => {
            let entry = match field.ty {
                Type::Message(message) => no_entry(resolved, message, key),
                _ => None,
            };
            return Err(resolved.error(entry.unwrap_or(SetProblem::NoElements)));
        }
        Label::Repeated => {
            let digits = key.bytes().all(|byte| byte.is_ascii_digit());
            let index = if digits { key.parse().ok() } else { None };
            Step::Index(index.ok_or_else(|| resolved.error(SetProblem::Index(key.clone())))?)
        }
        Label::Map(scalar) => Step::Key(
            parse_key(scalar, key).map_err(|error| resolved.error(SetProblem::Key(error)))?,
        ),
    };
    resolved.steps.push(step);
    if more.is_empty() {
        Ok(())
    } else {
        Err(resolved.error(SetProblem::NoElements))
    }
}

/// The message that `next`, the name after a field, is looked up in.
fn inner(
    resolved: &Resolved,
    field: &Field,
    segment: &Segment,
    next: &Segment,
) -> Result<&'static Message, SetError> {
    let next = shown(&next.name);
    let type_name = field.ty.name();
    let unnamed = segment.keys.is_empty();
    let no_element = |kind, example| SetProblem::NoElementNamed { kind, example };
    Err(resolved.error(match (field.label, field.ty) {
        (Label::Repeated, Type::Message(_)) if unnamed => {
            no_element("list", format!("{resolved}[0].{next}"))
        }
        (Label::Map(_), Type::Message(_)) if unnamed => {
            no_element("map", format!("{resolved}[key].{next}"))
        }
        (_, Type::Message(message)) => return Ok(message),
        (Label::Map(_), _) if unnamed => no_element("map", format!("{resolved}[{next}]")),
        (Label::Repeated, _) if unnamed => SetProblem::NoFields(format!("repeated {type_name}")),
        _ => SetProblem::NoFields(type_name.to_owned()),
    }))
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
fn no_entry(resolved: &Resolved, message: &'static Message, name: &str) -> Option<SetProblem> {
    let entry = shown(name);
    let (whole, part) = match message.full_name {
        "google.protobuf.Struct" => (
            format!("{resolved}={{\"{entry}\":...}}"),
            format!("{resolved}.fields[{entry}]=..."),
        ),
        "google.protobuf.ListValue" => (
            format!("{resolved}=[...]"),
            format!("{resolved}.values[{entry}]=..."),
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
