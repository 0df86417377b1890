//! What encoded messages say, by the protos of this build.

use agent_schema::json::{self, Style};
use agent_schema::{Label, Message, Schema, Type, UnknownField, decode_noting};
use agent_wire::{Content, Fields};
use serde_json::value::RawValue;

use crate::recording::{Detail, Payload, Record, Status};

/// How many fields a message may have, those of the messages in it included, to be decoded. An
/// empty message takes two bytes of a frame, and a hundred times as many in memory.
pub(crate) const MOST_FIELDS: usize = 1 << 17;
/// Of how many fields of a message it is told that they are not known.
pub(crate) const MOST_UNKNOWN: usize = 16;

/// What an encoded message says.
pub(crate) struct Decoded {
    /// As ProtoJSON.
    pub(crate) text: Box<RawValue>,
    /// The first fields that this build does not know, of which the text has nothing.
    pub(crate) unknown_fields: Vec<String>,
}

/// Puts a payload and what it says into a record.
pub(crate) fn put(
    schema: &'static Schema,
    message: &'static Message,
    payload: Vec<u8>,
    record: &mut Record,
) {
    match decoded(schema, message, &payload) {
        Ok(decoded) => {
            record.message = Some(decoded.text);
            record.unknown_fields = decoded.unknown_fields;
        }
        Err(reason) => record.error = Some(reason),
    }
    record.payload = Some(Payload(payload));
}

/// Where a field stands that this build does not know.
pub(crate) fn place_of(field: &UnknownField<'_>) -> String {
    match &field.place[..] {
        "" => format!("field {}", field.number),
        place => format!("{place}: field {}", field.number),
    }
}

/// What an encoded message says.
///
/// # Errors
/// Why that cannot be told.
pub(crate) fn decoded(
    schema: &'static Schema,
    message: &'static Message,
    payload: &[u8],
) -> Result<Decoded, String> {
    let not = |reason: &dyn std::fmt::Display| format!("not a {}: {reason}", message.full_name);
    if fields_left(message, Fields::of(payload), MOST_FIELDS).is_none() {
        let name = message.full_name;
        return Err(format!(
            "a {name} with more than {MOST_FIELDS} fields is not decoded"
        ));
    }
    let mut value = (message.new)();
    let unknown = decode_noting(&mut *value, payload, schema, MOST_UNKNOWN);
    let unknown = unknown.map_err(|error| not(&error))?;
    // Bytes take a third more as base64.
    let mut text = Vec::with_capacity(payload.len().div_ceil(3) * 4);
    json::write(&*value, schema, Style::default(), &mut text).map_err(|error| not(&error))?;
    drop(value);
    let text = String::from_utf8(text).map_err(|error| not(&error))?;
    Ok(Decoded {
        text: RawValue::from_string(text).map_err(|error| not(&error))?,
        unknown_fields: unknown.fields.iter().map(place_of).collect(),
    })
}

/// An agent's status as it is recorded. Its details are decoded where `schema` has their types.
pub(crate) fn status_of(schema: &'static Schema, status: agent_client::Status) -> Status {
    let details = status.details.into_iter().map(|detail| {
        let name = detail.type_url.rsplit('/').next().unwrap_or_default();
        let message = schema.messages.iter().find(|it| it.full_name == name);
        let message = message.and_then(|it| decoded(schema, it, &detail.value).ok());
        Detail {
            message: message.and_then(|it| serde_json::from_str(it.text.get()).ok()),
            type_url: detail.type_url,
            value: Payload(detail.value),
        }
    });
    Status {
        code: status.code,
        name: agent_client::status_name(status.code).map(str::to_owned),
        details: details.collect(),
        message: status.message,
    }
}

/// How many of `most` fields are left where a message has its own and those of the messages in
/// it, as far as it can be read; none where it has more.
fn fields_left(message: &Message, mut fields: Fields<'_>, most: usize) -> Option<usize> {
    let mut left = most;
    while let Ok(Some((number, content))) = fields.next_field() {
        left = left.checked_sub(1)?;
        let known = message.fields.iter().find(|field| field.number == number);
        if let (Some(field), Content::Bytes(bytes)) = (known, content)
            && let Type::Message(inner) = field.ty
            && let Ok(nested) = fields.nested(bytes)
        {
            left = match field.label {
                Label::Map(_) => values_left(inner, nested, left)?,
                _ => fields_left(inner, nested, left)?,
            };
        }
    }
    Some(left)
}

/// Whether a message has more fields than are decoded, those of the messages in it aside.
pub(crate) fn has_many_fields(message: &[u8]) -> bool {
    let mut fields = Fields::of(message);
    (0..=MOST_FIELDS).all(|_| matches!(fields.next_field(), Ok(Some(_))))
}

/// The same as `fields_left` for an entry of a map whose values are messages.
fn values_left(value: &Message, mut entry: Fields<'_>, most: usize) -> Option<usize> {
    let mut left = most;
    while let Ok(Some((number, content))) = entry.next_field() {
        left = left.checked_sub(1)?;
        if let (2, Content::Bytes(bytes)) = (number, content)
            && let Ok(nested) = entry.nested(bytes)
        {
            left = fields_left(value, nested, left)?;
        }
    }
    Some(left)
}
