//! Setters: the path before the `=`, part by part, and the value after it.

use super::{Call, Candidate, Found, file, json, parameter, place, value};
use crate::schema::json::has_special_form;
use crate::schema::path::{self, Resolved, setter_path};
use crate::schema::{Field, Label, Scalar, Type};

/// Completes the word of a setter.
pub(super) fn complete(call: &Call<'_>, word: &str) -> Found {
    let none = (word.len(), Vec::new());
    let Some(end) = setter_path(word) else {
        return match path::unfinished(word) {
            Some(part) => place::part(call, word, &part).unwrap_or(none),
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

fn setter_value(call: &Call<'_>, target: &Resolved, value: &str) -> Option<Found> {
    let last = target.last();
    let (owner, field, is_element) = (
        (last.message, last.index),
        last.field,
        last.element.is_some(),
    );
    let many = last.is_many();
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
