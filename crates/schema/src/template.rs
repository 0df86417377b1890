//! A request to fill in: a JSON document with every field of a message. Built
//! from the description alone.

use crate::descriptor::{Field, Label, Message, Scalar, Type};
use crate::well_known::{EmptyForm, empty_form, has_special_form, null_is_value};

/// A pretty JSON document with every field of `message`: fields without
/// presence at their default, message fields with theirs one level down, and
/// `null` for all that a document would otherwise make present: optional
/// fields, members of oneofs, deeper messages. A member of a oneof that `null`
/// would make present is left out. A message with a JSON form of its own is that
/// form of its default.
pub fn template(message: &'static Message) -> String {
    let mut out = String::new();
    match empty_form(message) {
        Some(form) => write_form(form, &mut out),
        None => write_message(message, 0, &mut out),
    }
    out
}

fn write_form(form: EmptyForm, out: &mut String) {
    match form {
        EmptyForm::Text(text) => out.push_str(text),
        EmptyForm::Scalar(scalar) => out.push_str(default_of(scalar)),
    }
}

fn write_message(message: &'static Message, level: usize, out: &mut String) {
    let mut separator = "";
    out.push('{');
    let is_harmless = |field: &&Field| field.oneof.is_none() || !null_is_value(&field.ty);
    for field in message.fields.iter().filter(is_harmless) {
        out.push_str(separator);
        new_line(level + 1, out);
        out.push('"');
        out.push_str(field.name);
        out.push_str("\": ");
        write_field(field, level, out);
        separator = ",";
    }
    if !message.fields.is_empty() {
        new_line(level, out);
    }
    out.push('}');
}

fn new_line(level: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level));
}

fn write_field(field: &'static Field, level: usize, out: &mut String) {
    match (field.label, field.ty) {
        (Label::Repeated, _) => out.push_str("[]"),
        (Label::Map(_), _) => out.push_str("{}"),
        (Label::Optional, _) => out.push_str("null"),
        (Label::Singular, _) if field.oneof.is_some() => out.push_str("null"),
        (Label::Singular, Type::Message(message)) if level == 0 && !has_special_form(message) => {
            write_message(message, level + 1, out);
        }
        (Label::Singular, Type::Message(_)) => out.push_str("null"),
        (Label::Singular, Type::Scalar(scalar)) => out.push_str(default_of(scalar)),
        (Label::Singular, Type::Enum(enumeration)) => match enumeration.name_of(0) {
            Some(name) => {
                out.push('"');
                out.push_str(name);
                out.push('"');
            }
            None => out.push('0'),
        },
    }
}

fn default_of(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "false",
        Scalar::String | Scalar::Bytes => "\"\"",
        Scalar::Int64 | Scalar::Uint64 | Scalar::Sint64 | Scalar::Fixed64 | Scalar::Sfixed64 => {
            "\"0\""
        }
        Scalar::Double | Scalar::Float => "0.0",
        Scalar::Int32 | Scalar::Uint32 | Scalar::Sint32 | Scalar::Fixed32 | Scalar::Sfixed32 => "0",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::fixture::{ALL, All, EITHER, SCHEMA};
    use crate::{Explicit, Plain, json};

    #[test]
    fn every_field_is_there_and_reads_back() {
        let text = template(&ALL);
        assert_eq!(
            text,
            r#"{
  "flag": false,
  "small": 0,
  "large": "0",
  "ratio": 0.0,
  "text": "",
  "data": "",
  "level": "LOW",
  "maybe": null,
  "inner": {
    "name": "",
    "group_id": 0,
    "child": null,
    "tags": []
  },
  "list": [],
  "numbers": [],
  "inners": [],
  "names": {},
  "by_number": {},
  "by_flag": {},
  "Clash": "",
  "cLash": "",
  "either": {
    "number": null,
    "words": null,
    "inner": null,
    "other": ""
  },
  "wrapped": null,
  "empty": {}
}"#
        );
        let mut message = All::default();
        json::merge(
            &mut message,
            &mut Explicit::default(),
            &Plain,
            &SCHEMA,
            &text,
        )
        .unwrap();
        let expected = All {
            inner: Some(Default::default()),
            either: Some(Default::default()),
            empty: Some(Default::default()),
            ..All::default()
        };
        assert_eq!(message, expected);
        assert!(template(&EITHER).starts_with("{\n  \"number\": null,"));
    }
}
