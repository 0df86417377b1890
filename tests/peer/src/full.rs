//! Messages with every field set, each leaf to a value of its own, made by
//! reflection from a descriptor alone.

use protobuf::MessageDyn;
use protobuf::reflect::{
    FieldDescriptor, MessageDescriptor, ReflectFieldRef, ReflectValueBox, ReflectValueRef,
    RuntimeFieldType, RuntimeType,
};

/// How many elements each list, and entries each map, gets.
const COUNT: usize = 2;

/// A message of this type with every field set at every depth: lists and maps
/// with two elements, enums and booleans not at their default, numbers up to
/// the ends of their ranges, text that needs quoting, bytes that are not text.
///
/// A oneof gets its first member; a message within itself is left out.
pub fn full(descriptor: &MessageDescriptor) -> Box<dyn MessageDyn> {
    Filler::default().message(descriptor)
}

/// Where fields are that a decoder did not know, as `message (number)`.
pub fn unknown_fields(message: &dyn MessageDyn) -> Vec<String> {
    let mut found = Vec::new();
    collect_unknown(message, &mut found);
    found
}

/// Where fields are that are not set, or at their default, as `message.field`.
/// Members of a oneof of which another one is set do not count.
pub fn missing_fields(message: &dyn MessageDyn) -> Vec<String> {
    let mut found = Vec::new();
    collect_missing(message, &mut found);
    found
}

#[derive(Default)]
struct Filler {
    /// Makes each leaf different from every other one.
    count: u16,
    /// The messages that are being filled, from the outermost on.
    within: Vec<String>,
}

impl Filler {
    fn message(&mut self, descriptor: &MessageDescriptor) -> Box<dyn MessageDyn> {
        self.within.push(descriptor.full_name().to_owned());
        let mut message = descriptor.new_instance();
        for field in descriptor.fields() {
            if is_later_member(&field) || self.is_recursive(&field) {
                continue;
            }
            match field.runtime_field_type() {
                RuntimeFieldType::Singular(ty) => {
                    let value = self.value(&ty);
                    field.set_singular_field(&mut *message, value);
                }
                RuntimeFieldType::Repeated(ty) => {
                    for _ in 0..COUNT {
                        let value = self.value(&ty);
                        field.mut_repeated(&mut *message).push(value);
                    }
                }
                RuntimeFieldType::Map(key, ty) => {
                    for _ in 0..COUNT {
                        let key = self.value(&key);
                        let value = self.value(&ty);
                        field.mut_map(&mut *message).insert(key, value);
                    }
                }
            }
        }
        self.within.pop();
        message
    }

    fn value(&mut self, ty: &RuntimeType) -> ReflectValueBox {
        self.count += 1;
        let count = self.count;
        match ty {
            RuntimeType::I32 => ReflectValueBox::I32(i32::MIN + i32::from(count)),
            RuntimeType::I64 => ReflectValueBox::I64(i64::MIN + i64::from(count)),
            RuntimeType::U32 => ReflectValueBox::U32(u32::MAX - u32::from(count)),
            RuntimeType::U64 => ReflectValueBox::U64(u64::MAX - u64::from(count)),
            RuntimeType::F32 => ReflectValueBox::F32(0.1 + f32::from(count)),
            RuntimeType::F64 => ReflectValueBox::F64(0.1 - f64::from(count)),
            RuntimeType::Bool => ReflectValueBox::Bool(true),
            RuntimeType::String => ReflectValueBox::String(format!(
                "s{count} 'a' \"b\" \\n \u{e9}\u{1f980} c=[d]}}\t#"
            )),
            RuntimeType::VecU8 => {
                let mut bytes = vec![0x00, 0xff, b'\'', b'"', b'\n'];
                bytes.extend(count.to_be_bytes());
                ReflectValueBox::Bytes(bytes)
            }
            RuntimeType::Enum(descriptor) => {
                let numbers: Vec<i32> = descriptor
                    .values()
                    .map(|value| value.value())
                    .filter(|number| *number != 0)
                    .collect();
                // An enum that has nothing but its zero gets a number it does not name.
                let number = numbers
                    .get(usize::from(count) % numbers.len().max(1))
                    .copied()
                    .unwrap_or(7);
                ReflectValueBox::Enum(descriptor.clone(), number)
            }
            RuntimeType::Message(descriptor) => ReflectValueBox::Message(self.message(descriptor)),
        }
    }

    fn is_recursive(&self, field: &FieldDescriptor) -> bool {
        let (RuntimeFieldType::Singular(ty)
        | RuntimeFieldType::Repeated(ty)
        | RuntimeFieldType::Map(_, ty)) = field.runtime_field_type();
        match ty {
            RuntimeType::Message(descriptor) => self
                .within
                .iter()
                .any(|name| name == descriptor.full_name()),
            _ => false,
        }
    }
}

/// Whether another member of the field's oneof comes before it.
fn is_later_member(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some_and(|oneof| {
        oneof
            .fields()
            .next()
            .is_some_and(|first| first.number() != field.number())
    })
}

fn collect_unknown(message: &dyn MessageDyn, found: &mut Vec<String>) {
    let descriptor = message.descriptor_dyn();
    for (number, _) in message.unknown_fields_dyn() {
        found.push(format!("{} ({number})", descriptor.full_name()));
    }
    each_message(message, &mut |inner| collect_unknown(inner, found));
}

fn collect_missing(message: &dyn MessageDyn, found: &mut Vec<String>) {
    for field in message.descriptor_dyn().fields() {
        if is_later_member(&field) {
            continue;
        }
        let set = match field.get_reflect(message) {
            ReflectFieldRef::Optional(value) => {
                value.value().is_some_and(|value| !is_default(&value))
            }
            ReflectFieldRef::Repeated(list) => list.len() >= COUNT,
            ReflectFieldRef::Map(map) => map.len() >= COUNT,
        };
        if !set {
            found.push(field.full_name());
        }
    }
    each_message(message, &mut |inner| collect_missing(inner, found));
}

/// Shows `visit` every message that a message holds directly.
fn each_message(message: &dyn MessageDyn, visit: &mut dyn FnMut(&dyn MessageDyn)) {
    let mut look = |value: ReflectValueRef<'_>| {
        if let ReflectValueRef::Message(message) = value {
            visit(&*message);
        }
    };
    for field in message.descriptor_dyn().fields() {
        match field.get_reflect(message) {
            ReflectFieldRef::Optional(value) => {
                if let Some(value) = value.value() {
                    look(value);
                }
            }
            ReflectFieldRef::Repeated(list) => (&list).into_iter().for_each(&mut look),
            ReflectFieldRef::Map(map) => (&map).into_iter().for_each(|(_, value)| look(value)),
        }
    }
}

fn is_default(value: &ReflectValueRef<'_>) -> bool {
    match value {
        ReflectValueRef::I32(value) => *value == 0,
        ReflectValueRef::I64(value) => *value == 0,
        ReflectValueRef::U32(value) => *value == 0,
        ReflectValueRef::U64(value) => *value == 0,
        ReflectValueRef::F32(value) => *value == 0.0,
        ReflectValueRef::F64(value) => *value == 0.0,
        ReflectValueRef::Bool(value) => !value,
        ReflectValueRef::String(value) => value.is_empty(),
        ReflectValueRef::Bytes(value) => value.is_empty(),
        ReflectValueRef::Enum(_, value) => *value == 0,
        ReflectValueRef::Message(_) => false,
    }
}
