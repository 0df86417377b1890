//! The messages of `google.protobuf` that have a JSON form of their own. They
//! are recognised by name and shape and reached like any other message, so that
//! it does not matter where their structs come from.

mod any;
mod mask;
mod time;
mod value;

use serde::de::{Deserialize as _, DeserializeSeed as _, Deserializer};
use serde_json::value::RawValue;

use super::super::descriptor::{Enum, Label, Message, Scalar, Type};
use super::super::reflect::{Reflect, Value, ValueMut};
use super::collection::{ListSeed, MapSeed, ValueSeed};
use super::context::Merge;
use super::given::Given;
use super::scalar;
use super::write::{WriteError, Writer};

const PACKAGE: &str = "google.protobuf.";

/// A message with a JSON form of its own, with the indices of its fields.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    /// A point in time: a string by RFC 3339.
    Timestamp { seconds: usize, nanos: usize },
    /// A span of time: a string such as `1.5s`.
    Duration { seconds: usize, nanos: usize },
    /// Names of fields: a string with commas.
    FieldMask { paths: usize },
    /// A scalar with presence: the scalar.
    Wrapper { value: usize },
    /// Any JSON object.
    Struct { fields: usize },
    /// Any JSON list.
    List { values: usize },
    /// Any JSON value.
    Value(value::Fields),
    /// A message of any type: its JSON with its type beside.
    Any { type_url: usize, value: usize },
}

/// What is known of a message type, if it is one of those.
pub(super) fn of(message: &'static Message) -> Option<Known> {
    let name = message.full_name.strip_prefix(PACKAGE)?;
    let field = |name: &str| message.fields.iter().position(|field| field.name == name);
    Some(match name {
        "Timestamp" => Known::Timestamp {
            seconds: field("seconds")?,
            nanos: field("nanos")?,
        },
        "Duration" => Known::Duration {
            seconds: field("seconds")?,
            nanos: field("nanos")?,
        },
        "FieldMask" => Known::FieldMask {
            paths: field("paths")?,
        },
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => Known::Wrapper {
            value: field("value")?,
        },
        "Struct" => Known::Struct {
            fields: field("fields")?,
        },
        "ListValue" => Known::List {
            values: field("values")?,
        },
        "Value" => Known::Value(value::Fields {
            null: field("null_value")?,
            number: field("number_value")?,
            string: field("string_value")?,
            bool: field("bool_value")?,
            object: field("struct_value")?,
            list: field("list_value")?,
        }),
        "Any" => Known::Any {
            type_url: field("type_url")?,
            value: field("value")?,
        },
        _ => return None,
    })
}

/// The JSON form of a message of which nothing is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyForm {
    /// This JSON text.
    Text(&'static str),
    /// The default of this type.
    Scalar(Scalar),
}

/// What [`write()`] makes of a message of which nothing is set.
pub(super) fn empty_form(message: &'static Message, known: Known) -> Option<EmptyForm> {
    Some(EmptyForm::Text(match known {
        Known::Timestamp { .. } => "\"1970-01-01T00:00:00Z\"",
        Known::Duration { .. } => "\"0s\"",
        Known::FieldMask { .. } => "\"\"",
        Known::Struct { .. } | Known::Any { .. } => "{}",
        Known::List { .. } => "[]",
        Known::Value(_) => "null",
        Known::Wrapper { value } => match message.fields.get(value)?.ty {
            Type::Scalar(scalar) => return Some(EmptyForm::Scalar(scalar)),
            Type::Enum(_) | Type::Message(_) => return None,
        },
    }))
}

/// Whether `null` is a value of this enum.
pub(super) fn is_null_value(enumeration: &Enum) -> bool {
    enumeration.full_name.strip_prefix(PACKAGE) == Some("NullValue")
}

/// Whether `null` is a value of this type instead of the lack of one.
pub(super) fn has_null(ty: &Type) -> bool {
    match ty {
        Type::Scalar(_) => false,
        Type::Enum(enumeration) => is_null_value(enumeration),
        Type::Message(message) => matches!(of(message), Some(Known::Value(_))),
    }
}

