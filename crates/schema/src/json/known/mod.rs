//! The well-known messages of `google.protobuf` in their own JSON forms.

mod any;
mod mask;
mod time;

pub use self::any::write_any;

use serde::de::{Deserialize as _, DeserializeSeed as _, Deserializer};
use serde_json::value::RawValue;

use super::merge::Merge;
use super::read::{Seed, Target};
use super::scalar::Given;
use super::write::{WriteError, Writer, name_of_float};
use crate::descriptor::Type;
use crate::reflect::{Reflect, Value, ValueMut};
use crate::well_known::{ValueFields, WellKnown};

/// Makes a `Value` the one that JSON writes as `null`.
pub(super) fn set_null(message: &mut dyn Reflect, fields: ValueFields) {
    if let Some(ValueMut::Enum(target)) = message.get_mut(fields.null) {
        target.set_number(0);
    }
}

/// Reads a message in its special form.
pub(super) fn read<'de, D: Deserializer<'de>>(
    merge: &mut Merge<'de, '_>,
    known: WellKnown,
    message: &mut dyn Reflect,
    reader: D,
) -> Result<(), D::Error> {
    match known {
        WellKnown::Timestamp { seconds, nanos } => {
            const EXPECTED: &str = "a time such as \"2024-05-01T12:30:00Z\" in the years 1 to 9999";
            let time = string(merge, reader, time::parse_timestamp, EXPECTED)?;
            set_time(message, seconds, nanos, time);
        }
        WellKnown::Duration { seconds, nanos } => {
            const EXPECTED: &str = "a duration such as \"1.5s\" of up to 315576000000 seconds";
            let time = string(merge, reader, time::parse_duration, EXPECTED)?;
            set_time(message, seconds, nanos, time);
        }
        WellKnown::FieldMask { paths } => {
            const EXPECTED: &str = "a list of paths such as \"user.firstName,age\"";
            let names = string(merge, reader, mask::parse, EXPECTED)?;
            if let Some(ValueMut::List(list)) = message.get_mut(paths) {
                list.truncate(0);
                for name in names {
                    if let ValueMut::String(target) = list.push() {
                        *target = name;
                    }
                }
            }
        }
        WellKnown::Wrapper { value: index }
        | WellKnown::Struct { fields: index }
        | WellKnown::ListValue { values: index } => {
            return inner(merge, message, index, reader);
        }
        WellKnown::Value(fields) => {
            let ty = Type::Message(message.descriptor());
            let target = Target::Anything(message, fields);
            return Seed::new(merge, target, ty).deserialize(reader);
        }
        WellKnown::Any { type_url, value } => {
            let raw = <&RawValue>::deserialize(reader)?.get();
            return any::read(merge, message, type_url, value, raw);
        }
    }
    Ok(())
}

/// Reads the one field that a message's special form consists of.
fn inner<'de, D: Deserializer<'de>>(
    merge: &mut Merge<'de, '_>,
    message: &mut dyn Reflect,
    index: usize,
    reader: D,
) -> Result<(), D::Error> {
    let field = message.descriptor().fields.get(index);
    let (Some(field), Some(mut target)) = (field, message.get_mut(index)) else {
        return Ok(());
    };
    if let ValueMut::List(list) = &mut target {
        list.truncate(0);
    }
    Seed::new(merge, Target::new(target, field.label), field.ty).deserialize(reader)
}

fn set_time(message: &mut dyn Reflect, seconds: usize, nanos: usize, time: (i64, i32)) {
    if let Some(ValueMut::Int64(target)) = message.get_mut(seconds) {
        *target = time.0;
    }
    if let Some(ValueMut::Int32(target)) = message.get_mut(nanos) {
        *target = time.1;
    }
}

/// Reads a string and what it stands for.
fn string<'de, D: Deserializer<'de>, T>(
    merge: &mut Merge<'de, '_>,
    reader: D,
    parse: fn(&str) -> Option<T>,
    expected: &str,
) -> Result<T, D::Error> {
    let raw = <&RawValue>::deserialize(reader)?.get();
    let content = merge.string_content::<D::Error>(raw)?;
    let parsed = content.as_deref().and_then(parse);
    parsed.ok_or_else(|| merge.fail(Given::new(content.as_deref(), raw).mismatch(expected)))
}

/// Writes a message in its special form. `false` if its content has none, and
/// it must be shown by its fields; nothing has been written then.
pub(super) fn write(
    writer: &mut Writer<'_>,
    known: WellKnown,
    message: &dyn Reflect,
) -> Result<bool, WriteError> {
    match known {
        WellKnown::Timestamp { seconds, nanos } => Ok(write_time(
            writer,
            message,
            seconds,
            nanos,
            time::timestamp_text,
        )),
        WellKnown::Duration { seconds, nanos } => Ok(write_time(
            writer,
            message,
            seconds,
            nanos,
            time::duration_text,
        )),
        WellKnown::FieldMask { paths } => Ok(match message.get(paths).and_then(mask::text) {
            Some(text) => {
                writer.string(&text);
                true
            }
            None => false,
        }),
        WellKnown::Wrapper { value: index }
        | WellKnown::Struct { fields: index }
        | WellKnown::ListValue { values: index } => {
            let field = message.descriptor().fields.get(index);
            match (field, message.get(index)) {
                (Some(field), Some(value)) => writer.value(value, &field.ty).map(|()| true),
                _ => Ok(false),
            }
        }
        WellKnown::Value(fields) => write_value(writer, fields, message).map(|()| true),
        WellKnown::Any { type_url, value } => any::write(writer, message, type_url, value),
    }
}

fn write_time(
    writer: &mut Writer<'_>,
    message: &dyn Reflect,
    seconds: usize,
    nanos: usize,
    text: fn(i64, i32) -> Option<String>,
) -> bool {
    let (Some(Value::Int64(seconds)), Some(Value::Int32(nanos))) =
        (message.get(seconds), message.get(nanos))
    else {
        return false;
    };
    match text(seconds, nanos) {
        Some(text) => {
            writer.string(&text);
            true
        }
        None => false,
    }
}

/// Writes the member that a `Value` is; `null` if none is set.
fn write_value(
    writer: &mut Writer<'_>,
    fields: ValueFields,
    message: &dyn Reflect,
) -> Result<(), WriteError> {
    let ValueFields {
        null: _,
        number,
        string,
        bool,
        object,
        list,
    } = fields;
    for index in [number, string, bool, object, list] {
        let field = message.descriptor().fields.get(index);
        if let Some(Value::Double(number)) = message.get(index)
            && let Some(name) = name_of_float(number)
        {
            return Err(WriteError::NoNumber(name));
        }
        if let (Some(value), Some(field)) = (message.get(index), field) {
            return writer.value(value, &field.ty);
        }
    }
    writer.null();
    Ok(())
}
