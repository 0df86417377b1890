//! Paths of setters that are still being typed, part by part: the fields of
//! messages, the words that are not fields, and what a call still lacks.

use super::{Call, Candidate, Found, begins, first_sentence};
use agent_request::{auto, conveniences};
use agent_schema::command::Word;
use agent_schema::describe::Parameter;
use agent_schema::json::has_special_form;
use agent_schema::path::{self as paths, Brackets};
use agent_schema::{Dialect, Field, Label, Message, Scalar, Type, lookup};

/// At most this many elements of a list, and one to append, are offered.
const LISTED_ELEMENTS: usize = 16;

/// How many fields are told of at once.
const TOLD: usize = 3;

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
pub(super) fn fields(message: &'static Message, dialect: &dyn Dialect, typed: &str) -> Vec<Named> {
    let own = message
        .fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let names = [field.name, field.json_name];
            Some((names.into_iter().find(|name| begins(name, typed))?, index))
        });
    let extra = dialect.names(message).into_iter();
    let extra = extra.filter(|(name, _)| !typed.is_empty() && begins(name, typed));
    own.chain(extra)
        // A name may stand for a field of exactly this name before it stands for this one.
        .filter(|(name, index)| lookup::field(message, name, dialect).as_ref() == Ok(index))
        .filter_map(|(name, index)| {
            let field = message.fields.get(index)?;
            let ty = field.declared_type();
            let doc = match first_sentence(field.doc) {
                sentence if sentence.is_empty() => ty,
                sentence => format!("{ty}: {sentence}"),
            };
            Some(Named {
                name,
                index,
                field,
                doc,
            })
        })
        .collect()
}

/// Candidates for the last part of the path that `word` is.
pub(super) fn part(call: &Call<'_>, word: &str) -> Option<Found> {
    let part = paths::unfinished(word)?;
    let (before, typed) = word.split_at_checked(part.start)?;
    let (message, prefix) = match before.strip_suffix('.') {
        None => (call.rpc.request, String::new()),
        Some(before) => {
            let target = paths::resolve(call.rpc.request, &call.dialect, before).ok()?;
            match target.last().field.ty {
                Type::Message(message) if !target.last().is_many() => {
                    (message, format!("{target}."))
                }
                _ => return None,
            }
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
        auto::ROWS
            .iter()
            .any(|row| row.index_in(call.rpc) == Some(index))
    };
    fields(call.rpc.request, &call.dialect, "")
        .into_iter()
        .filter(|named| named.field.label == Label::Singular && named.field.oneof.is_none())
        .filter(|named| !is_filled(named.index) && !part.is_set(named))
        .flat_map(|named| part.candidates(&named))
        .map(|candidate| candidate.text)
        .take(TOLD)
        .collect()
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
        for named in fields(self.message, &self.call.dialect, typed) {
            match self.is_set(&named) {
                true => set.extend(self.candidates(&named)),
                false => fresh.extend(self.candidates(&named)),
            }
        }
        if self.prefix.is_empty() {
            fresh.extend(parameters(self.call, typed));
        }
        fresh.append(&mut set);
        if self.prefix.is_empty() && fresh.is_empty() {
            fresh.extend(kept(self.call, typed));
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
        let index = lookup::field(self.message, name, &self.call.dialect).ok()?;
        let field = self.message.fields.get(index)?;
        let keys: Vec<String> = match (field.label, key) {
            (Label::Repeated, "") => (0..=self.elements(field))
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
                .map(|text| element(&text, field))
                .collect(),
        )
    }
}

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

/// The parameters that begin with `typed`, those that are set already last.
pub(super) fn parameters(call: &Call<'_>, typed: &str) -> Vec<Candidate> {
    let is_set = |it: &&Parameter| {
        let sets = |word: &Word| matches!(word, Word::Setter(setter) if setter.path == it.name);
        call.words.iter().any(sets)
    };
    let parameters = conveniences::parameters(call.rpc).filter(|it| begins(it.name, typed));
    let (set, mut found): (Vec<_>, Vec<_>) = parameters.partition(is_set);
    found.extend(set);
    let candidate = |it: &Parameter| {
        Candidate::open(format!("{}=", it.name), format!("{}: {}", it.value, it.doc))
    };
    found.into_iter().map(candidate).collect()
}

/// The aliases that begin with `typed` and whose fields the request lacks: their
/// values are kept for later commands.
fn kept(call: &Call<'_>, typed: &str) -> impl Iterator<Item = Candidate> {
    let rows = auto::ROWS.iter();
    let lacking = rows.filter(|row| row.is_for(call.rpc) && row.named_in(call.rpc).is_none());
    let aliases = lacking.flat_map(|row| row.aliases.iter().map(move |alias| (row, alias)));
    let begun = aliases.filter(move |(_, alias)| begins(alias, typed));
    begun.map(|(row, alias)| {
        Candidate::open(
            format!("{alias}="),
            format!("{} of later commands", row.field),
        )
    })
}
