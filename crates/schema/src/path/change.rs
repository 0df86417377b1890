//! What a setter's text does to the value that its path leads to, worked out
//! from the types alone, before any message is touched.

use std::borrow::Cow;

use super::error::{SetError, SetProblem};
use super::resolve::{Resolved, Step};
use crate::descriptor::{Field, Label, Message, Scalar, Type};
use crate::dialect::Dialect;
use crate::json;
use crate::value::{Parsed, ValueError, parse_enum, parse_scalar};

/// What is done at the end of a path.
#[derive(Debug)]
pub(super) enum Change<'a> {
    /// The field is unset, or the map's entry removed.
    Clear,
    /// A JSON text is merged into the field as a document would.
    Merge(&'a str),
    /// One value is set: the field's own, an element's, an entry's, or that of
    /// a new element when the path ends in a list.
    Value(One<'a>),
}

/// A single value that fits its type as far as that can be told without a message.
#[derive(Debug)]
pub(super) enum One<'a> {
    /// A scalar or enum.
    Plain(Parsed),
    /// JSON text of a message.
    Json(Cow<'a, str>),
    /// The one field of a wrapper such as `google.protobuf.UInt32Value`.
    Wrapped {
        /// The field's index in the wrapper.
        index: usize,
        /// What it holds.
        value: Parsed,
    },
}

impl<'a> Change<'a> {
    /// Works out what `text` does at the end of `path`.
    pub(super) fn new(
        path: &Resolved,
        dialect: &dyn Dialect,
        text: &'a str,
    ) -> Result<Self, SetError> {
        let is_json = text.starts_with(['{', '[']);
        let null = text == "null";
        let one = |ty| Ok(Change::Value(one(path, dialect, ty, text)?));
        match path.steps() {
            [.., Step::Field { field, .. }, Step::Index(_) | Step::Key(_)] => match field.label {
                _ if !null || is_text(field.ty) => one(field.ty),
                Label::Repeated if json::null_is_value(&field.ty) => {
                    Ok(Change::Value(One::Json(text.into())))
                }
                Label::Repeated => Err(path.error(SetProblem::NullElement)),
                _ => Ok(Change::Clear),
            },
            [
                ..,
                Step::Field {
                    message,
                    index,
                    field,
                },
            ] => match (field.label, field.ty) {
                (Label::Repeated | Label::Map(_), _) if null => Ok(Change::Clear),
                // An array replaces the list; an object is one more element.
                (Label::Repeated, _) if text.starts_with('[') => Ok(Change::Merge(text)),
                (Label::Repeated, _) if is_json => Ok(Change::Value(One::Json(text.into()))),
                (Label::Map(_), _) if is_json => Ok(Change::Merge(text)),
                (Label::Map(_), _) => Err(path.error(not_json(path, field, text))),
                (Label::Repeated, ty) => one(ty),
                (_, ty) if null && !is_text(ty) => Ok(Change::Clear),
                (_, Type::Message(_)) if is_json => Ok(Change::Merge(text)),
                (_, ty @ Type::Message(_)) => one(ty),
                (_, ty) => {
                    let meant = dialect.value(message, *index, text);
                    let value = plain(path, dialect, ty, meant.as_deref().unwrap_or(text))?;
                    Ok(Change::Value(One::Plain(value)))
                }
            },
            _ => Err(path.error(SetProblem::Table)),
        }
    }
}

fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Scalar(Scalar::String | Scalar::Bytes))
}

/// Reads a value of type `ty` for the slot at the end of `path`.
fn one<'a>(
    path: &Resolved,
    dialect: &dyn Dialect,
    ty: Type,
    text: &'a str,
) -> Result<One<'a>, SetError> {
    let Type::Message(message) = ty else {
        return plain(path, dialect, ty, text).map(One::Plain);
    };
    if text.starts_with(['{', '[']) {
        return Ok(One::Json(text.into()));
    }
    match well_known(message) {
        Some(WellKnown::Quoted) => quoted(path, text),
        Some(WellKnown::Anything)
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() =>
        {
            Ok(One::Json(text.into()))
        }
        Some(WellKnown::Anything) => quoted(path, text),
        Some(WellKnown::Wrapper { index, ty }) => {
            let value = plain(path, dialect, ty, text)?;
            Ok(One::Wrapped { index, value })
        }
        None => Err(path.error(match path.steps() {
            [.., Step::Field { field, .. }] if field.label == Label::Repeated => {
                not_json(path, field, text)
            }
            _ => SetProblem::NotJson {
                text: text.to_owned(),
                expected: match message.full_name {
                    LIST_VALUE => "a JSON list",
                    _ => "a JSON object",
                },
                example: example(path, "", message),
            },
        })),
    }
}

