//! What is wrong with a line that is not a record, in words that do not need the code to be
//! understood.

use std::fmt;

use agent_text::escape;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Record;

/// How much of a value is shown, in characters.
const SHOWN: usize = 60;

/// What each field should be.
const RIGHT: [(&str, &str); 22] = [
    ("time", "a time such as \"2026-01-31T12:00:00.5Z\""),
    ("kind", "a text such as \"request\""),
    ("format", "a text"),
    ("version", "a whole number"),
    ("connection", "a whole number"),
    ("stream", "a whole number of at most 32 bits"),
    ("direction", "\"to_agent\" or \"to_runtime\""),
    ("service", "a text"),
    ("method", "a text"),
    ("timeout_nano", "a whole number of nanoseconds"),
    ("metadata", "a list such as [[\"key\", \"value\"]]"),
    ("flags", "a whole number of at most 8 bits"),
    (
        "status",
        "an object such as {\"code\": 5, \"name\": \"NOT_FOUND\", \"message\": \"none\"}",
    ),
    ("faults", "a list of texts such as [\"fail\"]"),
    ("kept_from_agent", "true or false"),
    ("message", "JSON"),
    ("error", "a text"),
    ("text", "a text"),
    ("bytes_to_agent", "a whole number"),
    ("bytes_to_runtime", "a whole number"),
    ("lost", "an object such as {\"frames\": 1, \"bytes\": 20}"),
    ("payload", "bytes in base64, such as \"CgN3ZWI=\""),
];

/// What is wrong with a line, and the column where, counted from 1.
pub(super) fn find(line: &[u8], error: &serde_json::Error) -> (usize, String) {
    let text = match str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let reason = "this is not UTF-8, as JSON is";
            return (error.valid_up_to() + 1, reason.to_owned());
        }
    };
    let raw = match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => raw,
        Err(error) => return (error.column().max(1), not_json(&error)),
    };
    if !raw.get().starts_with('{') {
        let reason = format!(
            "this is {}; a line of a recording is an object, as in {{\"time\": …, \"kind\": …}}",
            shown(raw)
        );
        return (column(text, raw.get()), reason);
    }
    let members = serde_json::Deserializer::from_str(text).deserialize_map(Members);
    let members = members.unwrap_or_default();
    for (place, (name, value)) in members.iter().enumerate() {
        let (before, _) = members.split_at(place);
        if before.iter().any(|(other, _)| other == name) {
            let reason = format!("{name:?} is there twice");
            return (column(text, value.get()), reason);
        }
        let right = RIGHT.iter().find(|(field, _)| field == name);
        if let Some((_, right)) = right
            && !is_right(name, value)
        {
            let reason = format!("{name:?} is {}; it should be {right}", shown(value));
            return (column(text, value.get()), reason);
        }
    }
    for name in ["time", "kind"] {
        if members.iter().all(|(other, _)| other != name) {
            return (column(text, raw.get()), format!("{name:?} is missing"));
        }
    }
    (error.column().max(1), not_json(error))
}

/// A value as it stands in the line, or its begin.
fn shown(value: &RawValue) -> String {
    escape::first_line(value.get(), SHOWN).to_string()
}

/// Whether a field has a value that it may have.
fn is_right(name: &str, value: &RawValue) -> bool {
    let rest = match name {
        "time" => "\"kind\":\"open\"",
        "kind" => "\"time\":\"1970-01-01T00:00:00Z\"",
        _ => "\"time\":\"1970-01-01T00:00:00Z\",\"kind\":\"open\"",
    };
    let line = format!("{{{rest},\"{name}\":{}}}", value.get());
    serde_json::from_str::<Record>(&line).is_ok()
}

/// What the parser says, without the place, which is told elsewhere.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("this is no JSON: {reason}")
}

/// Where a part of a line begins, counted from 1.
fn column(line: &str, part: &str) -> usize {
    part.as_ptr().addr() - line.as_ptr().addr() + 1
}

/// The members of an object in their order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
