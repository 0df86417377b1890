//! Which fields a user gave, apart from what their values are, and filling in the
//! others. A field given at its default is given all the same, and must not be
//! overwritten.

use crate::descriptor::{Field, Label, Message};
use crate::reflect::{Map, Reflect, Value, ValueMut};
use crate::well_known::has_special_form;

/// The fields of one message that were given explicitly, by index, and within
/// singular message fields the same again. Lists and maps are not descended
/// into: a given list is the whole list, and a map's keys speak for themselves.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Explicit {
    /// In the order of the indices; few, as commands are.
    fields: Vec<(usize, Explicit)>,
}

impl Explicit {
    /// Where a field is, or would be.
    fn place(&self, index: usize) -> Result<usize, usize> {
        self.fields
            .binary_search_by_key(&index, |(index, _)| *index)
    }

    /// Notes a field as given, and hands out the record of what is within it.
    pub fn mark(&mut self, index: usize) -> &mut Explicit {
        let place = self.place(index).unwrap_or_else(|place| {
            self.fields.insert(place, (index, Explicit::default()));
            place
        });
        &mut self.fields[place].1
    }

    /// Forgets a field and everything within it.
    pub fn unmark(&mut self, index: usize) {
        if let Ok(place) = self.place(index) {
            self.fields.remove(place);
        }
    }

    /// Whether a field was given.
    pub fn contains(&self, index: usize) -> bool {
        self.place(index).is_ok()
    }

    /// What was given within a field, if the field was.
    pub(crate) fn within(&self, index: usize) -> Option<&Explicit> {
        let (_, within) = self.fields.get(self.place(index).ok()?)?;
        Some(within)
    }
}

/// Copies each field that `automatic` holds and `explicit` does not give into
/// `message`, which is of the same type. A message that was given is filled
/// field by field; a list that was given is the whole list; the entries of a
/// map that was given are kept, and those that it lacks are added. A member of
/// a oneof that was given keeps the others out.
///
/// A message that JSON writes in a form of its own (a timestamp, a wrapper) is
/// one value: given in part, it is given.
pub fn fill(message: &mut dyn Reflect, explicit: &Explicit, automatic: &dyn Reflect) {
    let descriptor = message.descriptor();
    for (index, field) in descriptor.fields.iter().enumerate() {
        let Some(value) = held(automatic, index, field) else {
            continue;
        };
        let Some(given) = explicit.within(index) else {
            if !is_kept_out(descriptor, explicit, index) {
                message.clear(index);
                if let Some(slot) = message.get_mut(index) {
                    copy(value, slot);
                }
            }
            continue;
        };
        match (value, message.get_mut(index)) {
            (Value::Message(automatic), Some(ValueMut::Message(inner)))
                if !has_special_form(automatic.descriptor()) =>
            {
                fill(inner, given, automatic);
            }
            (Value::Map(automatic), Some(ValueMut::Map(map))) => add_entries(map, automatic),
            _ => {}
        }
    }
}

/// What a message holds in a field: not what the field is when nothing was set.
fn held<'a>(message: &'a dyn Reflect, index: usize, field: &Field) -> Option<Value<'a>> {
    let value = message.get(index)?;
    let has_presence = field.label == Label::Optional || field.oneof.is_some();
    (has_presence || !value.is_default()).then_some(value)
}

/// Whether another member of the field's oneof was given.
fn is_kept_out(message: &Message, explicit: &Explicit, index: usize) -> bool {
    let oneof = message.fields.get(index).and_then(|field| field.oneof);
    oneof.is_some()
        && (0..)
            .zip(message.fields)
            .any(|(other, field)| field.oneof == oneof && explicit.contains(other))
}

/// Copies a value into a slot of its type that is at its default.
fn copy(value: Value<'_>, slot: ValueMut<'_>) {
    match (value, slot) {
        (Value::Bool(value), ValueMut::Bool(slot)) => *slot = value,
        (Value::Int32(value), ValueMut::Int32(slot)) => *slot = value,
        (Value::Int64(value), ValueMut::Int64(slot)) => *slot = value,
        (Value::Uint32(value), ValueMut::Uint32(slot)) => *slot = value,
        (Value::Uint64(value), ValueMut::Uint64(slot)) => *slot = value,
        (Value::Float(value), ValueMut::Float(slot)) => *slot = value,
        (Value::Double(value), ValueMut::Double(slot)) => *slot = value,
        (Value::String(value), ValueMut::String(slot)) => value.clone_into(slot),
        (Value::Bytes(value), ValueMut::Bytes(slot)) => value.clone_into(slot),
        (Value::Enum(value), ValueMut::Enum(slot)) => slot.set_number(value),
        (Value::Message(value), ValueMut::Message(slot)) => {
            fill(slot, &Explicit::default(), value);
        }
        (Value::List(values), ValueMut::List(list)) => {
            for value in (0..values.len()).filter_map(|index| values.get(index)) {
                copy(value, list.push());
            }
        }
        (Value::Map(entries), ValueMut::Map(map)) => add_entries(map, entries),
        // Two messages of one type have no fields of two types.
        _ => {}
    }
}

/// Adds the entries that `map` lacks.
fn add_entries(map: &mut dyn Map, entries: &dyn Map) {
    for (key, value) in entries.entries() {
        if map.get(&key).is_none()
            && let Some(slot) = map.get_mut(&key)
        {
            copy(value, slot);
        }
    }
}
