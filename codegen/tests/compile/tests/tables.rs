//! What every table must do: each of its fields goes over the wire under its own number and type, and all of them
//! together come back as they were sent.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

mod common;

use agent_schema::{Field, Label, Message, Type};
use common::{fill, fill_all, of_map, of_type, show};
use fixtures::ALL;

/// Every message of every fixture.
fn messages() -> impl Iterator<Item = &'static Message> {
    ALL.iter()
        .flat_map(|fixture| fixture.schema.messages.iter().copied())
}

#[test]
fn each_field_goes_over_the_wire_under_its_own_number_and_type() {
    for message in messages() {
        for (index, field) in message.fields.iter().enumerate() {
            let name = format!("{}.{}", message.full_name, field.name);
            let mut value = (message.new)();
            fill(value.get_mut(index).unwrap_or_else(|| panic!("{name}")), 1);
            let mut bytes = Vec::new();
            value.encode_into(&mut bytes).unwrap();
            let (tag, _) = varint(&bytes);
            assert_eq!(tag >> 3, u64::from(field.number), "{name}");
            assert_eq!(tag & 7, wire_type(field), "{name}");

            let mut decoded = (message.new)();
            decoded.merge_from(&bytes).unwrap();
            assert_eq!(show(&*decoded), show(&*value), "{name}");
            for (other, field) in message.fields.iter().enumerate() {
                let unset = match decoded.get(other) {
                    None => field.has_presence(),
                    Some(value) => !field.has_presence() && value.is_default(),
                };
                assert_eq!(unset, other != index, "{name}: {}", field.name);
            }
        }
    }
}

#[test]
fn all_fields_together_come_back_as_they_were_sent() {
    for message in messages() {
        let mut value = (message.new)();
        fill_all(&mut *value, 3);
        let mut bytes = Vec::new();
        value.encode_into(&mut bytes).unwrap();
        let mut decoded = (message.new)();
        decoded.merge_from(&bytes).unwrap();
        assert_eq!(show(&*decoded), show(&*value), "{}", message.full_name);
        assert_eq!(decoded.unknown_fields_mut().iter().count(), 0);
        let mut again = Vec::new();
        decoded.clone_boxed().encode_into(&mut again).unwrap();
        assert_eq!(again, bytes, "{}", message.full_name);
    }
}

#[test]
fn clearing_every_field_leaves_nothing() {
    for message in messages() {
        let mut value = (message.new)();
        fill_all(&mut *value, 2);
        for index in 0..message.fields.len() {
            value.clear(index);
        }
        let mut bytes = Vec::new();
        value.encode_into(&mut bytes).unwrap();
        assert_eq!(bytes, [0_u8; 0], "{}", message.full_name);
    }
}

#[test]
fn values_have_the_kinds_that_the_descriptions_say() {
    for message in messages() {
        let mut value = (message.new)();
        for (index, field) in message.fields.iter().enumerate() {
            let name = format!("{}.{}", message.full_name, field.name);
            value.get_mut(index).unwrap();
            let found = value.get(index).unwrap();
            match field.label {
                Label::Singular | Label::Optional => assert!(of_type(found, &field.ty), "{name}"),
                Label::Repeated | Label::Map(_) => {
                    fill(value.get_mut(index).unwrap(), 1);
                    let found = value.get(index).unwrap();
                    assert!(of_map(found, field), "{name}");
                }
            }
        }
    }
}

fn wire_type(field: &Field) -> u64 {
    use agent_schema::Scalar::{
        Bytes, Double, Fixed32, Fixed64, Float, Sfixed32, Sfixed64, String,
    };
    match (field.label, field.ty) {
        // Lists of enums are never packed, nor are these of numbers.
        (Label::Repeated, Type::Enum(_)) => 0,
        (Label::Repeated, _) if matches!(field.name, "unpacked" | "list") => 0,
        (Label::Repeated | Label::Map(_), _) | (_, Type::Message(_)) => 2,
        (_, Type::Scalar(String | Bytes)) => 2,
        (_, Type::Scalar(Double | Fixed64 | Sfixed64)) => 1,
        (_, Type::Scalar(Float | Fixed32 | Sfixed32)) => 5,
        _ => 0,
    }
}

/// The number at the start of `bytes`, and how long it is.
fn varint(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (value, index + 1);
        }
    }
    panic!("no varint: {bytes:?}");
}
