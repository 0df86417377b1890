//! Finding what a user named: an RPC, a message, an enum, a service, a field.
//! Exact names come before names in another case; the error for a name that matches
//! nothing suggests the nearest ones.

mod field;

use agent_text::excerpt::Excerpt;

use crate::descriptor::{Enum, Message, Rpc, Schema, Service};
use crate::suggest::{did_you_mean, nearest, quoted};

pub use self::field::{FieldItem, field};

/// Why a name does not stand for one thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nothing has the name.
    #[error("there is no {kind} {}{}", Excerpt(.name), help(.nearest))]
    Unknown {
        /// What was looked for: `RPC`, `message`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// At most three names that may have been meant.
        nearest: Vec<String>,
    },
    /// The name is that of something of another kind.
    #[error("{name:?} is {what}; give {wanted}")]
    OtherKind {
        /// The full name of what was found.
        name: &'static str,
        /// What it is, with its article.
        what: &'static str,
        /// What it should be, with its article.
        wanted: &'static str,
    },
    /// Several things have the name.
    #[error("{} could be the {kind} {}", Excerpt(.name), quoted(.candidates, "or"))]
    Ambiguous {
        /// What was looked for.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The names that tell the matches apart.
        candidates: Vec<String>,
    },
    /// A path goes on after a field that has none.
    #[error("{message}.{field} is of type {ty}, which has no fields")]
    NoFields {
        /// Full name of the message that the field is in.
        message: &'static str,
        /// The field's name.
        field: &'static str,
        /// The field's type.
        ty: &'static str,
    },
    /// A message has no such field.
    #[error("{message} has no field {}{}", Excerpt(.name), field_help(.nearest, .known))]
    UnknownField {
        /// Full name of the message.
        message: &'static str,
        /// The name as given.
        name: String,
        /// At most three fields that may have been meant.
        nearest: Vec<String>,
        /// The message's fields, when they are few.
        known: Vec<String>,
    },
}

/// The near names, or where all names can be seen.
fn help(nearest: &[String]) -> String {
    match nearest {
        [] => "; \"list\" shows the RPCs".to_owned(),
        _ => did_you_mean(nearest),
    }
}

fn field_help(nearest: &[String], known: &[String]) -> String {
    match known {
        _ if !nearest.is_empty() => did_you_mean(nearest),
        [] => String::new(),
        [only] => format!("; its only field is {}", Excerpt(only)),
        several => format!("; its fields are {}", quoted(several, "and")),
    }
}

/// Anything that has a name and a description.
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
    /// A field of a message, which a path led to.
    Field(FieldItem),
}

/// The kinds of items, as a name is looked up among them.
#[derive(Clone, Copy)]
enum Kind {
    Rpc,
    Service,
    Message,
    Enum,
}

/// Finds an RPC by `Method`, `Service.Method`, `package.Service/Method` or
/// `package.Service.Method`, in any case where only one matches.
///
/// # Errors
/// When none matches, or several do and no file decides between them.
pub fn rpc(schema: &Schema, name: &str) -> Result<&'static Rpc, LookupError> {
    find_rpc(schema, name, "RPC", std::iter::empty())
}

/// Finds an RPC as [`rpc`] does, where a user may also have meant one of the built-in
/// commands in `others`: they are suggested too.
///
/// # Errors
/// As [`rpc`].
pub fn rpc_or(
    schema: &Schema,
    name: &str,
    others: impl Iterator<Item = &'static str>,
) -> Result<&'static Rpc, LookupError> {
    let others = others.map(|other| (other, other));
    find_rpc(schema, name, "RPC or built-in command", others)
}

fn find_rpc(
    schema: &Schema,
    name: &str,
    kind: &'static str,
    others: impl Iterator<Item = (&'static str, &'static str)>,
) -> Result<&'static Rpc, LookupError> {
    match find(schema, &[Kind::Rpc], name) {
        Some(Ok(Item::Rpc(rpc))) => Ok(rpc),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => Err(unknown(schema, &[Kind::Rpc], kind, name, others)),
    }
}

