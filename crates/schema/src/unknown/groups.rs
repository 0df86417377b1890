//! Groups in an encoded message: an old form of fields that no message of proto3 has,
//! and that the decoder skips, so they are looked for in the bytes. What is said of
//! them is not known here.

use agent_wire::{Content, Fields, WireError};

use super::{At, Place};
use crate::descriptor::{Label, Message, Scalar, Type};
use crate::json::string::JsonString;

/// The fields of a map's entry.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// A group, where it is, and what is in it.
pub(super) struct Group<'a, 'p> {
    pub(super) place: Option<&'p Place<'p>>,
    pub(super) message: &'static Message,
    pub(super) number: u32,
    pub(super) content: &'a [u8],
}

/// Goes through all fields of a message, and of the messages in it, and tells of the groups.
/// What is not protobuf is refused.
pub(super) fn scan<'a>(
    message: &'static Message,
    mut fields: Fields<'a>,
    place: Option<&Place<'_>>,
    found: &mut dyn FnMut(Group<'a, '_>),
) -> Result<(), WireError> {
    let bytes = fields.rest();
    loop {
        let before = bytes.len() - fields.rest().len();
        let Some((number, content)) = fields.next_field()? else {
            return Ok(());
        };
        let inner = match content {
            Content::Varint(_) | Content::Fixed32(_) | Content::Fixed64(_) => continue,
            Content::Group(content) => {
                found(Group {
                    place,
                    message,
                    number,
                    content,
                });
                continue;
            }
            Content::Bytes(inner) => inner,
        };
        let Some(field) = message.fields.iter().find(|field| field.number == number) else {
            continue;
        };
        let inside = |at| Place {
            outer: place,
            field,
            at,
        };
        match (field.label, field.ty) {
            (Label::Map(key), ty) => {
                let place = inside(At::Entry(inner, key));
                entry(key, ty, fields.nested(inner)?, &place, found)?;
            }
            (Label::Repeated, Type::Message(message)) => {
                let siblings = bytes.get(..before).unwrap_or_default();
                let place = inside(At::After(siblings));
                scan(message, fields.nested(inner)?, Some(&place), found)?;
            }
            (_, Type::Message(message)) => {
                scan(
                    message,
                    fields.nested(inner)?,
                    Some(&inside(At::Field)),
                    found,
                )?;
            }
            (_, Type::Scalar(Scalar::String)) => {
                fields.text(inner)?;
            }
            (_, Type::Scalar(_) | Type::Enum(_)) => {}
        }
    }
}

fn entry<'a>(
    key: Scalar,
    value: Type,
    mut fields: Fields<'a>,
    place: &Place<'_>,
    found: &mut dyn FnMut(Group<'a, '_>),
) -> Result<(), WireError> {
    while let Some(field) = fields.next_field()? {
        match (field, key, value) {
            ((VALUE, Content::Bytes(inner)), _, Type::Message(message)) => {
                scan(message, fields.nested(inner)?, Some(place), found)?;
            }
            ((KEY, Content::Bytes(text)), Scalar::String, _)
            | ((VALUE, Content::Bytes(text)), _, Type::Scalar(Scalar::String)) => {
                fields.text(text)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many elements of a list there are in these bytes.
pub(super) fn elements(bytes: &[u8], field_number: u32) -> usize {
    let mut fields = Fields::of(bytes);
    let mut count = 0;
    while let Ok(Some((number, content))) = fields.next_field() {
        count += usize::from(number == field_number && matches!(content, Content::Bytes(_)));
    }
    count
}

/// A map entry's key, as a path has it between its brackets.
pub(super) fn key(entry: &[u8], scalar: Scalar) -> String {
    let mut fields = Fields::of(entry);
    let mut key = Content::Varint(0);
    while let Ok(Some((number, content))) = fields.next_field() {
        if number == KEY && !matches!(content, Content::Group(_)) {
            key = content;
        }
    }
    let number = match key {
        Content::Varint(number) | Content::Fixed64(number) => number,
        Content::Fixed32(number) => u64::from(number),
        Content::Bytes(text) => return JsonString(&String::from_utf8_lossy(text)).to_string(),
        Content::Group(_) => return String::new(),
    };
    match scalar {
        Scalar::String => "\"\"".to_owned(),
        Scalar::Bool => (number != 0).to_string(),
        // A fixed one of 32 bits has no more of them.
        Scalar::Sfixed32 => (number as u32).cast_signed().to_string(),
        Scalar::Int32 | Scalar::Int64 | Scalar::Sfixed64 => number.cast_signed().to_string(),
        Scalar::Sint32 | Scalar::Sint64 => {
            ((number >> 1).cast_signed() ^ -(number & 1).cast_signed()).to_string()
        }
        _ => number.to_string(),
    }
}
