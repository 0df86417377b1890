//! The table of this build, and what is written over tables on all that is in it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::SCHEMA;
use crate::schema::describe::{Sample, Unannotated, describe, describe_json, sample};
use crate::schema::lookup::Item;
use crate::schema::path::set;
use crate::schema::{Explicit, Field, Label, Message, Plain, Reflect, Scalar, Type, Value, json};

#[test]
fn the_table_agrees_with_itself() {
    let messages: BTreeSet<&str> = SCHEMA.messages.iter().map(|m| m.full_name).collect();
    let enums: BTreeSet<&str> = SCHEMA.enums.iter().map(|e| e.full_name).collect();
    assert!(SCHEMA.messages.is_sorted_by_key(|m| m.full_name));
    assert!(SCHEMA.enums.is_sorted_by_key(|e| e.full_name));
    let known = |message: &Message| messages.contains(message.full_name);
    for service in SCHEMA.services {
        for rpc in service.rpcs {
            assert!(known(rpc.request) && known(rpc.response), "{}", rpc.path());
            assert_eq!((rpc.service, rpc.file), (service.full_name, service.file));
        }
    }
    for message in SCHEMA.messages {
        for field in message.fields {
            let found = match field.ty {
                Type::Message(message) => known(message),
                Type::Enum(enumeration) => enums.contains(enumeration.full_name),
                Type::Scalar(_) => true,
            };
            assert!(found, "{}.{}", message.full_name, field.name);
            assert!(field.oneof.is_none_or(|oneof| oneof < message.oneofs.len()));
        }
    }
}

#[test]
fn every_field_of_every_message_can_be_set_and_cleared() {
    for message in SCHEMA.messages {
        let mut value = (message.new)();
        assert_eq!(value.descriptor().full_name, message.full_name);
        for (index, field) in message.fields.iter().enumerate() {
            let name = format!("{}.{}", message.full_name, field.name);
            assert_eq!(value.get(index).is_none(), field.has_presence(), "{name}");
            assert!(value.get_mut(index).is_some(), "{name}");
            assert!(value.get(index).is_some(), "{name}");
            value.clear(index);
            assert_eq!(value.get(index).is_none(), field.has_presence(), "{name}");
        }
        let end = message.fields.len();
        assert!(value.get(end).is_none() && value.get_mut(end).is_none());
        value.clear(end);
        let mut bytes = Vec::new();
        value.encode_into(&mut bytes).unwrap();
        assert_eq!(bytes, [0_u8; 0], "{}", message.full_name);
    }
}

fn encoded(message: &dyn Reflect) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).unwrap();
    bytes
}

fn with_setters(message: &'static Message, setters: &[(&str, &str)]) -> Box<dyn Reflect> {
    let mut value = (message.new)();
    for (path, text) in setters {
        let explicit = &mut Explicit::default();
        set(&mut *value, explicit, &Plain, &SCHEMA, path, text).unwrap();
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
    let messages = SCHEMA.messages;
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
                &SCHEMA,
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
    if SCHEMA.source == "protos" {
        assert_eq!(count, fields);
    }
}

#[test]
fn everything_in_this_build_is_told() {
    let schema = &SCHEMA;
    let rpcs = schema
        .services
        .iter()
        .flat_map(|service| service.rpcs.iter().map(Item::Rpc));
    let services = schema.services.iter().copied().map(Item::Service);
    let messages = schema.messages.iter().copied().map(Item::Message);
    let enums = schema.enums.iter().copied().map(Item::Enum);
    for item in rpcs.chain(services).chain(messages).chain(enums) {
        let document: serde_json::Value =
            serde_json::from_str(&describe_json(schema, item, &Unannotated)).unwrap();
        let name = document["full_name"].as_str().unwrap();
        let page = describe(schema, item, &Unannotated);
        assert!(page.lines().next().unwrap().contains(name), "{name}");
        assert!(!page.lines().any(|line| line.ends_with(' ')), "{name}");
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
    let all = SCHEMA.messages.iter().flat_map(|message| fields(message));
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
