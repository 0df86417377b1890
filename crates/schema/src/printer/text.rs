//! `text`: a message for reading. One line for each field, values in a column,
//! messages indented, elements and entries under the paths that a setter takes:
//!
//! ```text
//! mem_block_size_bytes: 134217728
//! agent_details:
//!   version:          "4.1.0"
//!   storage_handlers: ["blk", "9p"]
//! ```

use agent_text::escape::{self, is_unprintable};
use agent_text::hex;

use crate::json::string::JsonString;
use crate::json::{self, Style, WriteError};
use crate::place;
use crate::well_known::has_special_form;
use crate::{Label, List, Reflect, Schema, Type, Value};

/// A list of scalars on one line is at most this long.
const MAX_INLINE: usize = 80;
/// Values are aligned with those of longer names only up to here.
const MAX_ALIGNED: usize = 40;
/// Deeper messages are refused, as when they are written as JSON.
const MAX_DEPTH: usize = 2 * json::MAX_DEPTH;

pub(super) fn print(
    message: &dyn Reflect,
    schema: &'static Schema,
    emit_defaults: bool,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let layout = Layout {
        schema,
        emit_defaults,
    };
    match layout.leaf_message(message)? {
        Some(leaf) => {
            out.extend_from_slice(leaf.as_bytes());
            out.push(b'\n');
        }
        None => layout.message(message, 0, out)?,
    }
    Ok(())
}

/// A line of a field, or of an element or entry of one.
struct Line<'a> {
    label: String,
    content: Content<'a>,
}

