//! Reading and changing a message's fields by index, through trait objects.
//! The generated table implements [`Reflect`] for each message by naming its
//! struct's fields; [`Slot`](crate::Slot) reaches into each kind of field.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

use protobuf::UnknownFields;

use crate::Message;
use crate::json::string::JsonString;

/// A message whose fields are reached by their index in [`Message::fields`].
pub trait Reflect: Wire + Any + Send + Sync {
    /// The static description of this message's type.
    fn descriptor(&self) -> &'static Message;

    /// The value of a field. `None` if the field tracks presence and is unset,
    /// or if there is no such index.
    fn get(&self, index: usize) -> Option<Value<'_>>;

    /// The value of a field, to change; an unset one is made present at its
    /// default, which clears the other members of its oneof. `None` only if
    /// there is no such index.
    fn get_mut(&mut self, index: usize) -> Option<ValueMut<'_>>;

    /// Sets a field back to unset, or to its default if it has no presence.
    fn clear(&mut self, index: usize);
}

/// A message is shown by its type: its content has better forms, and the
/// structs' own would be in every binary.
impl fmt::Debug for dyn Reflect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.descriptor().full_name)
    }
}

impl fmt::Debug for dyn List + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of {}", self.len())
    }
}

impl fmt::Debug for dyn Map + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a map of {}", self.len())
    }
}

/// The wire form of a message, without its type.
pub trait Wire {
    /// Appends the encoded message to `buffer`.
    ///
    /// # Errors
    /// When the message is larger than protobuf allows (2 GiB).
    fn encode_into(&self, buffer: &mut Vec<u8>) -> protobuf::Result<()>;

    /// Merges an encoded message into this one as the `protobuf` crate does, and with it
    /// the real agent. It is less strict than [`decode`](crate::decode()), which is meant
    /// for what an agent answers.
    ///
    /// # Errors
    /// When `bytes` is not a valid encoding of this type.
    fn merge_from(&mut self, bytes: &[u8]) -> protobuf::Result<()>;

    /// Fields that came over the wire and are not in the table.
    fn unknown_fields_mut(&mut self) -> &mut UnknownFields;

    /// A copy behind a new box.
    fn clone_boxed(&self) -> Box<dyn Reflect>;
}

/// A field's value, to read.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names are the types'")]
pub enum Value<'a> {
    Bool(bool),
    Int32(i32),
    Int64(i64),
    Uint32(u32),
    Uint64(u64),
    Float(f32),
    Double(f64),
    String(&'a str),
    Bytes(&'a [u8]),
    /// The number; its name is in the field's type.
    Enum(i32),
    Message(&'a dyn Reflect),
    List(&'a dyn List),
    Map(&'a dyn Map),
}

impl Value<'_> {
    /// Whether this is the value that a field without presence has when unset.
    /// A message is never at its default: being there is what counts.
    pub fn is_default(&self) -> bool {
        match *self {
            Value::Bool(value) => !value,
            Value::Int32(value) | Value::Enum(value) => value == 0,
            Value::Int64(value) => value == 0,
            Value::Uint32(value) => value == 0,
            Value::Uint64(value) => value == 0,
            // Negative zero is not the default: it has bits that are set.
            Value::Float(value) => value.to_bits() == 0,
            Value::Double(value) => value.to_bits() == 0,
            Value::String(value) => value.is_empty(),
            Value::Bytes(value) => value.is_empty(),
            Value::Message(_) => false,
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
        }
    }
}

/// A field's value, to change.
#[expect(missing_docs, reason = "the names are the types'")]
pub enum ValueMut<'a> {
    Bool(&'a mut bool),
    Int32(&'a mut i32),
    Int64(&'a mut i64),
    Uint32(&'a mut u32),
    Uint64(&'a mut u64),
    Float(&'a mut f32),
    Double(&'a mut f64),
    String(&'a mut String),
    Bytes(&'a mut Vec<u8>),
    Enum(&'a mut dyn EnumSlot),
    Message(&'a mut dyn Reflect),
    List(&'a mut dyn List),
    Map(&'a mut dyn Map),
}

/// An enum field; open, so any number fits.
pub trait EnumSlot {
    /// The number it holds.
    fn number(&self) -> i32;
    /// Replaces the number, known to the proto or not.
    fn set_number(&mut self, number: i32);
}

/// A repeated field.
pub trait List {
    /// How many elements there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// An element, if the index is in range.
    fn get(&self, index: usize) -> Option<Value<'_>>;
    /// An element to change, if the index is in range.
    fn get_mut(&mut self, index: usize) -> Option<ValueMut<'_>>;
    /// Appends an element at its default, and hands it out to change.
    fn push(&mut self) -> ValueMut<'_>;
    /// Drops the elements from `len` on.
    fn truncate(&mut self, len: usize);
}

/// A map field. Its keys are kept in order.
pub trait Map {
    /// How many entries there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The entries, sorted by key.
    fn entries(&self) -> Box<dyn Iterator<Item = (Key<'_>, Value<'_>)> + '_>;
    /// The value at a key.
    fn get(&self, key: &Key<'_>) -> Option<Value<'_>>;
    /// The value at a key to change, added at its default if it is missing.
    /// `None` if the key is not of the map's key type.
    fn get_mut(&mut self, key: &Key<'_>) -> Option<ValueMut<'_>>;
    /// Drops the entry at a key, and returns whether there was one.
    fn remove(&mut self, key: &Key<'_>) -> bool;
    /// Drops all entries.
    fn clear(&mut self);
    /// Gives each entry for which `other` has another key that one. Of two entries with one key
    /// the later one stays.
    fn rename(&mut self, other: &dyn Fn(&Key<'_>) -> Option<Key<'static>>);
}

/// A map key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the types'")]
pub enum Key<'a> {
    Bool(bool),
    Int32(i32),
    Int64(i64),
    Uint32(u32),
    Uint64(u64),
    String(Cow<'a, str>),
}

/// As it stands in the brackets of a path: a string as a JSON string.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Bool(key) => key.fmt(f),
            Key::Int32(key) => key.fmt(f),
            Key::Int64(key) => key.fmt(f),
            Key::Uint32(key) => key.fmt(f),
            Key::Uint64(key) => key.fmt(f),
            Key::String(key) => JsonString(key).fmt(f),
        }
    }
}
