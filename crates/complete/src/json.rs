//! Field names and values inside JSON that is still being typed, by what the
//! objects and arrays around the cursor hold.

use super::words::{Owner, words};
use super::{Call, Candidate, Found, path};
use agent_schema::json::has_special_form;
use agent_schema::{Label, Message, Scalar, Type, lookup};

/// What a place in JSON holds.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// An object of this message's fields.
    Message(&'static Message),
    /// An array with elements of this type.
    List(Type),
    /// An object with any keys and values of this type.
    Map(Type),
    /// One value, of this field if it is a field's.
    Value(Type, Option<Owner>),
}

impl Shape {
    /// What a field holds.
    fn of_field(owner: Owner) -> Option<Shape> {
        let (message, index) = owner;
        let field = message.fields.get(index)?;
        Some(match field.label {
            Label::Singular | Label::Optional => Shape::Value(field.ty, Some(owner)),
            Label::Repeated => Shape::List(field.ty),
            Label::Map(_) => Shape::Map(field.ty),
        })
    }

    /// What the value of a setter on this field holds: an object for a list is
    /// one element to append.
    pub(super) fn of_setter(owner: Owner, value: &str) -> Shape {
        match Shape::of_field(owner) {
            Some(Shape::List(ty)) if value.starts_with('{') => Shape::Value(ty, None),
            Some(shape) => shape,
            None => Shape::Message(owner.0),
        }
    }

    /// The message whose fields are the keys of an object here.
    fn message(self) -> Option<&'static Message> {
        let message = match self {
            Shape::Message(message) | Shape::Value(Type::Message(message), _) => message,
            Shape::List(_) | Shape::Map(_) | Shape::Value(..) => return None,
        };
        (!has_special_form(message)).then_some(message)
    }

    /// What the value in `frame` holds, which is an object or array of this shape.
    fn within(self, call: &Call<'_>, frame: &Frame) -> Option<Shape> {
        match (self, &frame.key) {
            (Shape::List(ty), None) if frame.is_list => Some(Shape::Value(ty, None)),
            (Shape::Map(ty), Some(_)) => Some(Shape::Value(ty, None)),
            (shape, Some(key)) => {
                let message = shape.message()?;
                let index = lookup::field(message, key, &call.dialect).ok()?;
                Shape::of_field((message, index))
            }
            _ => None,
        }
    }
}

/// Completes the JSON text of a place with this shape.
pub(super) fn complete(call: &Call<'_>, shape: Shape, text: &str) -> Found {
    let none = (text.len(), Vec::new());
    let Some(cursor) = Cursor::find(text) else {
        return none;
    };
    let mut shape = shape;
    let (outer, last) = match cursor.place {
        Place::Key => match cursor.frames.split_last() {
            Some((last, outer)) => (outer, Some(last)),
            None => return none,
        },
        Place::Value => (cursor.frames.as_slice(), None),
    };
    for frame in outer {
        match shape.within(call, frame) {
            Some(inner) => shape = inner,
            None => return none,
        }
    }
    let candidates = match last {
        Some(frame) => keys(call, shape, frame, &cursor.typed),
        None => values(call, shape, &cursor),
    };
    (cursor.start, candidates)
}

fn keys(call: &Call<'_>, shape: Shape, frame: &Frame, typed: &str) -> Vec<Candidate> {
    let Some(message) = shape.message() else {
        return Vec::new();
    };
    let index = |key: &String| lookup::field(message, key, &call.dialect).ok();
    let given: Vec<usize> = frame.given.iter().filter_map(index).collect();
    let fields = path::fields(message, &call.dialect, typed).into_iter();
    // A key that is there twice is a mistake.
    let fresh = fields.filter(|named| !given.contains(&named.index));
    let mut found: Vec<_> = fresh
        .map(|named| Candidate::open(format!("\"{}\":", named.name), named.doc))
        .collect();
    if std::ptr::eq(message, call.rpc.request) {
        let parameters = path::parameters(call, typed).into_iter();
        found.extend(parameters.filter_map(|it| {
            let name = it.text.strip_suffix('=')?;
            let is_given = frame.given.iter().any(|given| given == name);
            (!is_given).then(|| Candidate::open(format!("\"{name}\":"), it.doc))
        }));
    }
    found
}

