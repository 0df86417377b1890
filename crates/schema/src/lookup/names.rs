//! How the names of RPCs, services, messages and enums are compared, and which
//! one wins when several match.

use super::error::LookupError;
use crate::descriptor::{Enum, Message, Rpc, Schema, Service};
use crate::suggest::nearest;

/// The files whose RPCs win over those of the same name in other files.
const PREFERRED_FILES: [&str; 2] = ["agent.proto", "health.proto"];

/// How strictly names are compared.
#[derive(Clone, Copy)]
pub enum Case {
    /// Letter by letter.
    Exact,
    /// `a` is `A`.
    Any,
}

impl Case {
    /// An exact match anywhere beats one in another case.
    pub const IN_ORDER: [Case; 2] = [Case::Exact, Case::Any];

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
pub trait Named: Copy {
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
pub fn matching<T: Named>(
    schema: &Schema,
    name: &str,
    case: Case,
) -> Option<Result<T, LookupError>> {
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
pub fn find<T: Named>(schema: &Schema, name: &str) -> Result<T, LookupError> {
    let mut cases = Case::IN_ORDER.into_iter();
    cases
        .find_map(|case| matching(schema, name, case))
        .unwrap_or_else(|| Err(unknown(T::KIND, name, &suggestions::<T>(schema))))
}

/// The names of a kind, as [`Named::suggestion`] gives them.
pub fn suggestions<T: Named>(schema: &Schema) -> Vec<(&'static str, &'static str)> {
    let all = T::all(schema).into_iter();
    all.map(Named::suggestion).collect()
}

/// The error for a name that nothing has.
pub fn unknown(kind: &'static str, name: &str, names: &[(&str, &str)]) -> LookupError {
    LookupError::Unknown {
        kind,
        name: name.to_owned(),
        nearest: nearest(last_part(name), names.iter().copied()),
    }
}
