//! Properties that several targets share: how an error reads, and that what is
//! written as JSON is read back.

use std::fmt::Display;

use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Plain, Reflect, Schema, Type, Value};

const PACKAGE: &str = "google.protobuf.";
const NULL_VALUE: &str = "google.protobuf.NullValue";

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
/// When what is written is not a JSON, is not read, or is not the same again.
pub fn json_again(message: &dyn Reflect, schema: &'static Schema) -> Again {
    let Some(text) = compact(message, schema) else {
        return Again::TooDeep;
    };
    let end = json::value_end(&text);
    assert_eq!(end.ok(), Some(text.len()), "{text}");
    let mut again = (message.descriptor().new)();
    let mut explicit = Explicit::default();
    match json::merge(again.as_mut(), &mut explicit, &Plain, schema, &text) {
        Ok(_) if is_ambiguous(message) => Again::NoForm,
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
    holds(message, &|held| is_known(held, &PARTIAL))
}

/// Whether other messages are written as the same JSON: what is in an `Any` may
/// have been encoded in another order, and each number of `NullValue` is `null`.
fn is_ambiguous(message: &dyn Reflect) -> bool {
    holds(message, &|held| {
        is_known(held, &["Any"]) || has_odd_null(held)
    })
}

fn is_known(message: &dyn Reflect, names: &[&str]) -> bool {
    let name = message.descriptor().full_name.strip_prefix(PACKAGE);
    name.is_some_and(|name| names.contains(&name))
}

fn has_odd_null(message: &dyn Reflect) -> bool {
    let mut fields = message.descriptor().fields.iter().enumerate();
    fields.any(|(index, field)| {
        let is_null = matches!(field.ty, Type::Enum(it) if it.full_name == NULL_VALUE);
        let is_odd = |value| matches!(value, Value::Enum(number) if number != 0);
        is_null
            && match message.get(index) {
                Some(Value::List(list)) => {
                    (0..list.len()).any(|at| list.get(at).is_some_and(is_odd))
                }
                Some(Value::Map(map)) => map.entries().any(|(_, value)| is_odd(value)),
                Some(value) => is_odd(value),
                None => false,
            }
    })
}

/// Whether this is so of the message or of one that it holds at any depth.
fn holds(message: &dyn Reflect, is_so: &dyn Fn(&dyn Reflect) -> bool) -> bool {
    let held = |value: Value<'_>| match value {
        Value::Message(inner) => holds(inner, is_so),
        _ => false,
    };
    is_so(message)
        || (0..message.descriptor().fields.len()).any(|index| match message.get(index) {
            Some(Value::List(list)) => (0..list.len()).any(|at| list.get(at).is_some_and(held)),
            Some(Value::Map(map)) => map.entries().any(|(_, value)| held(value)),
            Some(value) => held(value),
            None => false,
        })
}