/// Finds what a request can be made of: an RPC's request or a message, an exact
/// name first, then one in another case, and of each an RPC before a message.
///
/// # Errors
/// When nothing matches, or several things of the first kind that matches do.
pub fn request(schema: &Schema, name: &str) -> Result<&'static Message, LookupError> {
    let kinds = [Kind::Rpc, Kind::Message];
    match find(schema, &kinds, name) {
        Some(Ok(Item::Rpc(rpc))) => return Ok(rpc.request),
        Some(Ok(Item::Message(message))) => return Ok(message),
        Some(Err(error)) => return Err(error),
        _ => {}
    }
    let (name, what) = match item(schema, name) {
        Ok(Item::Enum(found)) => (found.full_name, "an enum"),
        Ok(Item::Service(found)) => (found.full_name, "a service"),
        _ => {
            let others = std::iter::empty();
            return Err(unknown(schema, &kinds, "RPC or message", name, others));
        }
    };
    Err(LookupError::OtherKind {
        name,
        what,
        wanted: "an RPC or a message",
    })
}

/// Finds anything by its name: an exact name first, then one in another case,
/// and of each an RPC, a service, a message, an enum. What follows an RPC or a message after a
/// dot is a path to a field: `CreateContainer.OCI.Process`.
///
/// # Errors
/// When nothing matches, or several things of the first kind that matches do.
pub fn item(schema: &Schema, name: &str) -> Result<Item, LookupError> {
    let kinds = [Kind::Rpc, Kind::Service, Kind::Message, Kind::Enum];
    find(schema, &kinds, name)
        .or_else(|| field::by_path(schema, name))
        .unwrap_or_else(|| {
            let kind = "RPC, service, message or enum";
            Err(unknown(schema, &kinds, kind, name, std::iter::empty()))
        })
}

/// Finds a service by its name, in any case where only one matches; all of them without a name.
///
/// # Errors
/// When none matches, or several do.
pub fn services(schema: &Schema, name: Option<&str>) -> Result<Vec<&'static Service>, LookupError> {
    let Some(name) = name else {
        return Ok(schema.services.to_vec());
    };
    match find(schema, &[Kind::Service], name) {
        Some(Ok(Item::Service(service))) => Ok(vec![service]),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => {
            let services = schema.services.iter().map(|it| it.full_name.to_owned());
            Err(LookupError::Unknown {
                kind: "service",
                name: name.to_owned(),
                nearest: services.take(3).collect(),
            })
        }
    }
}

/// The one item that a name stands for: of the first kind that has a match, an exact
/// one before one in another case. `None` if nothing matches.
fn find(schema: &Schema, kinds: &[Kind], name: &str) -> Option<Result<Item, LookupError>> {
    let name = unmarked(name);
    let mut cases = [Case::Exact, Case::Any].into_iter();
    cases.find_map(|case| {
        let mut kinds = kinds.iter();
        kinds.find_map(|kind| matching(schema, *kind, name, case))
    })
}

fn matching(
    schema: &Schema,
    kind: Kind,
    name: &str,
    case: Case,
) -> Option<Result<Item, LookupError>> {
    let all = Item::all(schema, kind).into_iter();
    let found: Vec<Item> = all.filter(|item| item.matches(name, case)).collect();
    match preferred(kind, name, found).as_slice() {
        [] => None,
        [only] => Some(Ok(*only)),
        several => Some(Err(LookupError::Ambiguous {
            kind: match kind {
                Kind::Rpc => "RPC",
                Kind::Service => "service",
                Kind::Message => "message",
                Kind::Enum => "enum",
            },
            name: name.to_owned(),
            candidates: several.iter().map(|item| item.full_name()).collect(),
        })),
    }
}

/// The files whose RPCs win over those of the same name in other files.
const PREFERRED_FILES: [&str; 2] = ["agent.proto", "health.proto"];

/// Which of several items that match are meant.
fn preferred(kind: Kind, name: &str, found: Vec<Item>) -> Vec<Item> {
    let those = |is_it: &dyn Fn(&Item) -> bool| {
        let kept = found.iter().copied().filter(is_it);
        kept.collect::<Vec<_>>()
    };
    // A name that is a whole full name is not taken for the end of another one.
    let whole = those(&|item| match item {
        Item::Rpc(rpc) => matches!(split_rpc(name), Some((service, _)) if service == rpc.service),
        other => other.full_name() == name,
    });
    if !whole.is_empty() {
        return whole;
    }
    let method = |item: &Item| match item {
        Item::Rpc(rpc) => Some(rpc.name),
        _ => None,
    };
    let is_one_name = found
        .iter()
        .all(|item| Some(method(item)) == found.first().map(method));
    if matches!(kind, Kind::Rpc) && split_rpc(name).is_none() && is_one_name {
        let in_preferred_files =
            those(&|item| matches!(item, Item::Rpc(rpc) if PREFERRED_FILES.contains(&rpc.file)));
        if in_preferred_files.len() == 1 {
            return in_preferred_files;
        }
    }
    found
}

