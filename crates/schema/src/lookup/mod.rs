//! Finding what a user named: an RPC, a message, an enum, a service, a field.
//! Exact names come before names in another case; the error for a name that matches
//! nothing suggests the nearest ones.

use agent_text::excerpt::Excerpt;

use crate::descriptor::{Enum, Field, Message, Rpc, Schema, Service};
use crate::dialect::Dialect;
use crate::suggest::{did_you_mean, nearest, quoted};

/// Why a name stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Nothing has the name.
    #[error("there is no {kind} {}{}", Excerpt(.name), help(.kind, .nearest))]
    Unknown {
        /// What was looked for: `RPC`, `message`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// At most three names that may have been meant.
        nearest: Vec<String>,
    },
    /// The name is that of something of another kind.
    #[error("{name:?} is {what}, and {wanted} is wanted")]
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

/// The near names, or where all names of the kind can be seen.
fn help(kind: &str, nearest: &[String]) -> String {
    let place = match kind {
        _ if !nearest.is_empty() => return did_you_mean(nearest),
        "message" | "enum" => "\"describe\" with an RPC shows its types",
        "service" => "\"list\" shows the services",
        _ => "\"list\" shows the RPCs",
    };
    format!("; {place}")
}

fn field_help(nearest: &[String], known: &[String]) -> String {
    match known {
        _ if !nearest.is_empty() => did_you_mean(nearest),
        [] => String::new(),
        [only] => format!("; its only field is {}", Excerpt(only)),
        several => format!("; its fields are {}", quoted(several, "and")),
    }
}

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
            Err(unknown("RPC or built-in command", name, &names))
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
        Err(unknown("RPC or message", name, &names))
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
    Err(unknown("RPC, service, message or enum", name, &names))
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

/// The files whose RPCs win over those of the same name in other files.
const PREFERRED_FILES: [&str; 2] = ["agent.proto", "health.proto"];

/// How strictly names are compared.
#[derive(Clone, Copy)]
enum Case {
    /// Letter by letter.
    Exact,
    /// `a` is `A`.
    Any,
}

impl Case {
    /// An exact match anywhere beats one in another case.
    const IN_ORDER: [Case; 2] = [Case::Exact, Case::Any];

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
        let dotted = start == 0 || full_name.as_bytes().get(start - 1) == Some(&b'.');
        dotted
            && full_name
                .get(start..)
                .is_some_and(|end| self.equal(end, name))
    }
}

/// A kind of thing that has names.
trait Named: Copy {
    /// What a user calls it.
    const KIND: &'static str;
    /// All there are.
    fn all(schema: &Schema) -> Vec<Self>;
    /// The name that tells it from all others.
    fn full_name(self) -> String;
    /// What a misspelled name is compared with, and what is then suggested.
    fn suggestion(self) -> (&'static str, &'static str);
    /// Whether `name` may stand for it.
    fn matches(self, name: &str, case: Case) -> bool;
    /// Which of several that match are meant.
    fn preferred(name: &str, found: Vec<Self>) -> Vec<Self>;
}

impl Named for &'static Rpc {
    const KIND: &'static str = "RPC";

    fn all(schema: &Schema) -> Vec<Self> {
        schema.services.iter().flat_map(|it| it.rpcs).collect()
    }

    fn full_name(self) -> String {
        self.path()
    }

    fn suggestion(self) -> (&'static str, &'static str) {
        (self.name, self.name)
    }

    fn matches(self, name: &str, case: Case) -> bool {
        match name.rsplit_once(['/', '.']) {
            Some((service, method)) => {
                case.equal(self.name, method) && case.ends(self.service, service)
            }
            None => case.equal(self.name, name),
        }
    }

    fn preferred(name: &str, found: Vec<Self>) -> Vec<Self> {
        if let Some((service, _)) = name.rsplit_once(['/', '.']) {
            return whole_name(service, found, |rpc| rpc.service);
        }
        let one_name = found
            .iter()
            .all(|rpc| Some(rpc.name) == found.first().map(|it| it.name));
        let in_preferred_files: Vec<_> = found
            .iter()
            .copied()
            .filter(|rpc| PREFERRED_FILES.contains(&rpc.file))
            .collect();
        if one_name && in_preferred_files.len() == 1 {
            in_preferred_files
        } else {
            found
        }
    }
}

macro_rules! named_type {
    ($type:ty, $kind:literal, $list:ident) => {
        impl Named for &'static $type {
            const KIND: &'static str = $kind;

            fn all(schema: &Schema) -> Vec<Self> {
                schema.$list.to_vec()
            }

            fn full_name(self) -> String {
                self.full_name.to_owned()
            }

            fn suggestion(self) -> (&'static str, &'static str) {
                (last_part(self.full_name), self.full_name)
            }

            fn matches(self, name: &str, case: Case) -> bool {
                case.ends(self.full_name, name)
            }

            fn preferred(name: &str, found: Vec<Self>) -> Vec<Self> {
                whole_name(name, found, |it| it.full_name)
            }
        }
    };
}

named_type!(Service, "service", services);
named_type!(Message, "message", messages);
named_type!(Enum, "enum", enums);

/// A name that is a whole full name is not taken for the end of another one.
fn whole_name<T: Copy>(name: &str, found: Vec<T>, full_name: fn(T) -> &'static str) -> Vec<T> {
    let whole: Vec<T> = found
        .iter()
        .copied()
        .filter(|it| full_name(*it) == name)
        .collect();
    if whole.is_empty() { found } else { whole }
}

fn last_part(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// A name without what marks it as a full one: the `/` before an RPC's path as
/// it is on the wire and in logs, the `.` before a type as protobuf writes it.
fn unmarked(name: &str) -> &str {
    let rest = name.strip_prefix(['/', '.']).unwrap_or(name);
    if rest.is_empty() { name } else { rest }
}

/// The one thing of a kind that a name stands for; `None` if nothing matches.
fn matching<T: Named>(schema: &Schema, name: &str, case: Case) -> Option<Result<T, LookupError>> {
    let name = unmarked(name);
    let all = T::all(schema).into_iter();
    let found = all.filter(|it| it.matches(name, case)).collect();
    match T::preferred(name, found).as_slice() {
        [] => None,
        [only] => Some(Ok(*only)),
        several => Some(Err(LookupError::Ambiguous {
            kind: T::KIND,
            name: name.to_owned(),
            candidates: several.iter().map(|it| it.full_name()).collect(),
        })),
    }
}

/// As [`matching`], in each case in turn, with suggestions if nothing matches.
fn find<T: Named>(schema: &Schema, name: &str) -> Result<T, LookupError> {
    let mut cases = Case::IN_ORDER.into_iter();
    cases
        .find_map(|case| matching(schema, name, case))
        .unwrap_or_else(|| Err(unknown(T::KIND, name, &suggestions::<T>(schema))))
}

/// The names of a kind, as [`Named::suggestion`] gives them.
fn suggestions<T: Named>(schema: &Schema) -> Vec<(&'static str, &'static str)> {
    let all = T::all(schema).into_iter();
    all.map(Named::suggestion).collect()
}

/// The error for a name that nothing has.
fn unknown(kind: &'static str, name: &str, names: &[(&str, &str)]) -> LookupError {
    LookupError::Unknown {
        kind,
        name: name.to_owned(),
        nearest: nearest(last_part(name), names.iter().copied()),
    }
}

#[cfg(test)]
mod tests;
