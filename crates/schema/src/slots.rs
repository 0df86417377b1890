//! How each kind of field in a message struct of the `protobuf` crate is read
//! and changed: scalars, `Option`, `MessageField`, `Vec`, `BTreeMap`, oneofs.
//! The generated table calls [`Slot`] and the oneof macros, and needs no other code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use protobuf::{CodedInputStream, CodedOutputStream, EnumOrUnknown, MessageField, UnknownFields};

use crate::reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};

/// A single value: a singular field, a list's element, a map's value, a oneof's member.
pub trait Element: Default {
    /// The value, to read.
    fn as_value(&self) -> Value<'_>;
    /// The value, to change.
    fn as_value_mut(&mut self) -> ValueMut<'_>;
}

/// A field of a generated struct, whatever its label.
pub trait Slot {
    /// As [`Reflect::get`].
    fn get(&self) -> Option<Value<'_>>;
    /// As [`Reflect::get_mut`].
    fn get_mut(&mut self) -> ValueMut<'_>;
    /// As [`Reflect::clear`].
    fn clear(&mut self);
}

/// A type that protobuf allows as a map's key.
pub trait MapKey: Ord {
    /// The key, to read.
    fn key(&self) -> Key<'_>;
    /// The key of this type, if `key` is one.
    fn from_key(key: &Key<'_>) -> Option<Self>
    where
        Self: Sized;
}

/// Reads a oneof's member: `oneof_get!(self.kind, Kind::Member)`.
#[macro_export]
macro_rules! oneof_get {
    ($oneof:expr, $($variant:ident)::+) => {{
        use $crate::Element as _;
        match &$oneof {
            Some($($variant)::+(value)) => Some(value.as_value()),
            _ => None,
        }
    }};
}

/// Hands out a oneof's member to change, replacing any other member:
/// `oneof_get_mut!(self.kind, Kind::Member)`.
#[macro_export]
macro_rules! oneof_get_mut {
    ($oneof:expr, $($variant:ident)::+) => {{
        use $crate::Element as _;
        if !matches!($oneof, Some($($variant)::+(_))) {
            $oneof = Some($($variant)::+(Default::default()));
        }
        match &mut $oneof {
            Some($($variant)::+(value)) => Some(value.as_value_mut()),
            _ => None,
        }
    }};
}

/// Clears a oneof if this member is the one that is set.
#[macro_export]
macro_rules! oneof_clear {
    ($oneof:expr, $($variant:ident)::+) => {
        if matches!($oneof, Some($($variant)::+(_))) {
            $oneof = None;
        }
    };
}

impl<M: protobuf::Message + Clone + Reflect> Wire for M {
    fn encode_into(&self, buffer: &mut Vec<u8>) -> protobuf::Result<()> {
        self.check_initialized()?;
        encode(buffer, self.compute_size(), &|output| {
            self.write_to_with_cached_sizes(output)
        })
    }

    fn merge_from(&mut self, bytes: &[u8]) -> protobuf::Result<()> {
        decode(bytes, &mut |input| {
            protobuf::Message::merge_from(self, input)
        })
    }

    fn unknown_fields_mut(&mut self) -> &mut UnknownFields {
        self.mut_special_fields().mut_unknown_fields()
    }

    fn clone_boxed(&self) -> Box<dyn Reflect> {
        Box::new(self.clone())
    }
}

/// What encoding is the same for every message, to be there once.
fn encode(
    buffer: &mut Vec<u8>,
    size: u64,
    write: &dyn Fn(&mut CodedOutputStream<'_>) -> protobuf::Result<()>,
) -> protobuf::Result<()> {
    // What is larger is refused before it is sent, but must not be written wrongly either.
    let limit = i32::MAX.unsigned_abs();
    if size > u64::from(limit) {
        let what = format!("the message has {size} bytes, and protobuf allows {limit}");
        return Err(io::Error::other(what).into());
    }
    let mut output = CodedOutputStream::vec(buffer);
    write(&mut output)?;
    output.flush()
}

/// Likewise for decoding.
fn decode(
    bytes: &[u8],
    merge: &mut dyn FnMut(&mut CodedInputStream<'_>) -> protobuf::Result<()>,
) -> protobuf::Result<()> {
    merge(&mut CodedInputStream::from_bytes(bytes))
}

impl<E: protobuf::Enum> EnumSlot for EnumOrUnknown<E> {
    fn number(&self) -> i32 {
        self.value()
    }

    fn set_number(&mut self, number: i32) {
        *self = EnumOrUnknown::from_i32(number);
    }
}

macro_rules! scalar {
    ($type:ty, $variant:ident, $this:ident => $read:expr) => {
        impl Element for $type {
            fn as_value(&self) -> Value<'_> {
                let $this = self;
                Value::$variant($read)
            }
            fn as_value_mut(&mut self) -> ValueMut<'_> {
                ValueMut::$variant(self)
            }
        }

        impl Slot for $type {
            fn get(&self) -> Option<Value<'_>> {
                Some(self.as_value())
            }
            fn get_mut(&mut self) -> ValueMut<'_> {
                self.as_value_mut()
            }
            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
}

scalar!(bool, Bool, this => *this);
scalar!(i32, Int32, this => *this);
scalar!(i64, Int64, this => *this);
scalar!(u32, Uint32, this => *this);
scalar!(u64, Uint64, this => *this);
scalar!(f32, Float, this => *this);
scalar!(f64, Double, this => *this);
scalar!(String, String, this => this);
scalar!(Vec<u8>, Bytes, this => this);

impl<E: protobuf::Enum> Element for EnumOrUnknown<E> {
    fn as_value(&self) -> Value<'_> {
        Value::Enum(self.value())
    }
    fn as_value_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Enum(self)
    }
}

