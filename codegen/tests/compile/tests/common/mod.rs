//! Values for fields of any type, and values as text to compare.

#![allow(dead_code, reason = "not every test needs all of it")]
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fmt::Write as _;

use agent_schema::{
    Field, Key, Label, List, Map, Message, Reflect, Scalar, Schema, Type, Value, ValueMut,
};

/// A message of a schema by its full name.
pub(crate) fn message(schema: &'static Schema, full_name: &str) -> Box<dyn Reflect> {
    (descriptor(schema, full_name).new)()
}

/// The description of a message.
pub(crate) fn descriptor(schema: &'static Schema, full_name: &str) -> &'static Message {
    schema
        .messages
        .iter()
        .find(|message| message.full_name == full_name)
        .unwrap()
}

/// The index of a field.
pub(crate) fn index(message: &dyn Reflect, name: &str) -> usize {
    message
        .descriptor()
        .fields
        .iter()
        .position(|field| field.name == name)
        .unwrap()
}

/// A field by name.
pub(crate) fn get<'a>(message: &'a dyn Reflect, name: &str) -> Option<Value<'a>> {
    message.get(index(message, name))
}

/// A field by name, to change.
pub(crate) fn get_mut<'a>(message: &'a mut dyn Reflect, name: &str) -> ValueMut<'a> {
    let index = index(message, name);
    message.get_mut(index).unwrap()
}

/// A message as bytes.
pub(crate) fn encode(message: &dyn Reflect) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).unwrap();
    bytes
}

/// Gives a field a value that is not its default; messages within are filled to
/// `depth`.
pub(crate) fn fill(value: ValueMut<'_>, depth: usize) {
    match value {
        ValueMut::Bool(value) => *value = true,
        ValueMut::Int32(value) => *value = -32,
        ValueMut::Int64(value) => *value = -64_000_000_000,
        ValueMut::Uint32(value) => *value = u32::MAX,
        ValueMut::Uint64(value) => *value = u64::MAX,
        ValueMut::Float(value) => *value = 1.5,
        ValueMut::Double(value) => *value = -2.25e300,
        ValueMut::String(value) => *value = "snow \u{2603}".to_owned(),
        ValueMut::Bytes(value) => *value = vec![0, 255, 10],
        ValueMut::Enum(value) => value.set_number(-77),
        ValueMut::Message(message) => fill_all(message, depth - 1),
        ValueMut::List(list) => {
            fill(list.push(), depth);
            fill(list.push(), depth);
        }
        ValueMut::Map(map) => {
            let keys = [
                Key::Bool(true),
                Key::Int32(-1),
                Key::Int64(-2),
                Key::Uint32(3),
                Key::Uint64(4),
                Key::String("key".into()),
            ];
            // A map takes keys of its own type only.
            let added = keys
                .iter()
                .filter_map(|key| map.get_mut(key).map(|v| fill(v, depth)));
            assert_eq!(added.count(), 1);
        }
    }
}

/// Gives all fields a value.
pub(crate) fn fill_all(message: &mut dyn Reflect, depth: usize) {
    if depth > 0 {
        for index in 0..message.descriptor().fields.len() {
            fill(message.get_mut(index).unwrap(), depth);
        }
    }
}

/// A message's fields as text, without those that are unset.
pub(crate) fn show(message: &dyn Reflect) -> String {
    let mut text = String::from("{");
    for (index, field) in message.descriptor().fields.iter().enumerate() {
        if let Some(value) = message.get(index).filter(|value| !is_empty(value, field)) {
            write!(text, " {}: {}", field.name, show_value(value)).unwrap();
        }
    }
    text + " }"
}

fn is_empty(value: &Value<'_>, field: &Field) -> bool {
    !field.has_presence() && value.is_default()
}

/// A value as text.
pub(crate) fn show_value(value: Value<'_>) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int32(value) | Value::Enum(value) => value.to_string(),
        Value::Int64(value) => value.to_string(),
        Value::Uint32(value) => value.to_string(),
        Value::Uint64(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::String(value) => format!("{value:?}"),
        Value::Bytes(value) => format!("{value:?}"),
        Value::Message(message) => show(message),
        Value::List(list) => {
            let elements = (0..list.len()).map(|index| show_value(list.get(index).unwrap()));
            format!("[{}]", elements.collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries = map
                .entries()
                .map(|(key, value)| format!("{key:?}: {}", show_value(value)));
            format!("({})", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a single value is of a type.
pub(crate) fn of_type(value: Value<'_>, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Message(message), Type::Message(ty)) => std::ptr::eq(message.descriptor(), *ty),
        (Value::Enum(_), Type::Enum(_)) => true,
        (value, Type::Scalar(scalar)) => of_scalar(value, *scalar),
        _ => false,
    }
}

/// Whether a list or map holds one type.
pub(crate) fn of_map(value: Value<'_>, field: &Field) -> bool {
    match (value, field.label) {
        (Value::List(list), Label::Repeated) => of_type(list.get(0).unwrap(), &field.ty),
        (Value::Map(map), Label::Map(key_type)) => map
            .entries()
            .all(|(key, value)| of_scalar(key_value(&key), key_type) && of_type(value, &field.ty)),
        _ => false,
    }
}

fn key_value<'a>(key: &'a Key<'_>) -> Value<'a> {
    match key {
        Key::Bool(key) => Value::Bool(*key),
        Key::Int32(key) => Value::Int32(*key),
        Key::Int64(key) => Value::Int64(*key),
        Key::Uint32(key) => Value::Uint32(*key),
        Key::Uint64(key) => Value::Uint64(*key),
        Key::String(key) => Value::String(key),
    }
}

fn of_scalar(value: Value<'_>, scalar: Scalar) -> bool {
    use Scalar::{
        Bool, Bytes, Double, Fixed32, Fixed64, Float, Int32, Int64, Sfixed32, Sfixed64, Sint32,
        Sint64, Uint32, Uint64,
    };
    matches!(
        (value, scalar),
        (Value::Bool(_), Bool)
            | (Value::Int32(_), Int32 | Sint32 | Sfixed32)
            | (Value::Int64(_), Int64 | Sint64 | Sfixed64)
            | (Value::Uint32(_), Uint32 | Fixed32)
            | (Value::Uint64(_), Uint64 | Fixed64)
            | (Value::Float(_), Float)
            | (Value::Double(_), Double)
            | (Value::String(_), Scalar::String)
            | (Value::Bytes(_), Bytes)
    )
}

/// The list in a field.
pub(crate) fn list_mut<'a>(message: &'a mut dyn Reflect, name: &str) -> &'a mut dyn List {
    match get_mut(message, name) {
        ValueMut::List(list) => list,
        _ => unreachable!("{name} is no list"),
    }
}

/// The map in a field.
pub(crate) fn map_mut<'a>(message: &'a mut dyn Reflect, name: &str) -> &'a mut dyn Map {
    match get_mut(message, name) {
        ValueMut::Map(map) => map,
        _ => unreachable!("{name} is no map"),
    }
}

/// The message in a field.
pub(crate) fn message_mut<'a>(message: &'a mut dyn Reflect, name: &str) -> &'a mut dyn Reflect {
    match get_mut(message, name) {
        ValueMut::Message(message) => message,
        _ => unreachable!("{name} is no message"),
    }
}
