//! Carrying out one setter: walking to the value that a path leads to and
//! changing it there. What the text means was worked out before ([`Change`]).

use super::change::{Change, One};
use super::error::{SetError, SetProblem};
use super::resolve::{Resolved, Step, resolve};
use crate::descriptor::{Field, Message, Schema, Type};
use crate::dialect::Dialect;
use crate::explicit::Explicit;
use crate::json::{self, JsonError};
use crate::reflect::{List, Map, Reflect, ValueMut};
use crate::value::{OwnedKey, Parsed};

/// Carries out the setter `path=value`, the quoting of a command already taken
/// off. What is set is marked in `explicit`, along singular messages; what is
/// set to null is unmarked, and so are the other members of a oneof.
///
/// # Errors
/// When the path leads nowhere or the value does not fit. The message is then
/// valid, but may be changed in part.
pub fn set(
    message: &mut dyn Reflect,
    explicit: &mut Explicit,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    path: &str,
    value: &str,
) -> Result<(), SetError> {
    let path = resolve(message.descriptor(), dialect, path)?;
    let change = Change::new(&path, dialect, value)?;
    let setter = Setter {
        clears: matches!(change, Change::Clear),
        path: &path,
        dialect,
        schema,
    };
    setter.field(message, explicit, change, 0)
}

struct Setter<'a> {
    /// Whether the setter unsets; then nothing is made present on the way.
    clears: bool,
    path: &'a Resolved,
    dialect: &'a dyn Dialect,
    schema: &'static Schema,
}

impl Setter<'_> {
    /// Whether the step at `at` is the last one.
    fn ends(&self, at: usize) -> bool {
        self.path.steps().len() == at + 1
    }

    /// The field does not hold what the table says, or a step does not follow
    /// from the one before it.
    fn mismatch(&self) -> SetError {
        self.path.error(SetProblem::Table)
    }

    /// Goes on from `message` to its field, the step at `at`.
    fn field(
        &self,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        change: Change<'_>,
        at: usize,
    ) -> Result<(), SetError> {
        let Some(Step::Field { index, field, .. }) = self.path.steps().get(at) else {
            return Err(self.mismatch());
        };
        if self.clears {
            if self.ends(at) {
                message.clear(*index);
                explicit.unmark(*index);
                return Ok(());
            }
            // What is within an unset message is unset already.
            if message.get(*index).is_none() {
                return Ok(());
            }
        }
        let within = mark(message.descriptor(), explicit, *index);
        if let (Change::Merge(text), true) = (&change, self.ends(at)) {
            return self.merge(message, explicit, *index, text);
        }
        match (self.path.steps().get(at + 1), message.get_mut(*index)) {
            (None, Some(slot)) => {
                if let Change::Value(One::Wrapped { index, .. }) = &change {
                    within.mark(*index);
                }
                match slot {
                    ValueMut::List(list) => {
                        let place = format!("{}[{}]", self.path, list.len());
                        self.store(list.push(), field.ty, change, &place)
                    }
                    slot => self.store(slot, field.ty, change, &self.path.to_string()),
                }
            }
            (Some(Step::Field { .. }), Some(ValueMut::Message(inner))) => {
                self.field(inner, within, change, at + 1)
            }
            (Some(Step::Index(element)), Some(ValueMut::List(list))) => {
                self.element(list, *element, field, change, at + 1)
            }
            (Some(Step::Key(key)), Some(ValueMut::Map(map))) => {
                self.entry(map, key, field, change, at + 1)
            }
            _ => Err(self.mismatch()),
        }
    }

    /// Goes on from a list to its element, the step at `at`.
    fn element(
        &self,
        list: &mut dyn List,
        element: usize,
        field: &Field,
        change: Change<'_>,
        at: usize,
    ) -> Result<(), SetError> {
        let len = list.len();
        if element > len {
            return Err(SetError {
                path: self.path.prefix(at + 1),
                problem: SetProblem::BeyondEnd { len },
            });
        }
        if element == len && self.clears {
            return Ok(());
        }
        let slot = if element == len {
            Some(list.push())
        } else {
            list.get_mut(element)
        };
        self.within(slot, field.ty, change, at)
    }

    /// Goes on from a map to the value at a key, the step at `at`.
    fn entry(
        &self,
        map: &mut dyn Map,
        key: &OwnedKey,
        field: &Field,
        change: Change<'_>,
        at: usize,
    ) -> Result<(), SetError> {
        let key = key.as_key();
        if self.clears {
            if self.ends(at) {
                map.remove(&key);
                return Ok(());
            }
            if map.get(&key).is_none() {
                return Ok(());
            }
        }
        self.within(map.get_mut(&key), field.ty, change, at)
    }

    /// Sets the element or entry that the step at `at` leads to, or goes on in it.
    fn within(
        &self,
        slot: Option<ValueMut<'_>>,
        ty: Type,
        change: Change<'_>,
        at: usize,
    ) -> Result<(), SetError> {
        match slot {
            Some(slot) if self.ends(at) => self.store(slot, ty, change, &self.path.to_string()),
            Some(ValueMut::Message(inner)) => {
                self.field(inner, &mut Explicit::default(), change, at + 1)
            }
            _ => Err(self.mismatch()),
        }
    }

    /// Puts a value into a single slot, which errors call `place`.
    fn store(
        &self,
        slot: ValueMut<'_>,
        ty: Type,
        change: Change<'_>,
        place: &str,
    ) -> Result<(), SetError> {
        let Change::Value(one) = change else {
            return Err(self.mismatch());
        };
        match (one, slot) {
            (One::Plain(value), slot) => self.put(value, slot),
            (One::Wrapped { index, value }, ValueMut::Message(wrapper)) => {
                let slot = wrapper.get_mut(index).ok_or_else(|| self.mismatch())?;
                self.put(value, slot)
            }
            (One::Json(text), slot) => {
                json::merge_value(slot, &ty, self.dialect, self.schema, &text)
                    .map_err(|error| from_json(error.within(place), place))
            }
            _ => Err(self.mismatch()),
        }
    }

    fn put(&self, value: Parsed, slot: ValueMut<'_>) -> Result<(), SetError> {
        if value.store(slot) {
            Ok(())
        } else {
            Err(self.mismatch())
        }
    }

    /// Merges JSON into the field at the end of the path.
    fn merge(
        &self,
        message: &mut dyn Reflect,
        explicit: &mut Explicit,
        index: usize,
        text: &str,
    ) -> Result<(), SetError> {
        let parent = self.path.prefix(self.path.steps().len() - 1);
        json::merge_field(message, index, explicit, self.dialect, self.schema, text)
            .map_err(|error| from_json(error.within(&parent), &self.path.to_string()))
    }
}

/// Notes a field as given, and the other members of its oneof as not given.
fn mark<'a>(message: &Message, explicit: &'a mut Explicit, index: usize) -> &'a mut Explicit {
    let oneof = message.fields.get(index).and_then(|field| field.oneof);
    if oneof.is_some() {
        for (other, field) in message.fields.iter().enumerate() {
            if other != index && field.oneof == oneof {
                explicit.unmark(other);
            }
        }
    }
    explicit.mark(index)
}

/// The error of JSON given for what is at `place`. Text that is no JSON at all
/// has no place of its own.
fn from_json(error: JsonError, place: &str) -> SetError {
    let path = error.path();
    SetError {
        path: if path.starts_with(place) { path } else { place }.to_owned(),
        problem: SetProblem::Json(error.into()),
    }
}
