//! Which field a key of a document names. Knows no values.

use serde::de;

use super::super::descriptor::{Field, Message};
use super::super::lookup::{self, LookupError};
use super::context::Merge;

/// The index of the field that `name` stands for: by the proto's name or the
/// JSON name, in any case where that is unique, or by the dialect. `likely` is
/// looked at first, as documents mostly follow the order of declaration.
pub(super) fn field<E: de::Error>(
    merge: &mut Merge<'_, '_>,
    message: &'static Message,
    name: &str,
    likely: usize,
) -> Result<(usize, &'static Field), E> {
    let fields = message.fields;
    let exact = |field: &Field| field.name == name || field.json_name == name;
    if let Some(field) = fields.get(likely).filter(|field| exact(field)) {
        return Ok((likely, field));
    }
    if let Some(found) = fields.iter().enumerate().find(|(_, field)| exact(field)) {
        return Ok(found);
    }
    let index = match lookup::field(message, name, merge.dialect) {
        Ok(index) => index,
        Err(error) => return Err(merge.fail(error.into())),
    };
    match fields.get(index) {
        Some(field) => Ok((index, field)),
        None => Err(unknown(merge, message, name)),
    }
}

/// The error for a key that names no field.
pub(super) fn unknown<E: de::Error>(
    merge: &mut Merge<'_, '_>,
    message: &'static Message,
    name: &str,
) -> E {
    let error = LookupError::UnknownField {
        message: message.full_name,
        name: name.to_owned(),
        nearest: Vec::new(),
        known: Vec::new(),
    };
    merge.fail(error.into())
}