fn plain(path: &Resolved, dialect: &dyn Dialect, ty: Type, text: &str) -> Result<Parsed, SetError> {
    let parsed: Result<Parsed, ValueError> = match ty {
        Type::Scalar(scalar) => parse_scalar(scalar, dialect, text),
        Type::Enum(enumeration) => parse_enum(enumeration, text),
        Type::Message(_) => return Err(path.error(SetProblem::Table)),
    };
    parsed.map_err(|error| path.error(error))
}

fn quoted(path: &Resolved, text: &str) -> Result<One<'static>, SetError> {
    match serde_json::to_string(text) {
        Ok(json) => Ok(One::Json(json.into())),
        Err(_) => Err(path.error(SetProblem::Table)),
    }
}

/// Messages whose JSON form is no object, as the protobuf documentation has them.
enum WellKnown {
    /// A JSON string.
    Quoted,
    /// Any JSON value; what is none is taken as a string.
    Anything,
    /// Its only field's value.
    Wrapper { index: usize, ty: Type },
}

fn well_known(message: &'static Message) -> Option<WellKnown> {
    let name = message.full_name.strip_prefix("google.protobuf.")?;
    match name {
        "Timestamp" | "Duration" | "FieldMask" => Some(WellKnown::Quoted),
        "Value" => Some(WellKnown::Anything),
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => {
            let mut fields = message.fields.iter().enumerate();
            let (index, field) = fields.find(|(_, field)| field.name == "value")?;
            Some(WellKnown::Wrapper {
                index,
                ty: field.ty,
            })
        }
        _ => None,
    }
}

/// The error for plain text given to a list of messages or to a map.
fn not_json(path: &Resolved, field: &Field, text: &str) -> SetProblem {
    let (expected, key) = match field.label {
        Label::Map(_) => ("a JSON object", "[key]"),
        _ if is_list_value(field.ty) => ("a JSON list", "[0]"),
        _ => ("a JSON object or array", "[0]"),
    };
    let example = match field.ty {
        Type::Message(message) => example(path, key, message),
        _ => format!("{path}{key}=..."),
    };
    SetProblem::NotJson {
        text: text.to_owned(),
        expected,
        example,
    }
}

const LIST_VALUE: &str = "google.protobuf.ListValue";

fn is_list_value(ty: Type) -> bool {
    matches!(ty, Type::Message(message) if message.full_name == LIST_VALUE)
}

fn example(path: &Resolved, key: &str, message: &Message) -> String {
    match message.fields.first() {
        Some(field) => {
            let entry = match field.label {
                Label::Map(_) => "[key]",
                _ => "",
            };
            format!("{path}{key}.{}{entry}=...", field.name)
        }
        None => format!("{path}{key}={{}}"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::super::resolve::resolve;
    use super::*;
    use crate::Plain;
    use crate::fixture::{ALL, INNER};

    /// A message with one field `it`, of the type `google.protobuf.<name>`.
    fn json_for(holder: &'static Message, text: &str) -> String {
        let path = resolve(holder, &Plain, "it").unwrap();
        match Change::new(&path, &Plain, text).unwrap() {
            Change::Value(One::Json(json)) => json.into_owned(),
            other => format!("{other:?}"),
        }
    }

    macro_rules! holder {
        ($name:ident, $type:literal) => {
            static $name: Message = Message {
                fields: &[Field {
                    name: "it",
                    ty: Type::Message(&Message {
                        full_name: $type,
                        ..INNER
                    }),
                    label: Label::Singular,
                    json_name: "it",
                    number: 1,
                    oneof: None,
                    doc: "",
                }],
                ..ALL
            };
        };
    }

    holder!(VALUE, "google.protobuf.Value");
    holder!(DURATION, "google.protobuf.Duration");
    holder!(STRUCT, "google.protobuf.Struct");

    #[test]
    fn any_value_is_json_or_a_string() {
        for (text, json) in [
            ("1.5", "1.5"),
            ("true", "true"),
            ("a b", r#""a b""#),
            ("\"", r#""\"""#),
            ("", r#""""#),
            ("1 2", r#""1 2""#),
        ] {
            assert_eq!(json_for(&VALUE, text), json, "{text}");
        }
        assert_eq!(json_for(&VALUE, "null"), "Clear");
        assert_eq!(json_for(&VALUE, "[1"), r#"Merge("[1")"#);
    }

    #[test]
    fn other_forms_are_strings_or_none() {
        assert_eq!(json_for(&DURATION, "1.5s"), r#""1.5s""#);
        assert_eq!(json_for(&DURATION, "5"), r#""5""#);
        let path = resolve(&STRUCT, &Plain, "it").unwrap();
        assert_eq!(
            Change::new(&path, &Plain, "x").unwrap_err().to_string(),
            "it: \"x\" is not a JSON object; give one, or a part of it as in it.name=..."
        );
    }
}