impl Item {
    /// All there are of a kind.
    fn all(schema: &Schema, kind: Kind) -> Vec<Self> {
        let services = schema.services.iter();
        match kind {
            Kind::Rpc => services.flat_map(|it| it.rpcs).map(Self::Rpc).collect(),
            Kind::Service => services.map(|it| Self::Service(it)).collect(),
            Kind::Message => schema.messages.iter().map(|it| Self::Message(it)).collect(),
            Kind::Enum => schema.enums.iter().map(|it| Self::Enum(it)).collect(),
        }
    }

    /// The name that only this item has.
    pub(crate) fn full_name(self) -> String {
        match self {
            Self::Rpc(rpc) => rpc.path(),
            Self::Service(Service { full_name, .. })
            | Self::Message(Message { full_name, .. })
            | Self::Enum(Enum { full_name, .. }) => (*full_name).to_owned(),
            Self::Field(it) => {
                let name = it.field().map_or("", |field| field.name);
                format!("{}.{name}", it.message.full_name)
            }
        }
    }

    /// Whether `name` may stand for it.
    fn matches(self, name: &str, case: Case) -> bool {
        match self {
            Self::Rpc(rpc) => match split_rpc(name) {
                Some((service, method)) => {
                    case.equal(rpc.name, method) && case.ends(rpc.service, service)
                }
                None => case.equal(rpc.name, name),
            },
            Self::Service(Service { full_name, .. })
            | Self::Message(Message { full_name, .. })
            | Self::Enum(Enum { full_name, .. }) => case.ends(full_name, name),
            // Fields are found by the way to them.
            Self::Field(_) => false,
        }
    }

    /// What a misspelled name is compared with, and what is then suggested.
    fn suggestion(self) -> (&'static str, &'static str) {
        match self {
            Self::Rpc(rpc) => (rpc.name, rpc.name),
            Self::Service(Service { full_name, .. })
            | Self::Message(Message { full_name, .. })
            | Self::Enum(Enum { full_name, .. }) => (last_part(full_name), full_name),
            Self::Field(it) => it.field().map_or(("", ""), |it| (it.name, it.name)),
        }
    }
}

/// How strictly names are compared.
#[derive(Clone, Copy)]
enum Case {
    /// Letter by letter.
    Exact,
    /// `a` is `A`.
    Any,
}

impl Case {
    fn equal(self, left: &str, right: &str) -> bool {
        match self {
            Case::Exact => left == right,
            Case::Any => left.eq_ignore_ascii_case(right),
        }
    }

    /// Whether `name` is `full_name`, or what follows one of its dots.
    fn ends(self, full_name: &str, name: &str) -> bool {
        let Some(start) = full_name.len().checked_sub(name.len()) else {
            return false;
        };
        let follows_dot = start == 0 || full_name.as_bytes().get(start - 1) == Some(&b'.');
        let end = full_name.get(start..);
        follows_dot && end.is_some_and(|end| self.equal(end, name))
    }
}

/// The service and the method of an RPC's qualified name.
fn split_rpc(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once(['/', '.'])
}

fn last_part(name: &str) -> &str {
    split_rpc(name).map_or(name, |(_, last)| last)
}

/// A name without what marks it as a full one: the `/` before an RPC's path as
/// it is on the wire and in logs, the `.` before a type as protobuf writes it.
fn unmarked(name: &str) -> &str {
    let rest = name.strip_prefix(['/', '.']).unwrap_or(name);
    if rest.is_empty() { name } else { rest }
}

/// The error for a name that nothing of these kinds has.
fn unknown(
    schema: &Schema,
    kinds: &[Kind],
    kind: &'static str,
    name: &str,
    others: impl Iterator<Item = (&'static str, &'static str)>,
) -> LookupError {
    let items = kinds.iter().flat_map(|kind| Item::all(schema, *kind));
    LookupError::Unknown {
        kind,
        name: name.to_owned(),
        nearest: nearest(last_part(name), items.map(Item::suggestion).chain(others)),
    }
}

#[cfg(test)]
mod tests;
