//! ProtoJSON over [`Reflect`]: merging a document into a message while it is
//! read, and writing a message as a document, without a tree in between. Knows
//! protobuf's rules for JSON and nothing of any particular API.

mod collection;
mod context;
mod error;
mod extra;
mod found;
mod given;
mod known;
mod message;
mod names;
mod number;
mod place;
mod scalar;
pub mod string;
#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
mod tests;
mod write;

use serde::de::{DeserializeSeed as _, IgnoredAny};

pub use error::{JsonError, Problem};
pub use extra::Extra;
pub use known::EmptyForm;
pub use write::{Style, WriteError, write};

use super::descriptor::{Message, Schema, Type};
use super::dialect::Dialect;
use super::explicit::Explicit;
use super::reflect::{Reflect, ValueMut};
use collection::ValueSeed;
use context::Merge;
use message::{FieldSeed, MessageSeed};

/// How many messages may be nested, the outermost one included: what protobuf
/// implementations decode by default.
pub const MAX_DEPTH: usize = 100;

/// Whether `message` is one of `google.protobuf` that is not written as an
/// object of its fields.
pub fn has_special_form(message: &'static Message) -> bool {
    known::of(message).is_some()
}

/// How the default of a message with a JSON form of its own is written; `None`
/// for every other message.
pub fn empty_form(message: &'static Message) -> Option<EmptyForm> {
    known::of(message).and_then(|known| known::empty_form(message, known))
}

/// Whether `null` sets a field of this type to a value, instead of clearing it.
pub fn null_is_value(ty: &Type) -> bool {
    known::has_null(ty)
}

/// Merges a JSON document into a message. A list in the document replaces the
/// message's list, a message is merged, a map is merged key by key, `null`
/// clears. Each field that the document gives is marked in `explicit`; members
/// that are no fields and that the dialect asks for are handed back.
///
/// # Errors
/// When the text is not JSON or does not fit the message; the message is then
/// left merged in part, and so is `explicit`.
pub fn merge(
    message: &mut dyn Reflect,
    explicit: &mut Explicit,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    text: &str,
) -> Result<Vec<Extra>, JsonError> {
    Merge::read(text, dialect, schema, |merge, reader| {
        let explicit = Some(explicit);
        MessageSeed::new(merge, message, explicit).deserialize(reader)
    })
}

/// Merges one JSON value into the field at `index`, as [`merge`] does with a
/// document that has this one field. Paths in errors begin with the field.
///
/// # Errors
/// As [`merge`].
pub fn merge_field(
    message: &mut dyn Reflect,
    index: usize,
    explicit: &mut Explicit,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    text: &str,
) -> Result<(), JsonError> {
    Merge::read(text, dialect, schema, |merge, reader| {
        let explicit = Some(explicit);
        let seed = FieldSeed {
            merge,
            message,
            index,
            explicit,
        };
        seed.deserialize(reader).map(drop)
    })
    .map(drop)
}

/// Merges one JSON value into a list's element or a map's value of type `ty`.
/// Paths in errors begin within the value; [`JsonError::within`] completes them.
///
/// # Errors
/// As [`merge`].
pub fn merge_value(
    target: ValueMut<'_>,
    ty: &Type,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    text: &str,
) -> Result<(), JsonError> {
    Merge::read(text, dialect, schema, |merge, reader| {
        let seed = ValueSeed {
            merge,
            target,
            ty: *ty,
            explicit: None,
            spelling: None,
        };
        seed.deserialize(reader)
    })
    .map(drop)
}

/// Whether `text` is the beginning of a JSON value that more text can complete.
/// Text that is empty, or wrong already, is none.
pub fn is_unfinished(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    matches!(values.next(), Some(Err(error)) if error.is_eof())
}

/// The byte offset just after the JSON value that `text` begins with, white
/// space before it allowed.
///
/// # Errors
/// When `text` does not begin with a JSON value.
pub fn value_end(text: &str) -> Result<usize, JsonError> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let problem = match values.next() {
        Some(Ok(IgnoredAny)) => return Ok(values.byte_offset()),
        Some(Err(error)) => Problem::syntax(&error),
        None => Problem::Syntax {
            what: "there is no value".to_owned(),
            line: text.matches('\n').count() + 1,
            column: text.rsplit('\n').next().unwrap_or_default().len(),
        },
    };
    Err(JsonError::new(&place::Place::default(), problem))
}
