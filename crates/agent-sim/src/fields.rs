//! Reaching a message's fields by name. A field that the proto lacks, or has
//! with another type, is silently passed over: the agent's behaviour must not
//! depend on which release the protos are of.

use agent_schema::{Field, Key, Label, Reflect, Scalar, Type, Value, ValueMut};

/// A string field. Empty if there is no such field, as if it were not set.
pub(super) fn string<'a>(message: &'a dyn Reflect, name: &str) -> &'a str {
    match value(message, name) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

/// A bytes field. Empty if there is no such field.
pub(super) fn bytes<'a>(message: &'a dyn Reflect, name: &str) -> &'a [u8] {
    match value(message, name) {
        Some(Value::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

/// A field of any integer type, or of an enum. 0 if there is no such field.
pub(super) fn integer(message: &dyn Reflect, name: &str) -> i128 {
    value(message, name)
        .and_then(|value| number(&value))
        .unwrap_or(0)
}

/// A field of any integer type or a bool, which is 0 or 1. `None` if it is
/// absent, as optional fields can be.
pub(super) fn given(message: &dyn Reflect, name: &str) -> Option<i128> {
    match value(message, name)? {
        Value::Bool(value) => Some(value.into()),
        value => number(&value),
    }
}

/// The numbers of a repeated field of any integer type.
pub(super) fn integers<'a>(
    message: &'a dyn Reflect,
    name: &str,
) -> impl Iterator<Item = i128> + use<'a> {
    elements(message, name).filter_map(|element| number(&element))
}

fn number(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Int32(number) | Value::Enum(number) => Some((*number).into()),
        Value::Int64(number) => Some((*number).into()),
        Value::Uint32(number) => Some((*number).into()),
        Value::Uint64(number) => Some((*number).into()),
        _ => None,
    }
}

/// Whether a bool field is true. False if there is no such field.
pub(super) fn is_true(message: &dyn Reflect, name: &str) -> bool {
    matches!(value(message, name), Some(Value::Bool(true)))
}

/// A message field that is present.
pub(super) fn message<'a>(message: &'a dyn Reflect, name: &str) -> Option<&'a dyn Reflect> {
    match value(message, name) {
        Some(Value::Message(inner)) => Some(inner),
        _ => None,
    }
}

/// The texts of a repeated string field.
pub(super) fn strings<'a>(
    message: &'a dyn Reflect,
    name: &str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    elements(message, name).filter_map(|element| match element {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// The messages of a repeated message field.
pub(super) fn messages<'a>(
    message: &'a dyn Reflect,
    name: &str,
) -> impl Iterator<Item = &'a dyn Reflect> + use<'a> {
    elements(message, name).filter_map(|element| match element {
        Value::Message(message) => Some(message),
        _ => None,
    })
}

fn elements<'a>(message: &'a dyn Reflect, name: &str) -> impl Iterator<Item = Value<'a>> + use<'a> {
    let list = match value(message, name) {
        Some(Value::List(list)) => Some(list),
        _ => None,
    };
    list.into_iter()
        .flat_map(|list| (0..list.len()).filter_map(|index| list.get(index)))
}

fn value<'a>(message: &'a dyn Reflect, name: &str) -> Option<Value<'a>> {
    message.get(find(message, name, |_| true)?)
}

/// The text at a string key of a map field.
pub(super) fn entry<'a>(message: &'a dyn Reflect, name: &str, key: &str) -> Option<&'a str> {
    let Some(Value::Map(map)) = value(message, name) else {
        return None;
    };
    match map.get(&Key::String(key.into()))? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Sets a bool field.
pub(super) fn set_bool(message: &mut dyn Reflect, name: &str, value: bool) {
    if let Some(ValueMut::Bool(slot)) = single(message, name, is_scalar(Scalar::Bool)) {
        *slot = value;
    }
}

/// Sets a string field.
pub(super) fn set_string(message: &mut dyn Reflect, name: &str, value: &str) {
    if let Some(ValueMut::String(slot)) = single(message, name, is_scalar(Scalar::String)) {
        value.clone_into(slot);
    }
}

/// Sets a bytes field.
pub(super) fn set_bytes(message: &mut dyn Reflect, name: &str, value: &[u8]) {
    if let Some(ValueMut::Bytes(slot)) = single(message, name, is_scalar(Scalar::Bytes)) {
        value.clone_into(slot);
    }
}

/// Sets a field of any integer type. One that the type cannot hold is passed over.
pub(super) fn set_integer(message: &mut dyn Reflect, name: &str, value: impl Into<i128>) {
    let value = value.into();
    let wanted = |ty: &Type| {
        matches!(ty, Type::Scalar(scalar)
            if !matches!(scalar, Scalar::Double | Scalar::Float | Scalar::Bool
                | Scalar::String | Scalar::Bytes))
    };
    if let Some(slot) = single(message, name, wanted) {
        put_integer(slot, value);
    }
}

fn put_integer(slot: ValueMut<'_>, value: i128) {
    match slot {
        ValueMut::Int32(slot) => put(slot, value),
        ValueMut::Int64(slot) => put(slot, value),
        ValueMut::Uint32(slot) => put(slot, value),
        ValueMut::Uint64(slot) => put(slot, value),
        _ => {}
    }
}

