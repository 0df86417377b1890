//! The fields of a message by what is typed of their names.

use super::text::{begins, typed_doc};
use crate::schema::{Dialect, Field, Message, lookup};

/// A field, by one of its names.
pub(super) struct Named {
    /// The name, as it is to be typed.
    pub name: &'static str,
    /// The field's index.
    pub index: usize,
    /// The field.
    pub field: &'static Field,
    /// Its type, and what its proto says of it.
    pub doc: String,
}

/// The fields with a name that begins with `typed`: the proto's own, or the
/// JSON name or an extra one where only that begins so.
pub(super) fn matching(
    message: &'static Message,
    dialect: &dyn Dialect,
    typed: &str,
) -> Vec<Named> {
    let mut found = Vec::new();
    for (index, field) in message.fields.iter().enumerate() {
        let names = [field.name, field.json_name];
        if let Some(name) = names.into_iter().find(|name| begins(name, typed)) {
            found.push((name, index, field));
        }
    }
    if !typed.is_empty() {
        let extra = dialect.names(message).into_iter();
        let extra = extra.filter(|(name, _)| begins(name, typed));
        found.extend(extra.filter_map(|(name, at)| Some((name, at, message.fields.get(at)?))));
    }
    found
        .into_iter()
        // A name may stand for a field of exactly this name before it stands for this one.
        .filter(|(name, index, _)| lookup::field(message, name, dialect).as_ref() == Ok(index))
        .map(|(name, index, field)| Named {
            name,
            index,
            field,
            doc: typed_doc(&field.declared_type(), field.doc),
        })
        .collect()
}
