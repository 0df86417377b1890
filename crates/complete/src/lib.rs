//! What may follow the text of a command that ends at the cursor: names of
//! commands, fields, values and files, found in the table. Whoever asks shows them, or types
//! them in.

#![forbid(unsafe_code)]

mod file;
mod json;
mod name;
mod path;
#[cfg(test)]
mod tests;
mod value;
mod words;

pub use file::entries as files;
pub use name::{items as names, services};

use agent_examples as examples;
use agent_request::RequestDialect;
use agent_schema::command::{self, FILE, JSON, Typed, Word};
use agent_schema::path::{Brackets, setter_path, unfinished};
use agent_schema::printer::Format;
use agent_schema::{Plain, Rpc, Scalar, Schema, Type, describe, lookup};
use agent_session::builtin::{self, BuiltIn, Takes};
use agent_text::escape;

/// What may stand at the end of a command's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where the part begins that a candidate replaces, in bytes; it ends at the cursor.
    pub start: usize,
    /// The candidates, those that are set already at the end.
    pub candidates: Vec<Candidate>,
}

/// One text that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text, as a command has it.
    pub text: String,
    /// One line on what it is; may be empty.
    pub doc: String,
    /// Whether the word goes on after it, so that no space may follow.
    pub continues: bool,
}

impl Candidate {
    /// A candidate that ends its word.
    pub fn last(text: impl Into<String>, doc: impl Into<String>) -> Self {
        let (text, doc) = (text.into(), doc.into());
        Self {
            text,
            doc,
            continues: false,
        }
    }

    /// A candidate after which its word goes on.
    pub fn open(text: impl Into<String>, doc: impl Into<String>) -> Self {
        Self {
            continues: true,
            ..Self::last(text, doc)
        }
    }
}

/// Candidates, and how many bytes of the word stand before what they replace.
type Found = (usize, Vec<Candidate>);

/// The call that is being typed.
struct Call<'a> {
    rpc: &'static Rpc,
    dialect: RequestDialect<'static>,
    /// The words before the one at the cursor.
    words: &'a [Word],
}

impl<'a> Call<'a> {
    fn new(schema: &'static Schema, rpc: &'static Rpc, typed: &'a Typed) -> Self {
        Self {
            rpc,
            dialect: RequestDialect::of(schema, rpc),
            words: &typed.words,
        }
    }
}

/// What may stand at the end of `text`, a command up to the cursor. Files are
/// looked for where a file is named.
pub fn complete(schema: &'static Schema, text: &str) -> Completion {
    let (name, end) = command::name(text);
    if end == text.len() {
        let candidates = name::commands(schema, name);
        return Completion {
            start: end - name.len(),
            candidates,
        };
    }
    let typed = command::typed(text, end);
    let start = typed.start.unwrap_or(text.len());
    let word = text.get(start..).unwrap_or_default();
    let found = match (BuiltIn::find(name), lookup::rpc(schema, name)) {
        _ if typed.start.is_none() => None,
        (Some(built_in), _) => word_of(schema, built_in.takes, &typed, word),
        (None, Ok(rpc)) => argument(&Call::new(schema, rpc, &typed), word),
        _ => None,
    };
    let (offset, candidates) = found.unwrap_or((word.len(), Vec::new()));
    Completion {
        start: start + offset,
        candidates,
    }
}

/// Completes a word of a built-in command.
fn word_of(schema: &'static Schema, takes: Takes, typed: &Typed, word: &str) -> Option<Found> {
    let candidates = match (takes, typed.words.as_slice()) {
        (Takes::Item, []) => name::items(schema, word),
        (Takes::Request, []) => requests(schema, word),
        (Takes::Service, []) => services(schema, word),
        (Takes::Topic, []) => topics(schema, word),
        (Takes::Option, []) => {
            let options = builtin::OPTIONS.into_iter();
            let begun = options.filter(|(name, _)| name.starts_with(word));
            begun
                .map(|(name, value)| Candidate::last(name, value))
                .collect()
        }
        (Takes::Option, [Word::Plain(option)]) => match option.as_str() {
            "output" => {
                let names = Format::ALL.into_iter().map(|format| format.name());
                let begun = names.filter(|name| name.starts_with(word));
                begun.map(|name| Candidate::last(name, "")).collect()
            }
            "bundle-dir" => return Some(file::complete(word)),
            "no-auto-values" => words::words(Type::Scalar(Scalar::Bool), None, &Plain, word),
            _ => return None,
        },
        _ => return None,
    };
    Some((0, candidates))
}

