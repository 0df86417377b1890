//! Fields that came with a message and are not in the table: which ones, and where in
//! the message.

use agent_wire::Content;
use protobuf::UnknownFields;

use super::{Place, path_of};
use crate::descriptor::{Field, Message, Schema};

/// A field that the table does not have, or has with another wire type.
#[derive(Debug)]
pub struct UnknownField<'a> {
    /// The path of the message that it is in; empty for the outermost one. Of several
    /// messages of a type it is the first. Long keys in it are cut.
    pub place: String,
    /// The type of that message.
    pub message: &'static Message,
    /// The map of that message in whose entry it is, if it is in one: `place` is the entry's
    /// then.
    pub map: Option<&'static Field>,
    /// Its number.
    pub number: u32,
    /// What it holds, the first time that it is there.
    pub content: Content<'a>,
    /// How often it is there.
    pub count: usize,
}

impl UnknownField<'_> {
    /// The field of this number, where the table has it with another wire type.
    pub fn known(&self) -> Option<&'static Field> {
        let mut fields = self.message.fields.iter();
        fields.find(|field| self.map.is_none() && field.number == self.number)
    }

    fn key(&self) -> (&'static str, Option<u32>, u32) {
        let map = self.map.map(|map| map.number);
        (self.message.full_name, map, self.number)
    }
}

/// The unknown fields of a message and of all messages in it.
#[derive(Debug, Default)]
pub struct Unknown<'a> {
    /// Each field of a type of message once, sorted by that type and its number, those in
    /// the entries of its maps last.
    pub fields: Vec<UnknownField<'a>>,
    /// Whether there are more than were asked for.
    pub has_more: bool,
}

/// What a decoder notes on its way.
pub(super) struct Notes<'a> {
    /// Has the types of what is within an `Any`.
    pub(super) schema: &'static Schema,
    limit: usize,
    pub(super) unknown: Unknown<'a>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(schema: &'static Schema, limit: usize) -> Self {
        Self {
            schema,
            limit,
            unknown: Unknown::default(),
        }
    }

    /// Notes a field of a message, or of an entry of a map of it, at a place.
    pub(super) fn add(
        &mut self,
        message: &'static Message,
        map: Option<&'static Field>,
        number: u32,
        content: Content<'a>,
        place: Option<&Place<'_>>,
    ) {
        let Unknown { fields, has_more } = &mut self.unknown;
        let key = (message.full_name, map.map(|map| map.number), number);
        match fields.binary_search_by_key(&key, UnknownField::key) {
            Ok(index) => {
                if let Some(field) = fields.get_mut(index) {
                    field.count = field.count.saturating_add(1);
                }
            }
            Err(index) if index < self.limit => {
                let field = UnknownField {
                    place: path_of(place),
                    message,
                    map,
                    number,
                    content,
                    count: 1,
                };
                fields.insert(index, field);
                *has_more |= fields.len() > self.limit;
                fields.truncate(self.limit);
            }
            Err(_) => *has_more = true,
        }
    }
}

/// Keeps an unknown field in its message, which can hold everything but groups.
pub(super) fn keep(number: u32, content: Content<'_>, unknown: &mut UnknownFields) {
    match content {
        Content::Varint(value) => unknown.add_varint(number, value),
        Content::Fixed32(value) => unknown.add_fixed32(number, value),
        Content::Fixed64(value) => unknown.add_fixed64(number, value),
        Content::Bytes(value) => unknown.add_length_delimited(number, value.to_vec()),
        Content::Group(_) => {}
    }
}
