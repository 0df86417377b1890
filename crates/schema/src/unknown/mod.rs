//! Fields that came with a message and are not in the table: which ones, and where
//! in the message. What is said of them is not known here.

mod groups;

use agent_wire::{Fields, WireError};
use protobuf::UnknownValueRef;

use crate::descriptor::{Field, Message, Scalar};
use crate::place;
use crate::reflect::{Key, Reflect, Value};

/// What an unknown field holds.
#[derive(Debug)]
pub enum Held<'m> {
    /// A value.
    Value(UnknownValueRef<'m>),
    /// A group, and the fields in it, encoded.
    Group(&'m [u8]),
}

/// A field that the table does not have, or has with another type.
#[derive(Debug)]
pub struct UnknownField<'m> {
    /// The path of the message that it is in, as a setter takes it; empty for the
    /// outermost one. Of several messages of a type it is the first.
    pub place: String,
    /// The type of that message.
    pub message: &'static Message,
    /// Its number.
    pub number: u32,
    /// What it holds, the first time that it is there.
    pub value: Held<'m>,
    /// How often it is there.
    pub count: usize,
}

impl UnknownField<'_> {
    /// The field of this number, where the table has it with another type.
    pub fn known(&self) -> Option<&'static Field> {
        let mut fields = self.message.fields.iter();
        fields.find(|field| field.number == self.number)
    }

    fn key(&self) -> (&'static str, u32) {
        (self.message.full_name, self.number)
    }
}

/// What of a message and all messages in it is not in the table.
#[derive(Debug)]
pub struct Found<'m> {
    /// Each field of a type of message once, sorted by that type and its number.
    pub fields: Vec<UnknownField<'m>>,
    /// Whether there are more than were asked for.
    pub has_more: bool,
}

/// Whether there are groups in an encoded message, or in the messages in it.
///
/// # Errors
/// When it is not an encoded message: a field is cut off, say, or a string is not UTF-8.
pub fn has_groups(message: &'static Message, encoded: &[u8]) -> Result<bool, WireError> {
    let mut has_groups = false;
    groups::scan(message, Fields::of(encoded), None, &mut |_| {
        has_groups = true
    })?;
    Ok(has_groups)
}

/// Finds the first `limit` fields that are not in the table. `encoded` is what the
/// message was decoded from; it is looked at for groups.
pub fn find<'m>(message: &'m dyn Reflect, encoded: &'m [u8], limit: usize) -> Found<'m> {
    let mut search = Search {
        found: Found {
            fields: Vec::new(),
            has_more: false,
        },
        limit,
    };
    search.message(message, None);
    // What is wrong with a group was told when it was decoded.
    let fields = Fields::of(encoded);
    let _ = groups::scan(message.descriptor(), fields, None, &mut |group| {
        let held = Held::Group(group.content);
        search.note(group.message, group.number, held, group.place);
    });
    search.found
}

/// Where in a message a value stands.
struct Place<'a> {
    outer: Option<&'a Place<'a>>,
    field: &'static Field,
    at: At<'a>,
}

#[derive(Clone)]
enum At<'a> {
    Field,
    Index(usize),
    Key(Key<'a>),
    /// After the elements that these bytes of the outer message have.
    After(&'a [u8]),
    /// In this entry of a map with such keys.
    Entry(&'a [u8], Scalar),
}

impl Place<'_> {
    fn write(&self, path: &mut String) {
        if let Some(outer) = self.outer {
            outer.write(path);
        }
        place::push_field(self.field.name, path);
        match &self.at {
            At::Field => {}
            At::Index(index) => place::push_index(*index, path),
            At::After(bytes) => {
                place::push_index(groups::elements(bytes, self.field.number), path);
            }
            At::Entry(entry, scalar) => {
                path.push_str(&format!("[{}]", groups::key(entry, *scalar)))
            }
            At::Key(key) => place::push_key(key, path),
        }
    }
}

struct Search<'m> {
    found: Found<'m>,
    limit: usize,
}

impl<'m> Search<'m> {
    fn message(&mut self, message: &'m dyn Reflect, place: Option<&Place<'_>>) {
        let descriptor = message.descriptor();
        for (number, value) in message.unknown_fields() {
            self.note(descriptor, number, Held::Value(value), place);
        }
        for (index, field) in descriptor.fields.iter().enumerate() {
            let inner = |at| Place {
                outer: place,
                field,
                at,
            };
            match message.get(index) {
                Some(Value::Message(message)) => self.message(message, Some(&inner(At::Field))),
                Some(Value::List(list)) => {
                    for index in 0..list.len() {
                        match list.get(index) {
                            Some(Value::Message(message)) => {
                                self.message(message, Some(&inner(At::Index(index))));
                            }
                            _ => break,
                        }
                    }
                }
                Some(Value::Map(map)) => {
                    for (key, value) in map.entries() {
                        match value {
                            Value::Message(message) => {
                                self.message(message, Some(&inner(At::Key(key.clone()))));
                            }
                            _ => break,
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn note(
        &mut self,
        message: &'static Message,
        number: u32,
        value: Held<'m>,
        place: Option<&Place<'_>>,
    ) {
        let fields = &mut self.found.fields;
        let key = (message.full_name, number);
        match fields.binary_search_by_key(&key, UnknownField::key) {
            Ok(index) => {
                if let Some(field) = fields.get_mut(index) {
                    field.count = field.count.saturating_add(1);
                }
            }
            Err(index) => {
                if index < self.limit {
                    let mut path = String::new();
                    if let Some(place) = place {
                        place.write(&mut path);
                    }
                    let field = UnknownField {
                        place: path,
                        message,
                        number,
                        value,
                        count: 1,
                    };
                    fields.insert(index, field);
                }
                self.found.has_more |= index == self.limit || fields.len() > self.limit;
                fields.truncate(self.limit);
            }
        }
    }
}