/// Sets a field to `null` if that is a value of its type; tells whether it is.
pub(super) fn set_null(message: &mut dyn Reflect, index: usize) -> bool {
    let Some(field) = message.descriptor().fields.get(index) else {
        return false;
    };
    if matches!(field.label, Label::Repeated | Label::Map(_)) {
        return false;
    }
    if !has_null(&field.ty) {
        return false;
    }
    match (message.get_mut(index), field.ty) {
        (Some(ValueMut::Enum(target)), _) => target.set_number(0),
        (Some(ValueMut::Message(value)), Type::Message(ty)) => {
            if let Some(Known::Value(fields)) = of(ty) {
                set_enum(value, fields.null, 0);
            }
        }
        _ => return false,
    }
    true
}

fn set_enum(message: &mut dyn Reflect, index: usize, number: i32) {
    if let Some(ValueMut::Enum(target)) = message.get_mut(index) {
        target.set_number(number);
    }
}

/// Reads a message in its special form.
pub(super) fn read<'de, D: Deserializer<'de>>(
    merge: &mut Merge<'de, '_>,
    known: Known,
    message: &mut dyn Reflect,
    reader: D,
) -> Result<(), D::Error> {
    match known {
        Known::Timestamp { seconds, nanos } => {
            const EXPECTED: &str = "a time such as \"2024-05-01T12:30:00Z\" in the years 1 to 9999";
            let time = string(merge, reader, time::parse_timestamp, EXPECTED)?;
            set_time(message, seconds, nanos, time);
        }
        Known::Duration { seconds, nanos } => {
            const EXPECTED: &str = "a duration such as \"1.5s\" of up to 315576000000 seconds";
            let time = string(merge, reader, time::parse_duration, EXPECTED)?;
            set_time(message, seconds, nanos, time);
        }
        Known::FieldMask { paths } => {
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
        Known::Wrapper { value: index }
        | Known::Struct { fields: index }
        | Known::List { values: index } => {
            return inner(merge, message, index, reader);
        }
        Known::Value(fields) => return value::read(merge, fields, message, reader),
        Known::Any { type_url, value } => {
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
    let descriptor = message.descriptor();
    let (Some(field), Some(target)) = (descriptor.fields.get(index), message.get_mut(index)) else {
        return Ok(());
    };
    let ty = field.ty;
    match target {
        ValueMut::Map(map) => MapSeed {
            merge,
            map,
            key: Scalar::String,
            ty,
        }
        .deserialize(reader),
        ValueMut::List(list) => {
            list.truncate(0);
            ListSeed { merge, list, ty }.deserialize(reader)
        }
        target => ValueSeed {
            merge,
            target,
            ty,
            explicit: None,
            spelling: None,
        }
        .deserialize(reader),
    }
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
    let content = scalar::string_content::<D::Error>(merge, raw)?;
    match content.as_deref().map(|content| (content, parse(content))) {
        Some((_, Some(parsed))) => Ok(parsed),
        Some((content, None)) => Err(merge.fail(Given::String(content).mismatch(expected))),
        None => Err(merge.fail(Given::unless_string(raw).mismatch(expected))),
    }
}

/// Writes a message in its special form. `false` if its content has none, and
/// it must be shown by its fields; nothing has been written then.
pub(super) fn write(
    writer: &mut Writer<'_>,
    known: Known,
    message: &dyn Reflect,
) -> Result<bool, WriteError> {
    match known {
        Known::Timestamp { seconds, nanos } => Ok(write_time(
            writer,
            message,
            seconds,
            nanos,
            time::timestamp_text,
        )),
        Known::Duration { seconds, nanos } => Ok(write_time(
            writer,
            message,
            seconds,
            nanos,
            time::duration_text,
        )),
        Known::FieldMask { paths } => Ok(match message.get(paths).and_then(mask::text) {
            Some(text) => {
                writer.string(&text);
                true
            }
            None => false,
        }),
        Known::Wrapper { value: index }
        | Known::Struct { fields: index }
        | Known::List { values: index } => {
            let field = message.descriptor().fields.get(index);
            match (field, message.get(index)) {
                (Some(field), Some(value)) => writer.value(value, &field.ty).map(|()| true),
                _ => Ok(false),
            }
        }
        Known::Value(fields) => value::write(writer, fields, message).map(|()| true),
        Known::Any { type_url, value } => any::write(writer, message, type_url, value),
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
