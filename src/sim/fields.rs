//! Reaching a message's fields by name. A field that the proto lacks, or has
//! with another type, is silently passed over: the agent's behaviour must not
//! depend on which release the protos are of.

use crate::schema::{Field, Label, Reflect, Scalar, Type, Value, ValueMut};

/// Whether a bool field is true. False if there is no such field.
pub(super) fn is_true(message: &dyn Reflect, name: &str) -> bool {
    let index = find(message, name, |_| true);
    matches!(
        index.and_then(|index| message.get(index)),
        Some(Value::Bool(true))
    )
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

/// Sets an unsigned 64-bit field.
pub(super) fn set_u64(message: &mut dyn Reflect, name: &str, value: u64) {
    let wanted = |ty: &Type| is_scalar(Scalar::Uint64)(ty) || is_scalar(Scalar::Fixed64)(ty);
    if let Some(ValueMut::Uint64(slot)) = single(message, name, wanted) {
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
    use ttrpc::proto::KeyValue;

    use super::*;

    #[test]
    fn a_field_that_is_missing_or_of_another_type_is_passed_over() {
        let mut message = KeyValue::new();
        set_string(&mut message, "value", "x");
        assert_eq!(message.value, "x");
        let before = message.clone();
        set_string(&mut message, "missing", "x");
        set_bool(&mut message, "key", true);
        set_u64(&mut message, "key", 1);
        set_enum(&mut message, "key", "SERVING");
        assert!(message_mut(&mut message, "key").is_none());
        assert!(!is_true(&message, "key"));
        assert!(!is_true(&message, "missing"));
        assert_eq!(message, before);
    }
}
