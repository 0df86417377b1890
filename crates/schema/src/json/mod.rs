//! ProtoJSON over [`Reflect`]: merging a document into a message while it is
//! read, and writing a message as a document, without a tree in between.

mod error;
mod known;
mod merge;
mod names;
mod object;
mod read;
mod rust;
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

use crate::descriptor::{Label, Schema, Type};
use crate::dialect::Dialect;
use crate::explicit::Explicit;
use crate::reflect::{Reflect, ValueMut};

pub use self::error::{JsonError, Problem};
pub use self::known::write_any;
pub use self::merge::Extra;
pub use self::rust::write_serde;
pub use self::write::{Style, WriteError, write};
pub use crate::well_known::{EmptyForm, empty_form, has_special_form};

use self::merge::Merge;
use self::object::FieldSeed;
use self::read::{Seed, Target};

/// How many messages may be nested, the outermost one included: what protobuf
/// implementations decode by default.
pub const MAX_DEPTH: usize = 100;

/// Merges a JSON document into a message. A list in the document replaces the
/// message's list, a message is merged, a map is merged key by key, `null`
/// clears. Each field that the document gives is marked in `explicit`. Members
/// that are not fields but that the dialect has are returned.
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
    Merge::read(text, "", dialect, schema, |merge, reader| {
        Seed::message(merge, message)
            .noting(Some(explicit))
            .deserialize(reader)
    })
}

/// Merges one JSON value into the field at `index` of the message at the path `outer`, as
/// [`merge`] does with a document that has this one field.
///
/// # Errors
/// As [`merge`].
pub(crate) fn merge_field(
    message: &mut dyn Reflect,
    index: usize,
    explicit: &mut Explicit,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    outer: &str,
    text: &str,
) -> Result<(), JsonError> {
    Merge::read(text, outer, dialect, schema, |merge, reader| {
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

/// Merges one JSON value into a list's element or a map's value of type `ty`, which is at the
/// path `place`.
///
/// # Errors
/// As [`merge`].
pub fn merge_value(
    target: ValueMut<'_>,
    ty: &Type,
    dialect: &dyn Dialect,
    schema: &'static Schema,
    place: &str,
    text: &str,
) -> Result<(), JsonError> {
    Merge::read(text, place, dialect, schema, |merge, reader| {
        Seed::new(merge, Target::new(target, Label::Singular), *ty).deserialize(reader)
    })
    .map(drop)
}

/// Whether `text` is the beginning of a JSON value that more text can complete;
/// text that is empty, or wrong already, is not.
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
    Err(JsonError::new(String::new(), problem))
}
