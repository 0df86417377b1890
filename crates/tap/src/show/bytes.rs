//! Bytes that are text, such as what a process printed: in ProtoJSON they are base64, which
//! nobody reads. They are known by the names of the fields that hold bytes.

use agent_schema::{Scalar, Schema, Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The names of the fields that hold bytes.
pub fn bytes_fields(schema: &Schema) -> Vec<&'static str> {
    let fields = schema.messages.iter().flat_map(|message| message.fields);
    let of_bytes = fields.filter(|field| matches!(field.ty, Type::Scalar(Scalar::Bytes)));
    let mut names: Vec<&str> = of_bytes.map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The bytes in a message that are text, each with the name of its field.
pub(super) fn texts(message: &Value, fields: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    find(message, "", fields, &mut found);
    found
}

fn find(value: &Value, name: &str, fields: &[&str], found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                find(value, name, fields, found);
            }
        }
        Value::Array(elements) => {
            for value in elements {
                find(value, name, fields, found);
            }
        }
        Value::String(value) if fields.contains(&name) => {
            let bytes = STANDARD.decode(value).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some(text) = text.filter(|text| !text.is_empty() && !text.contains('\0')) {
                found.push((name.to_owned(), text));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_text_in_fields_of_bytes_is_found() {
        let fields = bytes_fields(agent_api::schema());
        assert!(fields.contains(&"data") && !fields.contains(&"container_id"));
        let message = json!({
            "container_id": "aGVsbG8K",
            "inner": [{"data": "aGVsbG8K"}, {"data": ["d29ybGQ=", 7, null]}],
            "data": "/w==",
            "more": {"data": "AAA="},
        });
        let found = texts(&message, &fields);
        let expected = [("data", "hello\n"), ("data", "world")];
        assert_eq!(
            found,
            expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }
}
