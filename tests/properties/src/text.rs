//! From the `text` output format back to the setters that make the message. It
//! reads what is printed without defaults, and text without control characters:
//! others are shown, not kept.

use kata_agent_ctl::schema::path;
use kata_agent_ctl::schema::{Label, Message, Plain, Scalar, Type};
use serde_json::Deserializer;

use crate::setters::{Pair, hex, literal};

/// What the values of a level below begin with.
const INDENT: usize = 2;

/// The setters for a printed message of this type. Messages of
/// `google.protobuf` must be fields, not the whole.
///
/// # Panics
/// When the text is not what a message is printed as.
pub fn setters(message: &'static Message, text: &str) -> Vec<Pair> {
    let mut setters = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    if text == "{}\n" {
        return setters;
    }
    while let Some(line) = lines.next() {
        let content = line.trim_start_matches(' ');
        open.truncate((line.len() - content.len()) / INDENT);
        let label = label_length(content);
        let (label, rest) = content.split_at(label);
        let dot = if open.is_empty() { "" } else { "." };
        let parent = open.last().map_or("", String::as_str);
        let path = format!("{parent}{dot}{label}");
        let rest = rest
            .strip_prefix(':')
            .unwrap_or_else(|| panic!("no colon: {line}"));
        match rest.trim_start() {
            "" => open.push(path),
            mark @ ("|" | "|-") => {
                let depth = INDENT * (open.len() + 1);
                let indent = " ".repeat(depth);
                let mut block = Vec::new();
                while let Some(line) =
                    lines.next_if(|line| line.is_empty() || line.starts_with(&indent))
                {
                    block.push(line.get(depth..).unwrap_or_default());
                }
                let end = if mark == "|" { "\n" } else { "" };
                let text = format!("{}{end}", block.join("\n"));
                setters.push(of_text(message, path, &text));
            }
            list if list.starts_with('[') && is_list(message, &path) => {
                for (index, element) in elements(list).into_iter().enumerate() {
                    setters.push(of_leaf(message, format!("{path}[{index}]"), element));
                }
            }
            leaf => setters.push(of_leaf(message, path, leaf)),
        }
    }
    setters
}

/// Where the path ends that a line begins with.
fn label_length(line: &str) -> usize {
    let mut at = 0;
    while let Some(c) = line[at..].chars().next().filter(|c| *c != ':') {
        at += match c {
            '"' => value_length(&line[at..]),
            other => other.len_utf8(),
        };
    }
    at
}

/// The length of the JSON value that a text begins with.
fn value_length(text: &str) -> usize {
    let mut values = Deserializer::from_str(text).into_iter::<serde_json::Value>();
    assert!(matches!(values.next(), Some(Ok(_))), "no JSON: {text}");
    values.byte_offset()
}

/// The elements of a list on one line.
fn elements(list: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let mut rest = list.strip_prefix('[').unwrap_or_default();
    while !rest.starts_with(']') {
        let length = match rest.starts_with(['"', '{', '[']) {
            true => value_length(rest),
            false => rest.find([',', ']']).unwrap_or(rest.len()),
        };
        let (element, after) = rest.split_at(length);
        elements.push(element);
        rest = after.strip_prefix(", ").unwrap_or(after);
        assert!(!rest.is_empty(), "not closed: {list}");
    }
    elements
}

fn is_list(message: &'static Message, path: &str) -> bool {
    let path = path::resolve(message, &Plain, path).unwrap_or_else(|error| panic!("{error}"));
    path.last().is_many() && path.last().field.label == Label::Repeated
}

fn type_at(message: &'static Message, path: &str) -> Type {
    let path = path::resolve(message, &Plain, path).unwrap_or_else(|error| panic!("{error}"));
    path.last().field.ty
}

fn of_leaf(message: &'static Message, path: String, leaf: &str) -> Pair {
    let plain = || match leaf.starts_with('"') {
        true => serde_json::from_str(leaf).unwrap_or_else(|error| panic!("{leaf}: {error}")),
        false => leaf.to_owned(),
    };
    match type_at(message, &path) {
        Type::Scalar(Scalar::String | Scalar::Bytes) if leaf.starts_with('"') => {
            of_text(message, path, &plain())
        }
        Type::Message(inner) => match inner.full_name {
            "google.protobuf.Value" if leaf == "null" => {
                (format!("{path}.null_value"), "NULL_VALUE".to_owned())
            }
            "google.protobuf.Value" => (path, leaf.to_owned()),
            // As a setter of the whole, `null` would clear it.
            "google.protobuf.StringValue" => (format!("{path}.value"), literal(&plain())),
            "google.protobuf.BytesValue" => (path, format!("base64:{}", plain())),
            _ => (path, plain()),
        },
        Type::Scalar(_) | Type::Enum(_) => (path, leaf.to_owned()),
    }
}

fn of_text(message: &'static Message, path: String, text: &str) -> Pair {
    let value = match type_at(message, &path) {
        Type::Scalar(Scalar::Bytes) => hex(text.as_bytes()),
        _ => literal(text),
    };
    (path, value)
}
