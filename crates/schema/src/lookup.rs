//! Finding what a user named: an RPC, a message, an enum, a service, a field.
//! Exact names come before names in another case; a name that matches nothing
//! gets the nearest ones. What the found thing is for is not known here.

mod error;
mod names;

use super::descriptor::{Enum, Message, Rpc, Schema, Service};
use super::dialect::Dialect;
use super::suggest::nearest;
use names::{Case, Named, find, matching, suggestions};

pub use error::LookupError;

/// Anything that `describe` tells about.
#[derive(Debug, Clone, Copy)]
pub enum Item {
    /// An RPC.
    Rpc(&'static Rpc),
    /// A service.
    Service(&'static Service),
    /// A message type.
    Message(&'static Message),
    /// An enum type.
    Enum(&'static Enum),
}

/// Finds an RPC by `Method`, `Service.Method`, `package.Service/Method` or
/// `package.Service.Method`, in any case where only one matches.
///
/// # Errors
/// When none matches, or several do and no file decides between them.
pub fn rpc(schema: &Schema, name: &str) -> Result<&'static Rpc, LookupError> {
    find(schema, name)
}

/// Finds an RPC as [`rpc`] does, where a user may also have meant one of the
/// names in `others`: they are suggested too.
///
/// # Errors
/// As [`rpc`].
pub fn rpc_or(
    schema: &Schema,
    name: &str,
    others: impl Iterator<Item = &'static str>,
) -> Result<&'static Rpc, LookupError> {
    match rpc(schema, name) {
        Err(LookupError::Unknown { .. }) => {
            let mut names = suggestions::<&Rpc>(schema);
            names.extend(others.map(|other| (other, other)));
            Err(names::unknown("RPC or built-in command", name, &names))
        }
        found => found,
    }
}

/// Finds a message by its name, with or without its package and outer messages.
///
/// # Errors
/// When none matches, or several do.
pub fn message(schema: &Schema, name: &str) -> Result<&'static Message, LookupError> {
    find(schema, name)
}

/// Finds what a request can be made of: an RPC's request or a message, an exact
/// name first, then one in another case, and of each an RPC before a message.
///
/// # Errors
/// When nothing matches, or several things of the first kind that matches do.
pub fn request(schema: &Schema, name: &str) -> Result<&'static Message, LookupError> {
    let found = Case::IN_ORDER.into_iter().find_map(|case| {
        let rpc = matching::<&Rpc>(schema, name, case);
        let request = rpc.map(|found| found.map(|rpc| rpc.request));
        request.or_else(|| matching(schema, name, case))
    });
    found.unwrap_or_else(|| {
        let other = match item(schema, name) {
            Ok(Item::Enum(found)) => Some((found.full_name, "an enum")),
            Ok(Item::Service(found)) => Some((found.full_name, "a service")),
            _ => None,
        };
        if let Some((name, what)) = other {
            let wanted = "an RPC or a message";
            return Err(LookupError::OtherKind { name, what, wanted });
        }
        let mut names = suggestions::<&Rpc>(schema);
        names.extend(suggestions::<&Message>(schema));
        Err(names::unknown("RPC or message", name, &names))
    })
}

/// Finds an enum likewise.
///
/// # Errors
/// When none matches, or several do.
pub fn enumeration(schema: &Schema, name: &str) -> Result<&'static Enum, LookupError> {
    find(schema, name)
}

/// Finds a service by its name, with or without its package.
///
/// # Errors
/// When none matches, or several do.
pub fn service(schema: &Schema, name: &str) -> Result<&'static Service, LookupError> {
    find(schema, name)
}

/// Finds anything by its name: an exact name first, then one in another case,
/// and of each an RPC, a service, a message, an enum.
///
/// # Errors
/// When nothing matches, or several things of the first kind that matches do.
pub fn item(schema: &Schema, name: &str) -> Result<Item, LookupError> {
    type Found<T> = Option<Result<T, LookupError>>;
    fn of_kind<T: Named>(
        schema: &Schema,
        name: &str,
        case: Case,
        item: fn(T) -> Item,
    ) -> Found<Item> {
        Some(matching(schema, name, case)?.map(item))
    }
    for case in Case::IN_ORDER {
        let found = of_kind(schema, name, case, Item::Rpc)
            .or_else(|| of_kind(schema, name, case, Item::Service))
            .or_else(|| of_kind(schema, name, case, Item::Message))
            .or_else(|| of_kind(schema, name, case, Item::Enum));
        if let Some(found) = found {
            return found;
        }
    }
    let mut names = suggestions::<&Rpc>(schema);
    names.extend(suggestions::<&Service>(schema));
    names.extend(suggestions::<&Message>(schema));
    names.extend(suggestions::<&Enum>(schema));
    Err(names::unknown(
        "RPC, service, message or enum",
        name,
        &names,
    ))
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
    let position = |matches: &dyn Fn(&'static str) -> bool, json: bool| {
        let name = |field: &super::Field| if json { field.json_name } else { field.name };
        message.fields.iter().position(|field| matches(name(field)))
    };
    let exact = |found: &str| found == name;
    if let Some(index) = position(&exact, false).or_else(|| position(&exact, true)) {
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

#[cfg(test)]
mod tests;
