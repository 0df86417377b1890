//! Merging a JSON object into a message: which keys it has, each once, and one
//! member of a oneof at most.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::descriptor::{Label, Message, Type};
use super::super::explicit::Explicit;
use super::super::reflect::{Reflect, ValueMut};
use super::collection::{ListSeed, MapSeed, ValueSeed};
use super::context::Merge;
use super::error::Problem;
use super::found::refuse;
use super::place::Step;
use super::{known, names};

/// Reads one message, in its special JSON form if it has one.
pub(super) struct MessageSeed<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    message: &'a mut dyn Reflect,
    explicit: Option<&'a mut Explicit>,
    beside_type: bool,
}

impl<'a, 'de, 'c> MessageSeed<'a, 'de, 'c> {
    pub(super) fn new(
        merge: &'a mut Merge<'de, 'c>,
        message: &'a mut dyn Reflect,
        explicit: Option<&'a mut Explicit>,
    ) -> Self {
        Self {
            merge,
            message,
            explicit,
            beside_type: false,
        }
    }

    /// Reads a message whose fields stand beside the `@type` of an `Any`.
    pub(super) fn beside_type(merge: &'a mut Merge<'de, 'c>, message: &'a mut dyn Reflect) -> Self {
        Self {
            beside_type: true,
            ..Self::new(merge, message, None)
        }
    }

    fn refuse<E: de::Error>(self, found: String) -> E {
        let expected = expected(self.message.descriptor());
        self.merge.mismatch(found, &expected)
    }
}

fn expected(message: &Message) -> String {
    format!("an object (message {})", message.full_name)
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let Self {
            merge,
            message,
            explicit,
            beside_type,
        } = self;
        merge.deeper(|merge| match known::of(message.descriptor()) {
            Some(known) => known::read(merge, known, message, reader),
            None => reader.deserialize_any(MessageSeed {
                merge,
                message,
                explicit,
                beside_type,
            }),
        })
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&expected(self.message.descriptor()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self {
            merge,
            message,
            mut explicit,
            beside_type,
        } = self;
        let descriptor = message.descriptor();
        let mut seen = Seen::default();
        let mut likely = 0;
        while let Some(name) = entries.next_key_seed(KeySeed)? {
            if beside_type && name == "@type" {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            if let Some(name) = merge.extra(descriptor, &name) {
                merge.take_extra(name, entries.next_value()?)?;
                continue;
            }
            let (index, field) = names::field(merge, descriptor, &name, likely)?;
            likely = index + 1;
            if !seen.field(index) {
                return merge.at(Step::Field(field.name), |merge| {
                    Err(merge.fail(Problem::Duplicate))
                });
            }
            let is_set = entries.next_value_seed(FieldSeed {
                merge,
                message,
                index,
                explicit: explicit.as_deref_mut(),
            })?;
            if let Some(oneof) = field.oneof.filter(|_| is_set)
                && let Some(other) = seen.member(oneof, index)
            {
                return merge.at(Step::Field(field.name), |merge| {
                    Err(merge.fail(Problem::Oneof {
                        oneof: descriptor.oneofs.get(oneof).map_or("", |oneof| oneof.name),
                        other: descriptor.fields.get(other).map_or("", |field| field.name),
                    }))
                });
            }
        }
        Ok(())
    }

    refuse!(bool number string null list);
}

/// The fields of one message that a document has named so far.
#[derive(Default)]
struct Seen {
    /// One bit for each of the first fields.
    low: u128,
    high: Vec<usize>,
    /// The oneofs that hold a value, each with its member.
    oneofs: Vec<(usize, usize)>,
}

impl Seen {
    /// Whether the field is new.
    fn field(&mut self, index: usize) -> bool {
        if let Some(bit) = u32::try_from(index)
            .ok()
            .and_then(|index| 1u128.checked_shl(index))
        {
            let is_new = self.low & bit == 0;
            self.low |= bit;
            return is_new;
        }
        let is_new = !self.high.contains(&index);
        self.high.push(index);
        is_new
    }

    /// The member that the oneof held before this one.
    fn member(&mut self, oneof: usize, index: usize) -> Option<usize> {
        let before = self.oneofs.iter().find(|(seen, _)| *seen == oneof);
        let before = before.map(|(_, member)| *member);
        self.oneofs.push((oneof, index));
        before
    }
}

/// Reads one field's value; tells whether it set the field (`null` does not).
pub(super) struct FieldSeed<'a, 'de, 'c> {
    pub(super) merge: &'a mut Merge<'de, 'c>,
    pub(super) message: &'a mut dyn Reflect,
    pub(super) index: usize,
    pub(super) explicit: Option<&'a mut Explicit>,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, 'de, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_, 'de, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        if known::set_null(self.message, self.index) {
            if let Some(explicit) = self.explicit {
                explicit.mark(self.index);
            }
            return Ok(true);
        }
        self.message.clear(self.index);
        if let Some(explicit) = self.explicit {
            explicit.unmark(self.index);
        }
        Ok(false)
    }

    fn visit_none<E: de::Error>(self) -> Result<bool, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        let Self {
            merge,
            message,
            index,
            explicit,
        } = self;
        let descriptor = message.descriptor();
        let Some(field) = descriptor.fields.get(index) else {
            return Err(names::unknown(merge, descriptor, &index.to_string()));
        };
        let within = explicit.map(|explicit| explicit.mark(index));
        let Some(target) = message.get_mut(index) else {
            return Err(names::unknown(merge, descriptor, field.name));
        };
        let ty = field.ty;
        merge.at(Step::Field(field.name), |merge| {
            match (field.label, target) {
                (Label::Repeated, ValueMut::List(list)) => {
                    list.truncate(0);
                    ListSeed { merge, list, ty }.deserialize(reader)
                }
                (Label::Map(key), ValueMut::Map(map)) => MapSeed {
                    merge,
                    map,
                    key,
                    ty,
                }
                .deserialize(reader),
                (_, target) => ValueSeed {
                    merge,
                    target,
                    ty,
                    explicit: within.filter(|_| matches!(ty, Type::Message(_))),
                    spelling: Some((descriptor, index)),
                }
                .deserialize(reader),
            }
        })?;
        Ok(true)
    }
}

/// Reads a key, without a copy where the document has it as it is.
pub(super) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
