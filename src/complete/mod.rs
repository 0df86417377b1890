//! What may follow the text of a command that ends at the cursor: names of
//! commands, fields, values and files, found in the table. How candidates are
//! shown or typed in is not known here; of a shell or a terminal nothing either.

mod field;
mod file;
mod form;
mod json;
mod name;
mod parameter;
mod place;
mod setter;
#[cfg(test)]
mod tests;
mod text;
mod usage;
mod value;

pub use file::entries as files;
pub use form::forms;
pub use usage::usage;

use crate::builtin::BuiltIn;
use crate::command::{self, Typed, Word};
use crate::request::RequestDialect;
use crate::schema::{Rpc, Schema, lookup};

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
        Self {
            text: text.into(),
            doc: doc.into(),
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

/// What may stand at the end of `text`, a command up to the cursor. Files are
/// looked for where a file is named.
pub fn complete(schema: &'static Schema, text: &str) -> Completion {
    let (name, end) = command::name(text);
    if end == text.len() {
        return Completion {
            start: end - name.len(),
            candidates: name::commands(schema, name),
        };
    }
    let typed = command::typed(text, end);
    let Some(start) = typed.start else {
        return Completion {
            start: text.len(),
            candidates: Vec::new(),
        };
    };
    let word = text.get(start..).unwrap_or_default();
    let (offset, candidates) = match BuiltIn::find(name) {
        Some(built_in) if built_in.takes_name && typed.words.is_empty() => {
            (0, name::items(schema, word))
        }
        Some(_) => (word.len(), Vec::new()),
        None => match lookup::rpc(schema, name) {
            Ok(rpc) => argument(&Call::new(rpc, &typed), word),
            Err(_) => (word.len(), Vec::new()),
        },
    };
    Completion {
        start: start + offset,
        candidates,
    }
}

/// The RPCs, services, messages and enums that may stand for `typed`.
pub fn names(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    name::items(schema, typed)
}

/// Candidates, and how many bytes of the word stand before what they replace.
type Found = (usize, Vec<Candidate>);

/// The call that is being typed.
struct Call<'a> {
    rpc: &'static Rpc,
    dialect: RequestDialect,
    /// The words before the one at the cursor.
    words: &'a [Word],
}

impl<'a> Call<'a> {
    fn new(rpc: &'static Rpc, typed: &'a Typed) -> Self {
        Self {
            rpc,
            dialect: RequestDialect::new(rpc),
            words: &typed.words,
        }
    }
}

fn argument(call: &Call<'_>, word: &str) -> Found {
    let within = |(offset, candidates): Found, before: usize| (before + offset, candidates);
    if let Some(document) = word.strip_prefix(command::JSON) {
        let root = json::Shape::Message(call.rpc.request);
        return within(json::complete(call, root, document), command::JSON.len());
    }
    if let Some(path) = word.strip_prefix(command::FILE) {
        return within(file::complete(path), command::FILE.len());
    }
    let (offset, mut candidates) = setter::complete(call, word);
    if call.words.is_empty() && offset == 0 {
        candidates.extend(documents(word));
    }
    (offset, candidates)
}

/// The beginnings of a document, which is the first word if there is one.
fn documents(word: &str) -> impl Iterator<Item = Candidate> {
    let rows = [
        (command::JSON, "the request as JSON"),
        (command::FILE, "the request from a file of JSON"),
    ];
    let begins = move |(text, _): &(&str, &str)| text.starts_with(word);
    let rows: Vec<_> = rows.into_iter().filter(begins).collect();
    rows.into_iter()
        .map(|(text, doc)| Candidate::open(text, doc))
}
