//! Values of setters: names, files and JSON, and the beginnings of those that nobody can list.

use super::words::words;
use super::{Call, Candidate, Found, file, json};
use agent_request::conveniences;
use agent_schema::command::FILE;
use agent_schema::json::has_special_form;
use agent_schema::path::{self, Resolved};
use agent_schema::{Label, Scalar, Type};

/// How a parameter says that its value is, or may be, a file on this machine.
const FILES: [&str; 5] = ["FILE", "FOLDER", "LOCAL", "PATH", "REF"];

/// Completes the value of the setter with this path.
pub(super) fn complete(call: &Call<'_>, path: &str, typed: &str) -> Option<Found> {
    match path::resolve(call.rpc.request, &call.dialect, path) {
        Ok(target) => of_field(call, &target, typed),
        Err(_) => of_parameter(call, path, typed),
    }
}

fn of_field(call: &Call<'_>, target: &Resolved, typed: &str) -> Option<Found> {
    let last = target.last();
    let (owner, field) = ((last.message, last.index), last.field);
    let is_element = last.element.is_some();
    let is_map = matches!(field.label, Label::Map(_)) && !is_element;
    if typed.starts_with(['{', '[']) {
        let shape = match is_element {
            true => json::Shape::Value(field.ty, None),
            false => json::Shape::of_setter(owner, typed),
        };
        return Some(json::complete(call, shape, typed));
    }
    let is_text = matches!(field.ty, Type::Scalar(Scalar::String | Scalar::Bytes)) && !is_map;
    if let Some(path) = typed.strip_prefix('@').filter(|_| is_text) {
        let (offset, candidates) = file::complete(path);
        return Some((1 + offset, candidates));
    }
    let mut found = Vec::new();
    if !is_map {
        let owner = (!last.is_many() && !is_element).then_some(owner);
        found = words(field.ty, owner, &call.dialect, typed);
        if matches!(field.ty, Type::Scalar(Scalar::Bytes)) {
            let forms = [("hex:", "bytes in hex"), ("base64:", "bytes in base64")];
            let begun = forms
                .into_iter()
                .filter(|(form, _)| form.starts_with(typed));
            found.extend(begun.map(|(form, doc)| Candidate::open(form, doc)));
        }
    }
    if found.is_empty() && typed.is_empty() {
        let begin = match (field.label, field.ty) {
            (_, Type::Message(message)) if has_special_form(message) => None,
            (Label::Map(_), _) | (_, Type::Message(_)) => Some("{\""),
            (Label::Repeated, _) => Some("["),
            (Label::Singular | Label::Optional, _) => None,
        };
        found.extend(begin.map(|begin| Candidate::open(begin, "JSON")));
    }
    Some((0, found))
}

/// Completes the value of the parameter called `name`, if there is one.
fn of_parameter(call: &Call<'_>, name: &str, typed: &str) -> Option<Found> {
    let parameter = conveniences::parameters(call.rpc).find(|it| it.name == name)?;
    let choices: Vec<_> = parameter
        .value
        .split('|')
        .filter(|choice| choice.chars().all(|letter| letter.is_ascii_lowercase()))
        .filter(|choice| choice.starts_with(typed))
        .map(|choice| Candidate::last(choice, ""))
        .collect();
    if !choices.is_empty() {
        return Some((0, choices));
    }
    if let Some(path) = typed.strip_prefix(FILE) {
        let (offset, found) = file::complete(path);
        return Some((FILE.len() + offset, found));
    }
    FILES
        .contains(&parameter.value)
        .then(|| file::complete(typed))
}

/// How the value of the field at `path` may begin where nothing is typed of it.
pub(super) fn beginnings(call: &Call<'_>, path: &str) -> Vec<Candidate> {
    let Ok(target) = path::resolve(call.rpc.request, &call.dialect, path) else {
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
