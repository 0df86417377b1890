//! The members of a JSON object: fields of a message, entries of a map. Which names a field
//! has, each once, and one member of a oneof at most.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Problem;
use super::known;
use super::merge::{Merge, Step};
use super::names;
use super::read::{Seed, Target};
use super::scalar::Given;
use crate::descriptor::{Label, Scalar, Type};
use crate::explicit::Explicit;
use crate::reflect::{Key, Map, Reflect, ValueMut};
use crate::well_known::{self, WellKnown};

/// Merges the members of an object into a message's fields.
pub(super) fn read_fields<'de, A: MapAccess<'de>>(
    merge: &mut Merge<'de, '_>,
    message: &mut dyn Reflect,
    explicit: Option<&mut Explicit>,
    beside_type: bool,
    mut entries: A,
) -> Result<(), A::Error> {
    let descriptor = message.descriptor();
    let mut fields = Fields {
        message,
        explicit,
        seen: Seen::default(),
    };
    let mut likely = 0;
    while let Some(name) = entries.next_key_seed(KeySeed)? {
        if beside_type && name == "@type" {
            entries.next_value::<IgnoredAny>()?;
        } else if let Some(name) = merge.extra(descriptor, &name) {
            merge.take_extra(name, entries.next_value()?)?;
        } else if let Some(oneof) = names::oneof(descriptor, &name) {
            let value: &RawValue = entries.next_value()?;
            fields.oneof(merge, oneof, &name, value.get())?;
        } else if let Some(index) = merge.field(descriptor, &name, likely)? {
            likely = index + 1;
            fields.give(merge, index, |seed| entries.next_value_seed(seed))?;
        } else {
            entries.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// The fields of a message while the members of an object are merged into them.
struct Fields<'v, 'x> {
    message: &'v mut dyn Reflect,
    explicit: Option<&'x mut Explicit>,
    seen: Seen,
}

impl Fields<'_, '_> {
    /// Gives a field what `read` reads, once, and alone of its oneof.
    fn give<'de, 'c, E: de::Error>(
        &mut self,
        merge: &mut Merge<'de, 'c>,
        index: usize,
        read: impl FnOnce(FieldSeed<'_, 'de, 'c>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let descriptor = self.message.descriptor();
        let Some(field) = descriptor.fields.get(index) else {
            return Err(merge.unknown_field(descriptor, &index.to_string()));
        };
        if !self.seen.field(index) {
            let step = Step::Field(field.name);
            return merge.at(step, |merge| Err(merge.fail(Problem::Duplicate)));
        }
        let is_set = read(FieldSeed {
            merge: &mut *merge,
            message: &mut *self.message,
            index,
            explicit: self.explicit.as_deref_mut(),
        })?;
        if let Some(oneof) = field.oneof.filter(|_| is_set)
            && let Some(other) = self.seen.member(oneof, index)
        {
            let problem = Problem::Oneof {
                oneof: descriptor.oneofs.get(oneof).map_or("", |oneof| oneof.name),
                other: descriptor.fields.get(other).map_or("", |field| field.name),
            };
            let step = Step::Field(field.name);
            return merge.at(step, |merge| Err(merge.fail(problem)));
        }
        Ok(())
    }

    /// Reads a oneof in the form that it has in Rust: an object with its member, or `null`.
    /// Of another form it may be a field whose name is like the oneof's.
    fn oneof<'de, E: de::Error>(
        &mut self,
        merge: &mut Merge<'de, '_>,
        oneof: usize,
        name: &str,
        value: &'de str,
    ) -> Result<(), E> {
        if value == "null" {
            return Ok(());
        }
        let descriptor = self.message.descriptor();
        let members = match value.starts_with('{') {
            true => merge.reread(value, |_, reader| Members::read(reader))?.0,
            false => Vec::new(),
        };
        let member = match members.as_slice() {
            [(variant, value)] => {
                names::member(descriptor, oneof, variant).map(|member| (member, *value))
            }
            _ => None,
        };
        let found = match member {
            Some(found) => Some(found),
            None => merge
                .field(descriptor, name, 0)?
                .map(|index| (index, value)),
        };
        match found {
            Some((index, value)) => self.give(merge, index, |seed| seed.reread(value)),
            None => Ok(()),
        }
    }
}

/// The fields of one message that a document has named so far.
#[derive(Default)]
struct Seen {
    /// One bit for each of the first fields.
    low: u128,
    high: Vec<usize>,
    /// The oneofs that hold a value, each with its member.
    oneofs: Vec<(usize, usize)>,
}

impl Seen {
    /// Whether the field is new.
    fn field(&mut self, index: usize) -> bool {
        let bit = u32::try_from(index).ok();
        if let Some(bit) = bit.and_then(|index| 1u128.checked_shl(index)) {
            let is_new = self.low & bit == 0;
            self.low |= bit;
            return is_new;
        }
        let is_new = !self.high.contains(&index);
        self.high.push(index);
        is_new
    }

    /// The member that the oneof held before this one.
    fn member(&mut self, oneof: usize, index: usize) -> Option<usize> {
        let before = self.oneofs.iter().find(|(seen, _)| *seen == oneof);
        let before = before.map(|(_, member)| *member);
        self.oneofs.push((oneof, index));
        before
    }
}

/// Merges the members of an object into a map.
pub(super) fn read_entries<'de, A: MapAccess<'de>>(
    merge: &mut Merge<'de, '_>,
    map: &mut dyn Map,
    scalar: Scalar,
    ty: Type,
    mut entries: A,
) -> Result<(), A::Error> {
    // In a map that was empty, a key that is there already came from this document.
    let mut given = (!map.is_empty()).then(BTreeSet::new);
    while let Some(text) = entries.next_key_seed(KeySeed)? {
        let step = match scalar {
            Scalar::String => Step::Key(text.clone()),
            _ => Step::KeyText(text.clone()),
        };
        merge.at(step, |merge| {
            let key = key(scalar, &text).map_err(|problem| merge.fail(problem))?;
            let is_new = match &mut given {
                Some(given) => {
                    map.remove(&key);
                    given.insert(key.to_string())
                }
                None => map.get(&key).is_none(),
            };
            if !is_new {
                return Err(merge.fail(Problem::Duplicate));
            }
            let Some(value) = map.get_mut(&key) else {
                return Err(merge.mismatch(Given::String(&text).to_string(), scalar.name()));
            };
            let target = Target::new(value, Label::Singular);
            entries.next_value_seed(Seed::new(merge, target, ty))
        })?;
    }
    Ok(())
}

/// The map key that a key of a JSON object stands for.
fn key(scalar: Scalar, text: &str) -> Result<Key<'_>, Problem> {
    let given = Given::String(text);
    Ok(match scalar {
        Scalar::String => Key::String(text.into()),
        Scalar::Bool => match text {
            "true" => Key::Bool(true),
            "false" => Key::Bool(false),
            _ => return Err(given.mismatch("true or false")),
        },
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(given.integer()?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(given.integer()?),
        Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(given.integer()?),
        Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(given.integer()?),
        Scalar::Double | Scalar::Float | Scalar::Bytes => {
            return Err(given.mismatch("a map's key"));
        }
    })
}

/// Reads one field's value, and returns whether it set the field (`null` does not).
pub(super) struct FieldSeed<'a, 'de, 'c> {
    pub(super) merge: &'a mut Merge<'de, 'c>,
    pub(super) message: &'a mut dyn Reflect,
    pub(super) index: usize,
    pub(super) explicit: Option<&'a mut Explicit>,
}

impl<'de> FieldSeed<'_, 'de, '_> {
    /// Reads a value that was set aside.
    fn reread<E: de::Error>(self, value: &'de str) -> Result<bool, E> {
        let Self {
            merge,
            message,
            index,
            explicit,
        } = self;
        merge.reread(value, |merge, reader| {
            let seed = FieldSeed {
                merge,
                message,
                index,
                explicit,
            };
            seed.deserialize(reader)
        })
    }
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, 'de, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_, 'de, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        let is_set = set_null(self.message, self.index);
        if !is_set {
            self.message.clear(self.index);
        }
        match self.explicit {
            Some(explicit) if is_set => drop(explicit.mark(self.index)),
            Some(explicit) => explicit.unmark(self.index),
            None => {}
        }
        Ok(is_set)
    }

    fn visit_none<E: de::Error>(self) -> Result<bool, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        let Self {
            merge,
            message,
            index,
            explicit,
        } = self;
        let descriptor = message.descriptor();
        let within = explicit.map(|explicit| explicit.mark(index));
        let (Some(field), Some(mut value)) = (descriptor.fields.get(index), message.get_mut(index))
        else {
            return Err(merge.unknown_field(descriptor, &index.to_string()));
        };
        if let ValueMut::List(list) = &mut value {
            list.truncate(0);
        }
        let is_single = matches!(field.label, Label::Singular | Label::Optional);
        merge.at(Step::Field(field.name), |merge| {
            let seed = Seed::new(merge, Target::new(value, field.label), field.ty);
            match is_single {
                true => seed.of_field(within, (descriptor, index)),
                false => seed,
            }
            .deserialize(reader)
        })?;
        Ok(true)
    }
}

/// Sets a field to `null` if that is a value of its type, and returns whether it is.
fn set_null(message: &mut dyn Reflect, index: usize) -> bool {
    let Some(field) = message.descriptor().fields.get(index) else {
        return false;
    };
    if matches!(field.label, Label::Repeated | Label::Map(_))
        || !well_known::null_is_value(&field.ty)
    {
        return false;
    }
    match message.get_mut(index) {
        Some(ValueMut::Enum(target)) => target.set_number(0),
        Some(ValueMut::Message(value)) => match WellKnown::of(value.descriptor()) {
            Some(WellKnown::Value(fields)) => known::set_null(value, fields),
            _ => return false,
        },
        _ => return false,
    }
    true
}

/// Reads a key, without a copy where the document has it as it is.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The members of an object in the order given, their values not yet read.
#[derive(Default)]
pub(super) struct Members<'de>(pub(super) Vec<(Cow<'de, str>, &'de str)>);

impl<'de> Members<'de> {
    pub(super) fn read<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self, A::Error> {
        while let Some(name) = entries.next_key_seed(KeySeed)? {
            let value: &RawValue = entries.next_value()?;
            self.0.push((name, value.get()));
        }
        Ok(self)
    }
}
