//! Properties that several targets share: how an error reads, and that what is
//! written as JSON is read back.

use std::fmt::Display;

use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Plain, Reflect, Schema, Value};

/// The text of an error, which must be one line.
pub(crate) fn error_text(error: &dyn Display) -> String {
    let text = error.to_string();
    assert!(!text.trim().is_empty(), "an error without a text");
    // Only the first line of a message is shown.
    assert!(!text.contains(['\n', '\r']), "several lines: {text:?}");
    text
}

/// The message as it goes over the wire.
pub(crate) fn encoded(message: &dyn Reflect) -> Vec<u8> {
    let mut bytes = Vec::new();
    message
        .encode_into(&mut bytes)
        .expect("a message of this size can be encoded");
    bytes
}

/// What became of a message on its way through JSON.
#[derive(Debug)]
pub enum Again {
    /// It is nested deeper than a document may be.
    TooDeep,
    /// It holds what has no JSON that could be read: a time out of its range, an
    /// `Any` of unknown type and the like.
    NoForm,
    /// The message as read from its JSON; the JSON of it is the same.
    Same(Box<dyn Reflect>),
}

/// Writes a message as JSON, reads that, and writes it again.
///
/// # Panics
/// When what is written is no JSON, is not read, or is not the same again.
pub fn json_again(message: &dyn Reflect, schema: &'static Schema) -> Again {
    let Some(text) = compact(message, schema) else {
        return Again::TooDeep;
    };
    let end = json::value_end(&text);
    assert_eq!(end.ok(), Some(text.len()), "{text}");
    let mut again = (message.descriptor().new)();
    let mut explicit = Explicit::default();
    match json::merge(again.as_mut(), &mut explicit, &Plain, schema, &text) {
        Ok(_) if contains_any(message) => Again::NoForm,
        Ok(_) => {
            assert_eq!(compact(again.as_ref(), schema).as_ref(), Some(&text));
            Again::Same(again)
        }
        Err(error) => {
            let is_too_deep = matches!(error.problem(), json::Problem::TooDeep);
            assert!(is_too_deep || has_no_form(message), "{error}: {text}");
            Again::NoForm
        }
    }
}

fn compact(message: &dyn Reflect, schema: &'static Schema) -> Option<String> {
    let mut out = Vec::new();
    json::write(message, schema, Style::default(), &mut out).ok()?;
    Some(String::from_utf8(out).expect("JSON is text"))
}

/// Messages whose JSON form does not have room for every content.
const PARTIAL: [&str; 5] = ["Any", "Duration", "FieldMask", "Timestamp", "Value"];

fn has_no_form(message: &dyn Reflect) -> bool {
    has_known(message, &PARTIAL)
}

/// What is in an `Any` may have been encoded in another order.
fn contains_any(message: &dyn Reflect) -> bool {
    has_known(message, &["Any"])
}

/// Whether the message is, or holds at any depth, one of `google.protobuf` with
/// one of these names.
fn has_known(message: &dyn Reflect, names: &[&str]) -> bool {
    let descriptor = message.descriptor();
    let name = descriptor.full_name.strip_prefix("google.protobuf.");
    if name.is_some_and(|name| names.contains(&name)) {
        return true;
    }
    let held = |value: Value<'_>| match value {
        Value::Message(inner) => has_known(inner, names),
        _ => false,
    };
    (0..descriptor.fields.len()).any(|index| match message.get(index) {
        Some(Value::List(list)) => (0..list.len()).any(|at| list.get(at).is_some_and(held)),
        Some(Value::Map(map)) => map.entries().any(|(_, value)| held(value)),
        Some(value) => held(value),
        None => false,
    })
}
