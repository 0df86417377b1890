//! A request to fill in: a JSON document with every field of a message, at every depth.
//! Built from the description alone.

use crate::describe::example_key;
use crate::descriptor::{Field, Label, Message, Scalar, Type};
use crate::well_known::{EmptyForm, WellKnown, empty_form, null_is_value};

/// A pretty JSON document with every field of `message`, and of each message in it: a field
/// without presence is at its default, a list has one element, a map one entry, and optional
/// fields, members of oneofs and wrappers are `null`. A message within one of its own type is
/// `null` too, and a list or map of such is empty. A member of a oneof that `null` would make
/// present is left out. A message with a JSON form of its own is that form of its default.
pub fn template(message: &'static Message) -> String {
    let mut template = Template {
        out: String::new(),
        level: 0,
        outer: Vec::new(),
    };
    template.message(message);
    template.out
}

struct Template {
    out: String,
    /// How many brackets are open.
    level: usize,
    /// The messages that are being written.
    outer: Vec<&'static str>,
}

impl Template {
    fn message(&mut self, message: &'static Message) {
        match empty_form(message) {
            Some(EmptyForm::Text(text)) => return self.out.push_str(text),
            Some(EmptyForm::Scalar(scalar)) => return self.out.push_str(default_of(scalar)),
            None => {}
        }
        self.outer.push(message.full_name);
        self.open('{');
        let is_harmless = |field: &&Field| field.oneof.is_none() || !null_is_value(&field.ty);
        let mut is_first = true;
        for field in message.fields.iter().filter(is_harmless) {
            if !is_first {
                self.out.push(',');
            }
            self.name(field.name);
            self.field(field);
            is_first = false;
        }
        self.close('}', is_first);
        self.outer.pop();
    }

    fn field(&mut self, field: &'static Field) {
        let is_again = matches!(field.ty, Type::Message(message) if self.is_within(message));
        let is_nullable = match (field.label, field.ty) {
            (Label::Optional, _) => !field.options.required,
            (Label::Singular, Type::Message(message)) => {
                field.oneof.is_some()
                    || matches!(WellKnown::of(message), Some(WellKnown::Wrapper { .. }))
            }
            (Label::Singular, _) => field.oneof.is_some(),
            (Label::Repeated | Label::Map(_), _) => false,
        };
        match field.label {
            Label::Repeated => {
                self.open('[');
                if !is_again {
                    self.new_line();
                    self.value(field.ty);
                }
                self.close(']', is_again);
            }
            Label::Map(key) => {
                self.open('{');
                if !is_again {
                    self.name(example_key(key));
                    self.value(field.ty);
                }
                self.close('}', is_again);
            }
            Label::Singular | Label::Optional if is_again || is_nullable => {
                self.out.push_str("null");
            }
            Label::Singular | Label::Optional => self.value(field.ty),
        }
    }

    fn is_within(&self, message: &Message) -> bool {
        self.outer.contains(&message.full_name)
    }

    fn value(&mut self, ty: Type) {
        match ty {
            Type::Message(message) => self.message(message),
            Type::Scalar(scalar) => self.out.push_str(default_of(scalar)),
            Type::Enum(enumeration) => {
                let first = enumeration.values.first().map(|value| value.name);
                match enumeration.name_of(0).or(first) {
                    Some(name) => self.out.push_str(&format!("\"{name}\"")),
                    None => self.out.push('0'),
                }
            }
        }
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.level += 1;
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.level -= 1;
        if !is_empty {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn name(&mut self, name: &str) {
        self.new_line();
        self.out.push_str(&format!("\"{name}\": "));
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.level));
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
    use crate::fixture::{ALL, All, EITHER, Inner, SCHEMA};
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
    "tags": [
      ""
    ]
  },
  "list": [
    ""
  ],
  "numbers": [
    0
  ],
  "inners": [
    {
      "name": "",
      "group_id": 0,
      "child": null,
      "tags": [
        ""
      ]
    }
  ],
  "names": {
    "key": ""
  },
  "by_number": {
    "1": {
      "name": "",
      "group_id": 0,
      "child": null,
      "tags": [
        ""
      ]
    }
  },
  "by_flag": {
    "true": 0
  },
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
        let inner = Inner {
            tags: vec![String::new()],
            ..Inner::default()
        };
        let expected = All {
            inner: Some(inner.clone()),
            list: vec![String::new()],
            numbers: vec![0],
            inners: vec![inner.clone()],
            names: [("key".to_owned(), String::new())].into(),
            by_number: [(1, inner)].into(),
            by_flag: [(true, 0)].into(),
            either: Some(Default::default()),
            empty: Some(Default::default()),
            ..All::default()
        };
        assert_eq!(message, expected);
        assert!(template(&EITHER).starts_with("{\n  \"number\": null,"));
    }
}