/// The RPCs and messages that may stand for `typed`.
pub fn requests(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let mut names = name::items(schema, typed);
    names.retain(|it| lookup::request(schema, &it.text).is_ok());
    names
}

/// The topics of the examples that begin with `typed`.
pub fn topics(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let begun = examples::topics(schema).filter(|topic| topic.name.starts_with(typed));
    begun
        .map(|topic| Candidate::last(topic.name, topic.title))
        .collect()
}

/// Completes a word of a call: a document or a setter.
fn argument(call: &Call<'_>, word: &str) -> Option<Found> {
    let within = |before: usize, (offset, found): Found| Some((before + offset, found));
    if let Some(document) = word.strip_prefix(JSON) {
        let root = json::Shape::Message(call.rpc.request);
        return within(JSON.len(), json::complete(call, root, document));
    }
    if let Some(path) = word.strip_prefix(FILE) {
        return within(FILE.len(), file::complete(path));
    }
    if let Some(end) = setter_path(word) {
        let (path, value) = (word.get(..end)?, word.get(end + 1..)?);
        return within(end + 1, value::complete(call, path, value)?);
    }
    let (offset, mut found) = path::part(call, word).unwrap_or((word.len(), Vec::new()));
    if call.words.is_empty() && offset == 0 {
        // A document is the first word if there is one.
        let rows = [
            (JSON, "the request as JSON"),
            (FILE, "the request from a file of JSON"),
        ];
        let begun = rows.into_iter().filter(|(text, _)| text.starts_with(word));
        found.extend(begun.map(|(text, doc)| Candidate::open(text, doc)));
    }
    Some((offset, found))
}

/// The beginnings of what may follow `text` where nobody can name what follows. For
/// a shell that must not take a word for complete.
pub fn beginnings(schema: &'static Schema, text: &str) -> Vec<Candidate> {
    let (name, end) = command::name(text);
    let typed = command::typed(text, end);
    let word = typed.start.and_then(|start| text.get(start..));
    let (Some(word), Ok(rpc)) = (word, lookup::rpc(schema, name)) else {
        return Vec::new();
    };
    if let Some(document) = word.strip_prefix(JSON) {
        return json::after_value(document);
    }
    let Some(end) = setter_path(word) else {
        return match unfinished(word).map(|part| part.brackets) {
            Some(Brackets::Open("")) => vec![Candidate::open("\"", "a key in quotes")],
            _ => Vec::new(),
        };
    };
    let (path, value) = (word.get(..end), word.get(end + 1..));
    match (path.unwrap_or_default(), value.unwrap_or_default()) {
        (path, "") => value::beginnings(&Call::new(schema, rpc, &typed), path),
        (_, value) if value.starts_with(['{', '[']) => json::after_value(value),
        _ => Vec::new(),
    }
}

/// What `text`, the beginning of a command, still takes, in a few words: the word of
/// a built-in, or fields of a request that nothing fills. Nothing within a word.
pub fn usage(schema: &'static Schema, text: &str) -> Option<String> {
    let (name, end) = command::name(text);
    let typed = command::typed(text, end);
    if typed.open.is_some() || (end < text.len() && typed.start != Some(text.len())) {
        return None;
    }
    let usage = match BuiltIn::find(name) {
        Some(built_in) if typed.words.is_empty() => {
            let usage = built_in.usage.strip_prefix(name).unwrap_or_default();
            usage.trim_start().to_owned()
        }
        Some(_) => return None,
        None => {
            path::missing(&Call::new(schema, lookup::rpc(schema, name).ok()?, &typed)).join(" ")
        }
    };
    let space = if end == text.len() { " " } else { "" };
    (!usage.is_empty()).then(|| format!("{space}{usage}"))
}

/// Whether `name` begins with `typed` in any case.
fn begins(name: &str, typed: &str) -> bool {
    let begin = name.as_bytes().get(..typed.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(typed.as_bytes()))
}

/// The first sentence of a doc comment, on one line and fit to be shown.
fn first_sentence(doc: &str) -> String {
    escape::line(&describe::first_sentence(doc)).into_owned()
}