enum Content<'a> {
    /// Goes on the line itself.
    Leaf(String),
    /// Text of several lines, as it is.
    Block(&'a str),
    /// Goes on the lines below.
    Message(&'a dyn Reflect),
}

struct Layout {
    schema: &'static Schema,
    emit_defaults: bool,
}

impl Layout {
    fn message(
        &self,
        message: &dyn Reflect,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if depth > MAX_DEPTH {
            return Err(WriteError::TooDeep);
        }
        let lines = self.lines(message)?;
        let width = lines
            .iter()
            .filter(|line| matches!(line.content, Content::Leaf(_)))
            .map(|line| line.label.chars().count())
            .filter(|width| *width <= MAX_ALIGNED)
            .max()
            .unwrap_or_default();
        for line in lines {
            pad(2 * depth, out);
            out.extend_from_slice(line.label.as_bytes());
            out.push(b':');
            match line.content {
                Content::Leaf(text) => {
                    pad(1 + width.saturating_sub(line.label.chars().count()), out);
                    out.extend_from_slice(text.as_bytes());
                    out.push(b'\n');
                }
                Content::Block(text) => write_block(text, depth + 1, out),
                Content::Message(message) => {
                    out.push(b'\n');
                    self.message(message, depth + 1, out)?;
                }
            }
        }
        Ok(())
    }

    fn lines<'a>(&self, message: &'a dyn Reflect) -> Result<Vec<Line<'a>>, WriteError> {
        let mut lines = Vec::new();
        for (index, field) in message.descriptor().fields.iter().enumerate() {
            let Some(value) = message.get(index) else {
                continue;
            };
            if !self.emit_defaults && !field.has_presence() && value.is_default() {
                continue;
            }
            match (field.label, value) {
                (Label::Repeated, Value::List(list)) => {
                    self.list(field.name, list, &field.ty, &mut lines)?;
                }
                (Label::Map(_), Value::Map(map)) if map.is_empty() => lines.push(Line {
                    label: field.name.to_owned(),
                    content: Content::Leaf("{}".to_owned()),
                }),
                (Label::Map(_), Value::Map(map)) => {
                    for (key, value) in map.entries() {
                        let mut label = field.name.to_owned();
                        place::push_key(&key, &mut label);
                        let content = self.content(value, &field.ty)?;
                        lines.push(Line { label, content });
                    }
                }
                (_, value) => lines.push(Line {
                    label: field.name.to_owned(),
                    content: self.content(value, &field.ty)?,
                }),
            }
        }
        Ok(lines)
    }

    /// A list: on one line if its elements are short, else a line for each.
    fn list<'a>(
        &self,
        name: &str,
        list: &'a dyn List,
        ty: &Type,
        lines: &mut Vec<Line<'a>>,
    ) -> Result<(), WriteError> {
        let elements = (0..list.len()).filter_map(|index| list.get(index));
        let contents: Vec<_> = elements
            .map(|element| self.content(element, ty))
            .collect::<Result<_, _>>()?;
        let mut inline = String::from("[");
        let is_short = contents.iter().all(|content| {
            let Content::Leaf(text) = content else {
                return false;
            };
            if inline.len() > 1 {
                inline.push_str(", ");
            }
            inline.push_str(text);
            inline.len() < MAX_INLINE
        });
        if is_short {
            inline.push(']');
            lines.push(Line {
                label: name.to_owned(),
                content: Content::Leaf(inline),
            });
            return Ok(());
        }
        for (index, content) in contents.into_iter().enumerate() {
            let mut label = name.to_owned();
            place::push_index(index, &mut label);
            lines.push(Line { label, content });
        }
        Ok(())
    }

    fn content<'a>(&self, value: Value<'a>, ty: &Type) -> Result<Content<'a>, WriteError> {
        Ok(match value {
            Value::String(text) => text_content(text),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if is_readable(text) => text_content(text),
                // The form in which a setter takes bytes that are not text.
                _ => Content::Leaf(format!("hex:{}", hex::digits(bytes))),
            },
            Value::Message(message) => match self.leaf_message(message)? {
                Some(leaf) => Content::Leaf(leaf),
                None => Content::Message(message),
            },
            Value::Enum(number) => Content::Leaf(match ty {
                Type::Enum(enumeration) => match enumeration.name_of(number) {
                    Some(name) => name.to_owned(),
                    None => number.to_string(),
                },
                Type::Scalar(_) | Type::Message(_) => number.to_string(),
            }),
            Value::Bool(value) => Content::Leaf(value.to_string()),
            Value::Int32(value) => Content::Leaf(value.to_string()),
            Value::Int64(value) => Content::Leaf(value.to_string()),
            Value::Uint32(value) => Content::Leaf(value.to_string()),
            Value::Uint64(value) => Content::Leaf(value.to_string()),
            Value::Float(value) => Content::Leaf(format!("{value:?}")),
            Value::Double(value) => Content::Leaf(format!("{value:?}")),
            // Neither lists nor maps hold lists or maps.
            Value::List(_) | Value::Map(_) => Content::Leaf(String::new()),
        })
    }

    /// The text of a message that fits on a line: one with a JSON form of its
    /// own, or one without anything to show.
    fn leaf_message(&self, message: &dyn Reflect) -> Result<Option<String>, WriteError> {
        if has_special_form(message.descriptor()) {
            let style = Style {
                pretty: false,
                emit_defaults: self.emit_defaults,
            };
            let mut out = Vec::new();
            json::write(message, self.schema, style, &mut out)?;
            return Ok(Some(String::from_utf8_lossy(&out).into_owned()));
        }
        let fields = message.descriptor().fields;
        let is_empty = fields.iter().enumerate().all(|(index, field)| {
            message.get(index).is_none_or(|value| {
                !self.emit_defaults && !field.has_presence() && value.is_default()
            })
        });
        Ok(is_empty.then(|| "{}".to_owned()))
    }
}

fn pad(width: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + width, b' ');
}

/// Whether bytes look as if they were meant as text.
fn is_readable(text: &str) -> bool {
    text.chars()
        .all(|c| matches!(c, '\n' | '\r' | '\t') || !is_unprintable(c))
}

fn text_content(text: &str) -> Content<'_> {
    if text.contains('\n') {
        Content::Block(text)
    } else {
        Content::Leaf(JsonString(text).to_string())
    }
}

/// Writes text of several lines below its label; `|-` says that the last line
/// has no end.
fn write_block(text: &str, depth: usize, out: &mut Vec<u8>) {
    let (mark, body) = match text.strip_suffix('\n') {
        Some(body) => (" |\n", body),
        None => (" |-\n", text),
    };
    out.extend_from_slice(mark.as_bytes());
    for line in body.split('\n') {
        if !line.is_empty() {
            pad(2 * depth, out);
            out.extend_from_slice(escape::lines(line).as_bytes());
        }
        out.push(b'\n');
    }
}
