//! How a text goes on where nobody can name what follows: the beginnings that a
//! path or a value may have. For a shell that must not take a word for complete.

use super::{Call, Candidate, json};
use crate::command;
use crate::request::RequestDialect;
use crate::schema::path::{self, Brackets};
use crate::schema::{Label, Scalar, Schema, Type, lookup};

/// The beginnings of what may follow `text`, the beginning of a command.
pub fn forms(schema: &'static Schema, text: &str) -> Vec<Candidate> {
    let (name, end) = command::name(text);
    let typed = command::typed(text, end);
    let word = typed.start.and_then(|start| text.get(start..));
    match (word, lookup::rpc(schema, name)) {
        (Some(word), Ok(rpc)) => of_word(&Call::new(rpc, &typed), word),
        _ => Vec::new(),
    }
}

fn of_word(call: &Call<'_>, word: &str) -> Vec<Candidate> {
    if let Some(document) = word.strip_prefix(command::JSON) {
        return json::after_value(document);
    }
    let Some(end) = path::setter_path(word) else {
        let brackets = path::unfinished(word).map(|part| part.brackets);
        return match brackets {
            Some(Brackets::Open("")) => vec![Candidate::open("\"", "a key in quotes")],
            _ => Vec::new(),
        };
    };
    let (Some(path), Some(value)) = (word.get(..end), word.get(end + 1..)) else {
        return Vec::new();
    };
    if value.starts_with(['{', '[']) {
        return json::after_value(value);
    }
    match value {
        "" => of_value(call, path),
        _ => Vec::new(),
    }
}

/// How the value of the field at `path` may begin.
fn of_value(call: &Call<'_>, path: &str) -> Vec<Candidate> {
    let dialect = RequestDialect::new(call.rpc);
    let Ok(target) = path::resolve(call.rpc.request, &dialect, path) else {
        return Vec::new();
    };
    let last = target.last();
    match last.field.ty {
        _ if last.is_many() && matches!(last.field.label, Label::Map(_)) => Vec::new(),
        Type::Scalar(Scalar::String | Scalar::Bytes) => {
            vec![Candidate::open("@", "from a file")]
        }
        Type::Scalar(Scalar::Bool | Scalar::Double | Scalar::Float) => Vec::new(),
        Type::Scalar(_) => vec![Candidate::open("0x", "a number in hexadecimal")],
        Type::Enum(_) | Type::Message(_) => Vec::new(),
    }
}