fn values(call: &Call<'_>, shape: Shape, cursor: &Cursor) -> Vec<Candidate> {
    let begin = |text| match cursor.typed.is_empty() && !cursor.is_quoted {
        true => vec![Candidate::open(text, "")],
        false => Vec::new(),
    };
    match shape {
        Shape::Message(_) | Shape::Map(_) => begin("{\""),
        Shape::Value(Type::Message(_), _) => match shape.message() {
            Some(_) => begin("{\""),
            None => Vec::new(),
        },
        Shape::List(_) => begin("["),
        Shape::Value(ty, owner) => {
            let words = words(ty, owner, &call.dialect, &cursor.typed).into_iter();
            let is_name = !matches!(ty, Type::Scalar(Scalar::Bool));
            let found: Vec<_> = words
                .filter(|_| is_name || !cursor.is_quoted)
                .map(|word| Candidate {
                    text: match is_name {
                        true => format!("\"{}\"", word.text),
                        false => word.text,
                    },
                    continues: true,
                    ..word
                })
                .collect();
            match ty {
                Type::Scalar(Scalar::String | Scalar::Bytes) if found.is_empty() => begin("\""),
                _ => found,
            }
        }
    }
}

/// What may come after a value that is complete: another one, or the end of the
/// object or array that it is in.
pub(super) fn after_value(text: &str) -> Vec<Candidate> {
    let more = Cursor::find(&format!("{text},"));
    let Some(frame) = more.as_ref().and_then(|cursor| cursor.frames.last()) else {
        return Vec::new();
    };
    let end = if frame.is_list { "]" } else { "}" };
    let open = |text| Candidate::open(text, "");
    vec![open(","), open(end)]
}

/// An object or array that the cursor is in.
#[derive(Debug, Default, PartialEq)]
struct Frame {
    /// Whether it is an array.
    is_list: bool,
    /// The key of the value that is being read.
    key: Option<String>,
    /// The keys before it.
    given: Vec<String>,
    /// What comes next.
    next: Next,
}

/// What an object or array goes on with.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Next {
    #[default]
    Key,
    Colon,
    Value,
    Comma,
}

/// What may stand at the cursor.
#[derive(Debug, PartialEq)]
enum Place {
    /// A key of the innermost object.
    Key,
    /// A value in the innermost object or array, or the whole of the JSON.
    Value,
}

/// Where in JSON a text ends.
#[derive(Debug, PartialEq)]
struct Cursor {
    /// The objects and arrays around the cursor, the outermost first.
    frames: Vec<Frame>,
    /// Which of them may stand there.
    place: Place,
    /// Where the key or value begins, its quote included.
    start: usize,
    /// What is typed of it.
    typed: String,
    /// Whether it begins with a quote.
    is_quoted: bool,
}

impl Cursor {
    /// Reads to the end of `text`. `None` where neither a key nor a value is typed.
    fn find(text: &str) -> Option<Cursor> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut at = 0;
        // What comes next where there is no frame around it.
        let mut outside = Next::Value;
        loop {
            let rest = text.get(at..)?;
            at += rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            let next = frames
                .last_mut()
                .map_or(&mut outside, |frame| &mut frame.next);
            let Some(length) = token_length(rest) else {
                let place = match next {
                    Next::Key => Place::Key,
                    Next::Value => Place::Value,
                    Next::Colon | Next::Comma => return None,
                };
                let is_quoted = rest.starts_with('"');
                return Some(Cursor {
                    frames,
                    place,
                    start: at,
                    typed: rest.strip_prefix('"').unwrap_or(rest).to_owned(),
                    is_quoted,
                });
            };
            let token = rest.get(..length)?;
            at += length;
            match (token, *next) {
                ("{" | "[", Next::Value) => {
                    *next = Next::Comma;
                    let is_list = token == "[";
                    frames.push(Frame {
                        is_list,
                        next: if is_list { Next::Value } else { Next::Key },
                        ..Frame::default()
                    });
                }
                ("}" | "]", _) => drop(frames.pop()?),
                (",", Next::Comma) => {
                    let frame = frames.last_mut()?;
                    frame.given.extend(frame.key.take());
                    frame.next = if frame.is_list {
                        Next::Value
                    } else {
                        Next::Key
                    };
                }
                (":", Next::Colon) => *next = Next::Value,
                (key, Next::Key) => {
                    let key = serde_json::from_str(key).ok()?;
                    let frame = frames.last_mut()?;
                    frame.key = Some(key);
                    frame.next = Next::Colon;
                }
                (_, Next::Value) => *next = Next::Comma,
                _ => return None,
            }
        }
    }
}

/// The length of the token that `text` begins with; `None` when it may not have
/// ended.
fn token_length(text: &str) -> Option<usize> {
    match text.chars().next()? {
        '{' | '}' | '[' | ']' | ',' | ':' => Some(1),
        '"' => {
            let mut escaped = false;
            let end = text.char_indices().skip(1).find(|(_, letter)| {
                let ends = *letter == '"' && !escaped;
                escaped = *letter == '\\' && !escaped;
                ends
            });
            end.map(|(end, _)| end + 1)
        }
        _ => {
            let ends = |letter: char| letter.is_whitespace() || "{}[],:\"".contains(letter);
            text.find(ends)
        }
    }
}