fn put<T: TryFrom<i128>>(slot: &mut T, value: i128) {
    if let Ok(value) = value.try_into() {
        *slot = value;
    }
}

/// Sets an enum field to the value that is called `value`, if there is one.
pub(super) fn set_enum(message: &mut dyn Reflect, name: &str, value: &str) {
    let named = message.descriptor().fields.iter().find(|f| f.name == name);
    let Some(Type::Enum(enumeration)) = named.map(|field| field.ty) else {
        return;
    };
    let Some(value) = enumeration.values.iter().find(|v| v.name == value) else {
        return;
    };
    if let Some(ValueMut::Enum(slot)) = single(message, name, |_| true) {
        slot.set_number(value.number);
    }
}

/// A message field, made present.
pub(super) fn message_mut<'a>(
    message: &'a mut dyn Reflect,
    name: &str,
) -> Option<&'a mut dyn Reflect> {
    match single(message, name, |ty| matches!(ty, Type::Message(_)))? {
        ValueMut::Message(inner) => Some(inner),
        _ => None,
    }
}

/// Copies a message over an empty one. One of another type is passed over.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn copy(from: &dyn Reflect, to: &mut dyn Reflect) -> protobuf::Result<()> {
    if from.descriptor().full_name != to.descriptor().full_name {
        return Ok(());
    }
    let mut bytes = Vec::new();
    from.encode_into(&mut bytes)?;
    to.merge_from(&bytes)
}

/// Appends a message to a repeated message field, and hands it out to be filled.
pub(super) fn push_message<'a>(
    message: &'a mut dyn Reflect,
    name: &str,
) -> Option<&'a mut dyn Reflect> {
    let wanted =
        |field: &Field| field.label == Label::Repeated && matches!(field.ty, Type::Message(_));
    let index = find(message, name, wanted)?;
    match message.get_mut(index)? {
        ValueMut::List(list) => match list.push() {
            ValueMut::Message(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

/// Appends a text to a repeated string field.
pub(super) fn push_string(message: &mut dyn Reflect, name: &str, value: &str) {
    let wanted =
        |field: &Field| field.label == Label::Repeated && is_scalar(Scalar::String)(&field.ty);
    let list = find(message, name, wanted).and_then(|index| message.get_mut(index));
    if let Some(ValueMut::List(list)) = list
        && let ValueMut::String(slot) = list.push()
    {
        value.clone_into(slot);
    }
}

/// Sets the integer at a string key of a map field.
pub(super) fn set_entry(message: &mut dyn Reflect, name: &str, key: &str, value: impl Into<i128>) {
    let wanted = |field: &Field| matches!(field.label, Label::Map(_));
    let map = find(message, name, wanted).and_then(|index| message.get_mut(index));
    if let Some(ValueMut::Map(map)) = map
        && let Some(slot) = map.get_mut(&Key::String(key.into()))
    {
        put_integer(slot, value.into());
    }
}

fn is_scalar(scalar: Scalar) -> impl Fn(&Type) -> bool {
    move |ty| matches!(ty, Type::Scalar(found) if *found == scalar)
}

/// A field that holds one value of a wanted type. The type is looked at before
/// the field is touched, as handing it out to change makes it present.
fn single<'a>(
    message: &'a mut dyn Reflect,
    name: &str,
    wanted: impl Fn(&Type) -> bool,
) -> Option<ValueMut<'a>> {
    let index = find(message, name, |field| {
        matches!(field.label, Label::Singular | Label::Optional) && wanted(&field.ty)
    })?;
    message.get_mut(index)
}

fn find(message: &dyn Reflect, name: &str, wanted: impl Fn(&Field) -> bool) -> Option<usize> {
    let fields = message.descriptor().fields;
    fields
        .iter()
        .position(|field| field.name == name && wanted(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent_schema::fixture::Inner;

    #[test]
    fn a_field_that_is_missing_or_of_another_type_is_passed_over() {
        let mut message = Inner::default();
        set_string(&mut message, "name", "x");
        assert_eq!(message.name, "x");
        let before = message.clone();
        set_string(&mut message, "missing", "x");
        set_bool(&mut message, "name", true);
        set_integer(&mut message, "name", 1);
        set_bytes(&mut message, "name", b"x");
        push_string(&mut message, "name", "x");
        set_entry(&mut message, "name", "x", 1);
        assert!(push_message(&mut message, "name").is_none());
        set_enum(&mut message, "name", "SERVING");
        assert!(message_mut(&mut message, "name").is_none());
        assert!(!is_true(&message, "name"));
        assert_eq!(string(&message, "name"), "x");
        assert_eq!(string(&message, "missing"), "");
        assert_eq!(bytes(&message, "name"), b"");
        assert_eq!(integer(&message, "name"), 0);
        assert_eq!(strings(&message, "name").count(), 0);
        assert_eq!(messages(&message, "missing").count(), 0);
        assert_eq!(entry(&message, "missing", "x"), None);
        assert_eq!(entry(&message, "name", "x"), None);
        assert!(super::message(&message, "name").is_none());
        assert!(!is_true(&message, "missing"));
        assert_eq!(message, before);
    }
}
