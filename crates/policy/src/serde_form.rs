//! A message as Rust's serde writes the struct of rust-protobuf, which is what an agent gives
//! to its policy: names that are words of Rust end with `_`, bytes are lists of numbers, enums
//! and 64-bit integers are numbers, and every field is there.

use agent_schema::{Key, Reflect, Value};
use serde_json::{Map, Number, Value as Json};

/// Words that the struct generator ends with a `_`.
const WORDS: [&str; 4] = ["type", "ref", "match", "mod"];

/// The message as JSON.
pub(crate) fn of(message: &dyn Reflect) -> Json {
    let mut object = Map::new();
    for (index, field) in message.descriptor().fields.iter().enumerate() {
        let name = match WORDS.contains(&field.name) {
            true => format!("{}_", field.name),
            false => field.name.to_owned(),
        };
        object.insert(name, message.get(index).map_or(Json::Null, value));
    }
    Json::Object(object)
}

fn value(value_: Value<'_>) -> Json {
    match value_ {
        Value::Bool(value) => value.into(),
        Value::Int32(value) | Value::Enum(value) => value.into(),
        Value::Int64(value) => value.into(),
        Value::Uint32(value) => value.into(),
        Value::Uint64(value) => value.into(),
        Value::Float(value) => Number::from_f64(value.into()).map_or(Json::Null, Json::Number),
        Value::Double(value) => Number::from_f64(value).map_or(Json::Null, Json::Number),
        Value::String(text) => text.into(),
        Value::Bytes(bytes) => bytes.to_vec().into(),
        Value::Message(message) => of(message),
        Value::List(list) => (0..list.len()).filter_map(|index| list.get(index)).map(value).collect(),
        Value::Map(map) => {
            let entries = map.entries().map(|(key, entry)| match key {
                Key::String(key) => (key.into_owned(), value(entry)),
                key => (key.to_string(), value(entry)),
            });
            Json::Object(entries.collect())
        }
    }
}
