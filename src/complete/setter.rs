//! Setters: the path before the `=`, part by part, and the value after it.

use super::field::{self, Named};
use super::value::{self, Owner};
use super::{Call, Candidate, Found, file, json, parameter};
use crate::auto;
use crate::command::Word;
use crate::schema::json::has_special_form;
use crate::schema::path::{self, Brackets, Resolved, Step, setter_path};
use crate::schema::{Field, Label, Message, Scalar, Type};

/// Completes the word of a setter.
pub fn complete(call: &Call<'_>, word: &str) -> Found {
    let none = (word.len(), Vec::new());
    let Some(end) = setter_path(word) else {
        return match path::unfinished(word) {
            Some(part) => path_part(call, word, &part).unwrap_or(none),
            None => none,
        };
    };
    let (Some(path), Some(value)) = (word.get(..end), word.get(end + 1..)) else {
        return none;
    };
    let found = match path::resolve(call.rpc.request, &call.dialect, path) {
        Ok(target) => setter_value(call, &target, value),
        Err(_) => parameter::value(call, path, value),
    };
    match found {
        Some((offset, candidates)) => (end + 1 + offset, candidates),
        None => none,
    }
}

/// The field that a path ends at or in, and whether it ends at one of its elements.
fn last_field(target: &Resolved) -> Option<(Owner, &'static Field, bool)> {
    let mut is_element = false;
    for step in target.steps().iter().rev() {
        match step {
            Step::Field {
                message,
                index,
                field,
            } => return Some(((*message, *index), *field, is_element)),
            Step::Index(_) | Step::Key(_) => is_element = true,
        }
    }
    None
}

fn setter_value(call: &Call<'_>, target: &Resolved, value: &str) -> Option<Found> {
    let (owner, field, is_element) = last_field(target)?;
    let many = !is_element && matches!(field.label, Label::Repeated | Label::Map(_));
    if value.starts_with(['{', '[']) {
        let shape = match is_element {
            true => json::Shape::Value(field.ty, None),
            false => json::Shape::of_setter(owner, value),
        };
        return Some(json::complete(call, shape, value));
    }
    let is_text = matches!(field.ty, Type::Scalar(Scalar::String | Scalar::Bytes));
    if let Some(path) = value.strip_prefix('@')
        && is_text
        && !matches!(field.label, Label::Map(_) if !is_element)
    {
        let (offset, candidates) = file::complete(path);
        return Some((1 + offset, candidates));
    }
    if matches!(field.label, Label::Map(_)) && !is_element {
        return Some((0, json_begin(field, value)));
    }
    let owner = (!many && !is_element).then_some(owner);
    let mut found = value::words(field.ty, owner, &call.dialect, value);
    if matches!(field.ty, Type::Scalar(Scalar::Bytes)) {
        let forms = [("hex:", "bytes in hex"), ("base64:", "bytes in base64")];
        let begun = forms.iter().filter(|(form, _)| form.starts_with(value));
        found.extend(begun.map(|(form, doc)| Candidate::open(*form, *doc)));
    }
    if found.is_empty() {
        found = json_begin(field, value);
    }
    Some((0, found))
}

fn json_begin(field: &Field, typed: &str) -> Vec<Candidate> {
    let begin = value::json_begin(field).filter(|_| typed.is_empty());
    let is_special = matches!(field.ty, Type::Message(message) if has_special_form(message));
    let begin = begin.filter(|_| !is_special);
    begin
        .map(|begin| Candidate::open(begin, "JSON"))
        .into_iter()
        .collect()
}

/// Candidates for the last part of a path.
fn path_part(call: &Call<'_>, word: &str, part: &path::Unfinished<'_>) -> Option<Found> {
    let before = word.get(..part.start)?;
    let (message, prefix) = match before.strip_suffix('.') {
        None => (call.rpc.request, String::new()),
        Some(before) => {
            let target = path::resolve(call.rpc.request, &call.dialect, before).ok()?;
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
        Brackets::Open(key) => context.keys(word.get(part.start..)?, part.name, key)?,
        Brackets::Closed => {
            let (_, field, _) =
                last_field(&path::resolve(message, &call.dialect, word.get(part.start..)?).ok()?)?;
            vec![element(word.get(part.start..)?, field)]
        }
    };
    Some((part.start, candidates))
}

/// How many fields are told of at once.
const TOLD: usize = 3;

/// The first fields that a call may lack: those with one value that no word sets
/// and nothing fills. None after a document, which may have them.
pub fn missing(call: &Call<'_>) -> Vec<String> {
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
    let (_, field, is_element) = last_field(target)?;
    let many = matches!(field.label, Label::Repeated | Label::Map(_));
    match field.ty {
        Type::Message(message) if is_element == many => Some(message),
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
                let path = path::resolve(self.call.rpc.request, &self.call.dialect, &setter.path);
                Some(path.ok()?.to_string())
            }
            _ => None,
        })
    }

    /// Candidates for `name[key` at the end of the path.
    fn keys(&self, typed: &str, name: &str, key: &str) -> Option<Vec<Candidate>> {
        let named = field::matching(self.message, &self.call.dialect, name);
        let named = named.into_iter().find(|it| {
            crate::schema::lookup::field(self.message, name, &self.call.dialect).as_ref()
                == Ok(&it.index)
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
        let is_path = |text: &String| path::resolve(self.message, &self.call.dialect, text).is_ok();
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
