//! The messages of `google.protobuf` that have a JSON form of their own. They are
//! recognised by name and fields, and reached like any other message, so it does not
//! matter which file their structs were made from.

use crate::descriptor::{Enum, Message, Scalar, Schema, Type};
use crate::reflect::{Reflect, Value};

/// The package of the well-known types, with its dot.
const PACKAGE: &str = "google.protobuf.";

/// A message with a JSON form of its own, with the indices of its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WellKnown {
    /// A point in time: a string by RFC 3339.
    Timestamp { seconds: usize, nanos: usize },
    /// A span of time: a string such as `1.5s`.
    Duration { seconds: usize, nanos: usize },
    /// Names of fields: a string with commas.
    FieldMask { paths: usize },
    /// A scalar with presence: the scalar.
    Wrapper { value: usize },
    /// Any JSON object.
    Struct { fields: usize },
    /// Any JSON list.
    ListValue { values: usize },
    /// Any JSON value.
    Value(ValueFields),
    /// A message of any type: its JSON with its type beside.
    Any { type_url: usize, value: usize },
}

/// The members of the oneof that a `google.protobuf.Value` is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueFields {
    pub(crate) null: usize,
    pub(crate) number: usize,
    pub(crate) string: usize,
    pub(crate) bool: usize,
    pub(crate) object: usize,
    pub(crate) list: usize,
}

impl WellKnown {
    /// Which of them a message is, if it is one.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let name = message.full_name.strip_prefix(PACKAGE)?;
        let field = |name: &str| message.fields.iter().position(|field| field.name == name);
        Some(match name {
            "Timestamp" => Self::Timestamp {
                seconds: field("seconds")?,
                nanos: field("nanos")?,
            },
            "Duration" => Self::Duration {
                seconds: field("seconds")?,
                nanos: field("nanos")?,
            },
            "FieldMask" => Self::FieldMask {
                paths: field("paths")?,
            },
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
            | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => Self::Wrapper {
                value: field("value")?,
            },
            "Struct" => Self::Struct {
                fields: field("fields")?,
            },
            "ListValue" => Self::ListValue {
                values: field("values")?,
            },
            "Value" => Self::Value(ValueFields {
                null: field("null_value")?,
                number: field("number_value")?,
                string: field("string_value")?,
                bool: field("bool_value")?,
                object: field("struct_value")?,
                list: field("list_value")?,
            }),
            "Any" => Self::Any {
                type_url: field("type_url")?,
                value: field("value")?,
            },
            _ => return None,
        })
    }
}

/// The JSON form of a message of which nothing is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyForm {
    /// This JSON text.
    Text(&'static str),
    /// The default of this type.
    Scalar(Scalar),
}

/// How the default of a message with a JSON form of its own is written; `None`
/// for every other message.
pub fn empty_form(message: &Message) -> Option<EmptyForm> {
    Some(EmptyForm::Text(match WellKnown::of(message)? {
        WellKnown::Timestamp { .. } => "\"1970-01-01T00:00:00Z\"",
        WellKnown::Duration { .. } => "\"0s\"",
        WellKnown::FieldMask { .. } => "\"\"",
        WellKnown::Struct { .. } | WellKnown::Any { .. } => "{}",
        WellKnown::ListValue { .. } => "[]",
        WellKnown::Value(_) => "null",
        WellKnown::Wrapper { value } => match message.fields.get(value)?.ty {
            Type::Scalar(scalar) => return Some(EmptyForm::Scalar(scalar)),
            Type::Enum(_) | Type::Message(_) => return None,
        },
    }))
}

/// Whether `message` has a JSON form of its own: whether JSON writes it as something
/// else than an object of its fields.
pub fn has_special_form(message: &Message) -> bool {
    WellKnown::of(message).is_some()
}

/// Whether an enum is the one whose only value JSON writes as `null`.
pub(crate) fn is_null_value(enumeration: &Enum) -> bool {
    enumeration.full_name.strip_prefix(PACKAGE) == Some("NullValue")
}

/// Whether `null` is a value of this type, and does not clear a field.
pub(crate) fn null_is_value(ty: &Type) -> bool {
    match ty {
        Type::Scalar(_) => false,
        Type::Enum(enumeration) => is_null_value(enumeration),
        Type::Message(message) => matches!(WellKnown::of(message), Some(WellKnown::Value(_))),
    }
}

/// The message that the type URL of an `Any` names, if the schema has it: by what stands after
/// the last `/`, or by all of it, as containerd writes them.
pub(crate) fn type_of_url(url: &str, schema: &'static Schema) -> Option<&'static Message> {
    let name = url.rsplit('/').next()?;
    let messages = schema.messages;
    let found = messages.binary_search_by(|message| message.full_name.cmp(name));
    messages.get(found.ok()?).copied()
}

/// The type of the message within an `Any`, if the schema has it.
pub(crate) fn any_type(any: &dyn Reflect, schema: &'static Schema) -> Option<&'static Message> {
    let Some(WellKnown::Any { type_url, .. }) = WellKnown::of(any.descriptor()) else {
        return None;
    };
    match any.get(type_url) {
        Some(Value::String(url)) => type_of_url(url, schema),
        _ => None,
    }
}
