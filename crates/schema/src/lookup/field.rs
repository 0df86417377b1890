//! Finding a field: by its name in a message, and by the path to it from an RPC or a message.

use super::{Item, Kind, LookupError, find};
use crate::descriptor::{Field, Message, Rpc, Schema, Type};
use crate::dialect::{Dialect, Plain};
use crate::path;
use crate::suggest::nearest;

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub struct FieldItem {
    /// The RPC whose request the message is, if the path began there.
    pub rpc: Option<&'static Rpc>,
    /// The message that it is in.
    pub message: &'static Message,
    /// Its index there.
    pub index: usize,
}

impl FieldItem {
    /// The field itself.
    pub fn field(&self) -> Option<&'static Field> {
        self.message.fields.get(self.index)
    }
}

/// The field that a path leads to from an RPC or a message; `None` if it begins with neither.
/// Of an RPC it may be a field of the response too.
pub(super) fn by_path(schema: &Schema, name: &str) -> Option<Result<Item, LookupError>> {
    let end = name.find('[').unwrap_or(name.len());
    let dots = name.get(..end)?.rmatch_indices('.');
    let mut failed = None;
    for (dot, _) in dots {
        let (start, path) = (name.get(..dot)?, name.get(dot + 1..)?);
        let found = match find(schema, &[Kind::Rpc, Kind::Message], start) {
            Some(Ok(Item::Rpc(rpc))) => {
                let request = walk(Some(rpc), rpc.request, path);
                request.or_else(|error| walk(None, rpc.response, path).map_err(|_| error))
            }
            Some(Ok(Item::Message(message))) => walk(None, message, path),
            Some(Ok(_)) | None => continue,
            Some(Err(error)) => Err(error),
        };
        match found {
            Ok(field) => return Some(Ok(Item::Field(field))),
            Err(error) => failed = failed.or(Some(Err(error))),
        }
    }
    failed
}

fn walk(
    rpc: Option<&'static Rpc>,
    message: &'static Message,
    path: &str,
) -> Result<FieldItem, LookupError> {
    let names = path::names(path).unwrap_or_else(|| vec![path.to_owned()]);
    let mut found = FieldItem {
        rpc,
        message,
        index: 0,
    };
    for (count, name) in names.iter().enumerate() {
        if count > 0
            && let Some(field) = found.field()
        {
            let Type::Message(inner) = field.ty else {
                return Err(LookupError::NoFields {
                    message: found.message.full_name,
                    field: field.name,
                    ty: field.ty.name(),
                });
            };
            (found.rpc, found.message) = (None, inner);
        }
        found.index = field(found.message, name, &Plain)?;
    }
    Ok(found)
}

/// Messages with more fields than this are not listed in an error.
const LISTED_FIELDS: usize = 8;

/// Finds a field's index by the proto's name, the JSON name, any case of them
/// where only one matches, or a name that the dialect adds.
///
/// # Errors
/// When none matches, or several do.
pub fn field(
    message: &'static Message,
    name: &str,
    dialect: &dyn Dialect,
) -> Result<usize, LookupError> {
    let position = |is_it: &dyn Fn(&Field) -> bool| message.fields.iter().position(is_it);
    let exact = position(&|field| field.name == name);
    if let Some(index) = exact.or_else(|| position(&|field| field.json_name == name)) {
        return Ok(index);
    }
    let fields = message.fields.iter().enumerate();
    let matches: Vec<_> = fields
        .filter(|(_, field)| {
            field.name.eq_ignore_ascii_case(name) || field.json_name.eq_ignore_ascii_case(name)
        })
        .collect();
    if let [(index, _)] = matches.as_slice() {
        return Ok(*index);
    }
    if let Some(index) = dialect.field(message, name) {
        return Ok(index);
    }
    Err(if matches.is_empty() {
        unknown_field(message, name)
    } else {
        LookupError::Ambiguous {
            kind: "field",
            name: name.to_owned(),
            candidates: matches.iter().map(|(_, it)| it.name.to_owned()).collect(),
        }
    })
}

fn unknown_field(message: &'static Message, name: &str) -> LookupError {
    let fields = || message.fields.iter();
    // Either spelling may be the near one; the proto's own is what is shown.
    let spellings = fields().flat_map(|it| [(it.name, it.name), (it.json_name, it.name)]);
    LookupError::UnknownField {
        message: message.full_name,
        name: name.to_owned(),
        nearest: nearest(name, spellings),
        known: if message.fields.len() <= LISTED_FIELDS {
            fields().map(|field| field.name.to_owned()).collect()
        } else {
            Vec::new()
        },
    }
}
