//! Setters on the messages of this build's own proto files, over the wire.

use proptest::prelude::*;

use super::*;
use crate::schema::describe::{Sample, sample};
use crate::schema::{Explicit, Field, Label, Message, Plain, Reflect, Scalar, Type, Value, json};

fn encoded(message: &dyn Reflect) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).unwrap();
    bytes
}

fn with_setters(message: &'static Message, setters: &[(&str, &str)]) -> Box<dyn Reflect> {
    let mut value = (message.new)();
    for (path, text) in setters {
        let explicit = &mut Explicit::default();
        set(&mut *value, explicit, &Plain, crate::schema(), path, text).unwrap();
    }
    value
}

/// The same message after a trip over the wire.
fn received(sent: &dyn Reflect) -> Box<dyn Reflect> {
    let mut value = (sent.descriptor().new)();
    value.merge_from(&encoded(sent)).unwrap();
    value
}

#[test]
fn every_field_is_the_same_by_setter_and_by_document() {
    let messages = crate::schema().messages;
    let mut count = 0;
    for message in messages {
        for field in message.fields {
            let Some(Sample { path, value, entry }) = sample(field) else {
                continue;
            };
            let by_setter = with_setters(message, &[(&path, &value)]);
            let mut by_document = (message.new)();
            json::merge(
                &mut *by_document,
                &mut Explicit::default(),
                &Plain,
                crate::schema(),
                &format!("{{\"{}\":{}}}", entry.0, entry.1.compact()),
            )
            .unwrap();
            let bytes = encoded(&*by_setter);
            assert!(!bytes.is_empty(), "{}.{path}", message.full_name);
            assert_eq!(
                bytes,
                encoded(&*by_document),
                "{}.{path}",
                message.full_name
            );
            assert_eq!(bytes, encoded(&*received(&*by_setter)));
            count += 1;
        }
    }
    let fields: usize = messages.iter().map(|message| message.fields.len()).sum();
    // Other protos may hold messages for which no value can be made up.
    if crate::schema().source == "protos" {
        assert_eq!(count, fields);
    }
}

/// Every singular scalar field of the build, with its message.
fn scalars() -> Vec<(&'static Message, usize, &'static Field, Scalar)> {
    let fields = |message: &'static Message| {
        message
            .fields
            .iter()
            .enumerate()
            .map(move |it| (message, it))
    };
    let all = crate::schema()
        .messages
        .iter()
        .flat_map(|message| fields(message));
    all.filter_map(|(message, (index, field))| match (field.label, field.ty) {
        (Label::Singular | Label::Optional, Type::Scalar(scalar)) => {
            Some((message, index, field, scalar))
        }
        _ => None,
    })
    .collect()
}

fn shown(value: Option<Value<'_>>) -> String {
    match value {
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int32(value)) => value.to_string(),
        Some(Value::Int64(value)) => value.to_string(),
        Some(Value::Uint32(value)) => value.to_string(),
        Some(Value::Uint64(value)) => value.to_string(),
        Some(Value::Float(value)) => value.to_string(),
        Some(Value::Double(value)) => value.to_string(),
        Some(Value::String(value)) => value.to_owned(),
        Some(Value::Bytes(value)) => String::from_utf8_lossy(value).into_owned(),
        other => format!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_value_survives_the_wire(
        pick in any::<prop::sample::Index>(),
        number: i32,
        text in "[^@]{0,8}",
    ) {
        let scalars = scalars();
        prop_assume!(!scalars.is_empty());
        let (message, index, field, scalar) = scalars[pick.index(scalars.len())];
        let text = match scalar {
            Scalar::Bool => (number % 2 == 0).to_string(),
            Scalar::String => text,
            Scalar::Bytes => {
                prop_assume!(!text.starts_with("hex:") && !text.starts_with("base64:"));
                text
            }
            Scalar::Uint32 | Scalar::Uint64 | Scalar::Fixed32 | Scalar::Fixed64 => {
                number.unsigned_abs().to_string()
            }
            // Both kinds of floats hold this many digits exactly.
            Scalar::Float | Scalar::Double => (number >> 8).to_string(),
            _ => number.to_string(),
        };
        let sent = with_setters(message, &[(field.json_name, &text)]);
        prop_assert_eq!(shown(received(&*sent).get(index)), text);
    }
}
