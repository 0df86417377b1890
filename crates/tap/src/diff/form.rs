//! What of a call is compared: what it says, and nothing that is another each time, such as what
//! was measured, a backtrace, or what traces are told apart by.

use std::collections::BTreeMap;

use agent_schema::{Message, Schema, UnknownField, decode_noting, json};
use agent_wire::Content;
use serde_json::{Map, Value};

use super::Seen;
use crate::calls::{Call, End};
use crate::comparison::Comparison;
use crate::conversation::Direction;
use crate::decoded::{MOST_UNKNOWN, place_of};
use crate::ids::Ids;
use crate::recorder::rpc_of;
use crate::recording::Status;

/// A call in the form that is compared.
pub(super) struct Form {
    pub(super) request: Value,
    /// The messages of its stream, those to the agent first.
    pub(super) messages: [Value; 2],
    pub(super) status: Value,
    pub(super) words: Value,
    pub(super) details: Value,
    pub(super) response: Value,
}

impl Form {
    /// The form of a call, with other IDs if there are `names` for them.
    pub(super) fn of(
        schema: &'static Schema,
        seen: &Seen,
        names: Option<&Ids>,
        comparison: Comparison,
    ) -> Form {
        let call = &seen.call;
        let measures = comparison.measures_of(&format!("{}/{}", call.service, call.method));
        let rpc = rpc_of(schema, &call.service, &call.method);
        let form = |payload: &[u8], message| form_of(schema, payload, message, names, measures);
        let request = call.request.as_ref().map_or(Value::Null, |said| {
            form(&said.payload, rpc.map(|rpc| rpc.request))
        });
        let (status, end, response) = match &call.end {
            End::Answered {
                status, response, ..
            } => {
                let response = response.as_ref().map_or(Value::Null, |said| {
                    form(&said.payload, rpc.map(|rpc| rpc.response))
                });
                (status.as_ref(), "not ttRPC", response)
            }
            End::Lost(_) | End::Open => (None, "no answer", Value::Null),
        };
        let messages = |direction: Direction, message: Option<_>| -> Value {
            let said = seen.messages.iter().filter(|(to, _)| *to == direction);
            said.map(|(_, payload)| form(payload, message)).collect()
        };
        Form {
            request,
            messages: [
                messages(Direction::ToAgent, rpc.map(|rpc| rpc.request)),
                messages(Direction::ToRuntime, rpc.map(|rpc| rpc.response)),
            ],
            status: match status {
                None => Value::from(end),
                // A name that was recorded with it is to read.
                Some(status) => match agent_client::status_name(status.code) {
                    Some(name) => Value::from(name),
                    None => Value::from(status.code),
                },
            },
            words: Value::from(status.map_or(String::new(), |status| words_of(status, names))),
            details: details_of(schema, status, names),
            response,
        }
    }
}

/// An encoded message in the form that is compared: its fields, or its bytes.
fn form_of(
    schema: &'static Schema,
    payload: &[u8],
    message: Option<&'static Message>,
    names: Option<&Ids>,
    measures: &[&str],
) -> Value {
    let decoded = || {
        let mut value = (message?.new)();
        let unknown = decode_noting(&mut *value, payload, schema, MOST_UNKNOWN).ok()?;
        if let Some(names) = names {
            names.replace(&mut *value);
        }
        let mut text = Vec::new();
        json::write(&*value, schema, json::Style::default(), &mut text).ok()?;
        let mut value: Value = serde_json::from_slice(&text).ok()?;
        if let Value::Object(fields) = &mut value {
            let unknown = unknown.fields.iter();
            fields.extend(unknown.map(|field| (place_of(field), content_of(field, names))));
        }
        Some(value)
    };
    match decoded() {
        Some(value) => without(value, measures),
        None => Value::from(agent_text::hex::digits(payload)),
    }
}

/// What a field holds that this build does not know, the first time that it is there, and how
/// often that is.
fn content_of(field: &UnknownField<'_>, names: Option<&Ids>) -> Value {
    let content = match field.content {
        Content::Varint(number) | Content::Fixed64(number) => number.to_string(),
        Content::Fixed32(number) => number.to_string(),
        Content::Bytes(bytes) | Content::Group(bytes) => {
            let text = std::str::from_utf8(bytes).ok();
            let other = text
                .zip(names)
                .and_then(|(text, names)| names.replaced(text, false));
            let other = other.as_ref().map_or(bytes, |other| other.as_bytes());
            agent_text::hex::digits(other)
        }
    };
    match field.count {
        1 => Value::from(content),
        count => Value::from(format!("{count} times, first {content}")),
    }
}

/// What a status says, but for a backtrace: it has addresses, of which no two agents have the
/// same.
fn words_of(status: &Status, names: Option<&Ids>) -> String {
    let words = agent_text::escape::without_backtrace(&status.message);
    let replaced = names.and_then(|names| names.replaced(words, false));
    replaced.unwrap_or_else(|| words.to_owned())
}

/// What else a status says.
fn details_of(schema: &'static Schema, status: Option<&Status>, names: Option<&Ids>) -> Value {
    let details = status.iter().flat_map(|status| &status.details);
    let details = details.map(|detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let message = schema.messages.iter().find(|it| it.full_name == name);
        let value = form_of(schema, &detail.value.0, message.copied(), names, &[]);
        serde_json::json!({"type_url": detail.type_url, "value": value})
    });
    details.collect::<Vec<_>>().into()
}

/// A message without some of its fields.
fn without(value: Value, fields: &[&str]) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, _)| !fields.contains(&&name[..]))
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

/// What traces are told apart by, which is another one for each call. (<https://www.w3.org/TR/trace-context/>)
const OF_TRACES: [&str; 2] = ["traceparent", "tracestate"];

/// Metadata by key.
pub(super) fn metadata(call: &Call) -> Value {
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in &call.metadata {
        if !OF_TRACES.contains(&&key[..]) {
            by_key.entry(key).or_default().push(value);
        }
    }
    serde_json::json!(by_key)
}
