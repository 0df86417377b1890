//! `Value`: any JSON value.

use std::fmt;

use serde::de::{self, DeserializeSeed as _, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::super::reflect::{Reflect, ValueMut};
use super::super::context::Merge;
use super::super::message::MessageSeed;
use super::super::write::{WriteError, Writer};

/// The members of the oneof that a `Value` is, by index.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Fields {
    pub(super) null: usize,
    pub(super) number: usize,
    pub(super) string: usize,
    pub(super) bool: usize,
    pub(super) object: usize,
    pub(super) list: usize,
}

pub(super) fn read<'de, D: Deserializer<'de>>(
    merge: &mut Merge<'de, '_>,
    fields: Fields,
    message: &mut dyn Reflect,
    reader: D,
) -> Result<(), D::Error> {
    reader.deserialize_any(ValueVisitor {
        merge,
        fields,
        message,
    })
}

struct ValueVisitor<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    fields: Fields,
    message: &'a mut dyn Reflect,
}

impl<'de> Visitor<'de> for ValueVisitor<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        super::set_enum(self.message, self.fields.null, 0);
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        if let Some(ValueMut::Bool(target)) = self.message.get_mut(self.fields.bool) {
            *target = value;
        }
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        if let Some(ValueMut::Double(target)) = self.message.get_mut(self.fields.number) {
            *target = value;
        }
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        if let Some(ValueMut::String(target)) = self.message.get_mut(self.fields.string) {
            value.clone_into(target);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        match self.message.get_mut(self.fields.object) {
            Some(ValueMut::Message(object)) => MessageSeed::new(self.merge, object, None)
                .deserialize(de::value::MapAccessDeserializer::new(entries)),
            _ => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        match self.message.get_mut(self.fields.list) {
            Some(ValueMut::Message(list)) => MessageSeed::new(self.merge, list, None)
                .deserialize(de::value::SeqAccessDeserializer::new(elements)),
            _ => Ok(()),
        }
    }
}

/// Writes the value; `null` if none is set.
pub(super) fn write(
    writer: &mut Writer<'_>,
    fields: Fields,
    message: &dyn Reflect,
) -> Result<(), WriteError> {
    let Fields {
        null: _,
        number,
        string,
        bool,
        object,
        list,
    } = fields;
    for index in [number, string, bool, object, list] {
        let field = message.descriptor().fields.get(index);
        if let (Some(value), Some(field)) = (message.get(index), field) {
            return writer.value(value, &field.ty);
        }
    }
    writer.null();
    Ok(())
}
