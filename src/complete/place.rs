//! Paths of setters that are still being typed, part by part, and the fields
//! that a call lacks.

use super::field::{self, Named};
use super::{Call, Candidate, Found, parameter};
use crate::auto;
use crate::command::Word;
use crate::schema::json::has_special_form;
use crate::schema::lookup;
use crate::schema::path::{self as paths, Brackets, Resolved};
use crate::schema::{Field, Label, Message, Scalar, Type};

/// Candidates for the last part of a path.
pub(super) fn part(call: &Call<'_>, word: &str, part: &paths::Unfinished<'_>) -> Option<Found> {
    let (before, typed) = word.split_at_checked(part.start)?;
    let (message, prefix) = match before.strip_suffix('.') {
        None => (call.rpc.request, String::new()),
        Some(before) => {
            let target = paths::resolve(call.rpc.request, &call.dialect, before).ok()?;
            (inner(&target)?, format!("{target}."))
        }
    };
    let context = Part {
        call,
        message,
        prefix,
    };
    let candidates = match part.brackets {
        Brackets::None => context.names(part.name),
        Brackets::Open(key) => context.keys(typed, part.name, key)?,
        Brackets::Closed => {
            let target = paths::resolve(message, &call.dialect, typed).ok()?;
            vec![element(typed, target.last().field)]
        }
    };
    Some((part.start, candidates))
}

/// How many fields are told of at once.
const TOLD: usize = 3;

/// The first fields that a call may lack: those with one value that no word sets
/// and nothing fills. None after a document, which may have them.
pub(super) fn missing(call: &Call<'_>) -> Vec<String> {
    let is_setter = |word: &Word| matches!(word, Word::Setter(_));
    if !call.words.iter().all(is_setter) {
        return Vec::new();
    }
    let part = Part {
        call,
        message: call.rpc.request,
        prefix: String::new(),
    };
    let is_filled = |index| {
        let mut rows = auto::ROWS.iter();
        rows.any(|row| row.index_in(call.rpc) == Some(index))
    };
    field::matching(call.rpc.request, &call.dialect, "")
        .into_iter()
        .filter(|named| named.field.label == Label::Singular && named.field.oneof.is_none())
        .filter(|named| !is_filled(named.index) && !part.is_set(named))
        .flat_map(|named| part.candidates(&named))
        .map(|candidate| candidate.text)
        .take(TOLD)
        .collect()
}

/// The message whose fields may follow a path and a dot.
fn inner(target: &Resolved) -> Option<&'static Message> {
    match target.last().field.ty {
        Type::Message(message) if !target.last().is_many() => Some(message),
        _ => None,
    }
}

/// The last part of a path, and the message it is a field of.
struct Part<'a> {
    call: &'a Call<'a>,
    message: &'static Message,
    /// The path up to there, in the proto's names, with the dot after it.
    prefix: String,
}

impl Part<'_> {
    fn names(&self, typed: &str) -> Vec<Candidate> {
        let (mut fresh, mut set) = (Vec::new(), Vec::new());
        for named in field::matching(self.message, &self.call.dialect, typed) {
            let candidates = self.candidates(&named);
            match self.is_set(&named) {
                true => set.extend(candidates),
                false => fresh.extend(candidates),
            }
        }
        if self.prefix.is_empty() {
            fresh.extend(parameter::names(self.call, typed));
        }
        fresh.append(&mut set);
        if self.prefix.is_empty() && fresh.is_empty() {
            fresh.extend(parameter::kept(self.call, typed));
        }
        fresh
    }

    /// How a path goes on with this field.
    fn candidates(&self, named: &Named) -> Vec<Candidate> {
        let Named {
            name, field, doc, ..
        } = named;
        let open = |text: String| Candidate::open(text, doc.as_str());
        match (field.label, has_fields(field.ty)) {
            (Label::Map(_), _) => vec![open(format!("{name}["))],
            (Label::Repeated, true) => {
                let elements = 0..=self.elements(field);
                elements.map(|at| open(format!("{name}[{at}]."))).collect()
            }
            (Label::Singular | Label::Optional, true) => vec![open(format!("{name}."))],
            (_, false) => vec![open(format!("{name}="))],
        }
    }

    /// How many elements of a list the words before have named.
    fn elements(&self, field: &Field) -> usize {
        let list = format!("{}{}[", self.prefix, field.name);
        let named = self.set_paths().filter_map(|path| {
            let (index, _) = path.strip_prefix(&list)?.split_once(']')?;
            index.parse::<usize>().ok()?.checked_add(1)
        });
        // Of a long list the last element is near enough.
        named.max().unwrap_or(0).min(LISTED_ELEMENTS)
    }

    /// Whether a word before sets this field, which has room for one value.
    fn is_set(&self, named: &Named) -> bool {
        let is_one = matches!(named.field.label, Label::Singular | Label::Optional);
        let path = format!("{}{}", self.prefix, named.field.name);
        is_one && self.set_paths().any(|set| set == path)
    }

    /// The paths that the words before set, in the proto's names.
    fn set_paths(&self) -> impl Iterator<Item = String> {
        self.call.words.iter().filter_map(|word| match word {
            Word::Setter(setter) => {
                let path = paths::resolve(self.call.rpc.request, &self.call.dialect, &setter.path);
                Some(path.ok()?.to_string())
            }
            _ => None,
        })
    }

    /// Candidates for `name[key` at the end of the path.
    fn keys(&self, typed: &str, name: &str, key: &str) -> Option<Vec<Candidate>> {
        let named = field::matching(self.message, &self.call.dialect, name);
        let named = named.into_iter().find(|it| {
            lookup::field(self.message, name, &self.call.dialect).as_ref() == Ok(&it.index)
        })?;
        let keys: Vec<String> = match (named.field.label, key) {
            (Label::Repeated, "") => (0..=self.elements(named.field))
                .map(|at| at.to_string())
                .collect(),
            (Label::Map(Scalar::Bool), _) => ["true", "false"]
                .into_iter()
                .filter(|it| it.starts_with(key))
                .map(str::to_owned)
                .collect(),
            (Label::Repeated | Label::Map(_), key) if !key.is_empty() => vec![key.to_owned()],
            _ => Vec::new(),
        };
        let before = typed.strip_suffix(key)?;
        let texts = keys.into_iter().map(|key| format!("{before}{key}]"));
        let is_path =
            |text: &String| paths::resolve(self.message, &self.call.dialect, text).is_ok();
        Some(
            texts
                .filter(is_path)
                .map(|text| element(&text, named.field))
                .collect(),
        )
    }
}

/// At most this many elements of a list, and one to append, are offered.
const LISTED_ELEMENTS: usize = 16;

/// How a path goes on after an element of a field.
fn element(text: &str, field: &Field) -> Candidate {
    let follows = if has_fields(field.ty) { '.' } else { '=' };
    Candidate::open(format!("{text}{follows}"), field.ty.name())
}

/// Whether a path may go on into a value of this type.
fn has_fields(ty: Type) -> bool {
    match ty {
        Type::Message(message) => !message.fields.is_empty() && !has_special_form(message),
        Type::Scalar(_) | Type::Enum(_) => false,
    }
}
