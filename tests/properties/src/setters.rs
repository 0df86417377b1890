//! From a message to the setters that make it, by the table alone.

use kata_agent_ctl::schema::json::{self, EmptyForm};
use kata_agent_ctl::schema::{Key, Reflect, Scalar, Type, Value};

/// A path, and the text of the value to set there.
pub type Pair = (String, String);

/// The setters that make `message`, each for one value. A list grows by the
/// index that follows its last.
pub fn setters(message: &dyn Reflect) -> Vec<Pair> {
    let mut setters = Vec::new();
    within("", message, &mut setters);
    setters
}

/// A setter as a command has it: nothing that quoting is for is left.
pub fn quoted((path, value): &Pair) -> String {
    format!("{path}={}", crate::command::quote(value.as_bytes()))
}

fn within(prefix: &str, message: &dyn Reflect, setters: &mut Vec<Pair>) {
    let before = setters.len();
    for (index, field) in message.descriptor().fields.iter().enumerate() {
        let Some(found) = message.get(index) else {
            continue;
        };
        if !field.has_presence() && found.is_default() {
            continue;
        }
        let dot = if prefix.is_empty() { "" } else { "." };
        let path = format!("{prefix}{dot}{}", field.name);
        match found {
            Value::List(list) => {
                for (at, found) in (0..list.len()).filter_map(|at| Some((at, list.get(at)?))) {
                    value(format!("{path}[{at}]"), found, field.ty, setters);
                }
            }
            Value::Map(map) => {
                for (key, found) in map.entries() {
                    value(
                        format!("{path}[{}]", key_text(key)),
                        found,
                        field.ty,
                        setters,
                    );
                }
            }
            found => value(path, found, field.ty, setters),
        }
    }
    if setters.len() == before && !prefix.is_empty() {
        setters.push(empty(prefix, message));
    }
}

fn value(path: String, value: Value<'_>, ty: Type, setters: &mut Vec<Pair>) {
    let text = match value {
        Value::Bool(value) => value.to_string(),
        Value::Int32(value) => value.to_string(),
        Value::Int64(value) => value.to_string(),
        Value::Uint32(value) => value.to_string(),
        Value::Uint64(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Double(value) => format!("{value:?}"),
        Value::String(text) => literal(text),
        Value::Bytes(bytes) => hex(bytes),
        Value::Enum(number) => match ty {
            Type::Enum(it) => it.name_of(number).map(str::to_owned),
            Type::Scalar(_) | Type::Message(_) => None,
        }
        .unwrap_or_else(|| number.to_string()),
        Value::Message(inner) => return within(&path, inner, setters),
        // Neither lists nor maps hold lists or maps.
        Value::List(_) | Value::Map(_) => return,
    };
    setters.push((path, text));
}

/// The setter that makes a message present of which nothing is set.
fn empty(path: &str, message: &dyn Reflect) -> Pair {
    let text = match json::empty_form(message.descriptor()) {
        None => "{}",
        Some(EmptyForm::Text(text)) => text.trim_matches('"'),
        Some(EmptyForm::Scalar(Scalar::String | Scalar::Bytes)) => "",
        Some(EmptyForm::Scalar(Scalar::Bool)) => "false",
        Some(EmptyForm::Scalar(_)) => "0",
    };
    (path.to_owned(), text.to_owned())
}

/// Text that is not taken for a file's name.
pub(crate) fn literal(text: &str) -> String {
    let mark = if text.starts_with('@') { "@" } else { "" };
    format!("{mark}{text}")
}

/// Bytes in the form that says nothing about what they mean.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("hex:{}", digits.collect::<String>())
}

fn key_text(key: Key<'_>) -> String {
    match key {
        Key::Bool(key) => key.to_string(),
        Key::Int32(key) => key.to_string(),
        Key::Int64(key) => key.to_string(),
        Key::Uint32(key) => key.to_string(),
        Key::Uint64(key) => key.to_string(),
        Key::String(key) => serde_json::Value::from(key).to_string(),
    }
}