impl<E: protobuf::Enum> Slot for EnumOrUnknown<E> {
    fn get(&self) -> Option<Value<'_>> {
        Some(Element::as_value(self))
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        self.as_value_mut()
    }
    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<M: Reflect + Default> Element for M {
    fn as_value(&self) -> Value<'_> {
        Value::Message(self)
    }
    fn as_value_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Message(self)
    }
}

impl<M: Reflect + protobuf::Message> Slot for MessageField<M> {
    fn get(&self) -> Option<Value<'_>> {
        self.as_ref().map(Element::as_value)
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        self.mut_or_insert_default().as_value_mut()
    }
    fn clear(&mut self) {
        *self = MessageField::none();
    }
}

impl<T: Element> Slot for Option<T> {
    fn get(&self) -> Option<Value<'_>> {
        self.as_ref().map(Element::as_value)
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        self.get_or_insert_with(T::default).as_value_mut()
    }
    fn clear(&mut self) {
        *self = None;
    }
}

impl<T: Element> Slot for Vec<T> {
    fn get(&self) -> Option<Value<'_>> {
        Some(Value::List(self))
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        ValueMut::List(self)
    }
    fn clear(&mut self) {
        self.clear();
    }
}

impl<T: Element> List for Vec<T> {
    fn len(&self) -> usize {
        self.len()
    }
    fn get(&self, index: usize) -> Option<Value<'_>> {
        <[T]>::get(self, index).map(Element::as_value)
    }
    fn get_mut(&mut self, index: usize) -> Option<ValueMut<'_>> {
        <[T]>::get_mut(self, index).map(Element::as_value_mut)
    }
    fn push(&mut self) -> ValueMut<'_> {
        let index = Vec::len(self);
        Vec::push(self, T::default());
        self[index].as_value_mut()
    }
    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }
}

macro_rules! map_key {
    ($type:ty, $variant:ident, $this:ident => $read:expr, $value:ident => $make:expr) => {
        impl MapKey for $type {
            fn key(&self) -> Key<'_> {
                let $this = self;
                Key::$variant($read)
            }
            fn from_key(key: &Key<'_>) -> Option<Self> {
                match key {
                    Key::$variant($value) => Some($make),
                    _ => None,
                }
            }
        }
    };
}

map_key!(bool, Bool, this => *this, value => *value);
map_key!(i32, Int32, this => *this, value => *value);
map_key!(i64, Int64, this => *this, value => *value);
map_key!(u32, Uint32, this => *this, value => *value);
map_key!(u64, Uint64, this => *this, value => *value);
map_key!(String, String, this => Cow::Borrowed(this), value => value.clone().into_owned());

impl<K: MapKey, V: Element> Slot for BTreeMap<K, V> {
    fn get(&self) -> Option<Value<'_>> {
        Some(Value::Map(self))
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        ValueMut::Map(self)
    }
    fn clear(&mut self) {
        self.clear();
    }
}

impl<K: MapKey, V: Element> Map for BTreeMap<K, V> {
    fn len(&self) -> usize {
        self.len()
    }
    fn entries(&self) -> Box<dyn Iterator<Item = (Key<'_>, Value<'_>)> + '_> {
        Box::new(
            self.iter()
                .map(|(key, value)| (key.key(), value.as_value())),
        )
    }
    fn get(&self, key: &Key<'_>) -> Option<Value<'_>> {
        BTreeMap::get(self, &K::from_key(key)?).map(Element::as_value)
    }
    fn get_mut(&mut self, key: &Key<'_>) -> Option<ValueMut<'_>> {
        Some(self.entry(K::from_key(key)?).or_default().as_value_mut())
    }
    fn remove(&mut self, key: &Key<'_>) -> bool {
        K::from_key(key).is_some_and(|key| BTreeMap::remove(self, &key).is_some())
    }
    fn clear(&mut self) {
        self.clear();
    }
    fn rename(&mut self, other: &dyn Fn(&Key<'_>) -> Option<Key<'static>>) {
        let renamed = std::mem::take(self).into_iter().map(|(key, value)| {
            let new = other(&key.key()).and_then(|new| K::from_key(&new));
            (new.unwrap_or(key), value)
        });
        self.extend(renamed);
    }
}
