//! Merging one JSON value while it is read: which kinds of value fit what they are given for.

use std::fmt;

use agent_text::excerpt::Excerpt;
use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::known;
use super::merge::{Merge, Spelling, Step};
use super::object::{read_entries, read_fields};
use super::scalar::Given;
use crate::descriptor::{Label, Message, Scalar, Type};
use crate::explicit::Explicit;
use crate::reflect::{List, Map, Reflect, ValueMut};
use crate::value;
use crate::well_known::{ValueFields, WellKnown};

/// What a value is merged into.
pub(super) enum Target<'v> {
    /// A message, in its own JSON form if it has one.
    Message(&'v mut dyn Reflect),
    /// A message as an object of its fields, with the `@type` of an `Any` beside them if it is
    /// within one.
    BesideType(&'v mut dyn Reflect),
    /// A `google.protobuf.Value`.
    Anything(&'v mut dyn Reflect, ValueFields),
    /// A list, to append to.
    List(&'v mut dyn List),
    /// A map with keys of this type.
    Map(&'v mut dyn Map, Scalar),
    /// Anything else.
    Scalar(ValueMut<'v>),
}

impl<'v> Target<'v> {
    /// The value of a field with this label, or one within it.
    pub(super) fn new(value: ValueMut<'v>, label: Label) -> Self {
        match (value, label) {
            (ValueMut::Message(message), _) => Self::Message(message),
            (ValueMut::List(list), _) => Self::List(list),
            (ValueMut::Map(map), Label::Map(key)) => Self::Map(map, key),
            (value, _) => Self::Scalar(value),
        }
    }
}

/// Reads one value.
pub(super) struct Seed<'m, 'v, 'de, 'c> {
    merge: &'m mut Merge<'de, 'c>,
    target: Target<'v>,
    /// The type of the value, or of the values in the list or map.
    ty: Type,
    explicit: Option<&'m mut Explicit>,
    spelling: Spelling,
}

impl<'m, 'v, 'de, 'c> Seed<'m, 'v, 'de, 'c> {
    /// Reads a value of type `ty`.
    pub(super) fn new(merge: &'m mut Merge<'de, 'c>, target: Target<'v>, ty: Type) -> Self {
        Self {
            merge,
            target,
            ty,
            explicit: None,
            spelling: None,
        }
    }

    /// Reads a whole message.
    pub(super) fn message(merge: &'m mut Merge<'de, 'c>, message: &'v mut dyn Reflect) -> Self {
        let ty = Type::Message(message.descriptor());
        Self::new(merge, Target::Message(message), ty)
    }

    /// The same, noting which fields are given.
    pub(super) fn noting(self, explicit: Option<&'m mut Explicit>) -> Self {
        Self { explicit, ..self }
    }

    /// Reads the value of this singular field, noting which fields are given within it.
    pub(super) fn of_field(
        self,
        explicit: Option<&'m mut Explicit>,
        field: (&'static Message, usize),
    ) -> Self {
        Self {
            explicit,
            spelling: Some(field),
            ..self
        }
    }

    fn expected(&self) -> String {
        match &self.target {
            Target::Message(message) | Target::BesideType(message) => {
                format!("an object (message {})", message.descriptor().full_name)
            }
            Target::Anything(..) => "any JSON value".to_owned(),
            Target::List(_) => format!("a list of {}", self.ty.name()),
            Target::Map(_, key) => {
                format!("an object (map from {} to {})", key.name(), self.ty.name())
            }
            Target::Scalar(ValueMut::Bytes(_)) => {
                "a string in base64, or a list of bytes".to_owned()
            }
            Target::Scalar(_) => "a string".to_owned(),
        }
    }

    fn refuse<E: de::Error>(self, found: impl fmt::Display) -> E {
        let expected = self.expected();
        self.merge.mismatch(found.to_string(), &expected)
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        match self.target {
            Target::Message(message) if let Some(known) = WellKnown::of(message.descriptor()) => {
                let merge = self.merge;
                merge.deeper(|merge| known::read(merge, known, message, reader))
            }
            Target::Message(_) | Target::BesideType(_) => {
                let Self {
                    merge,
                    target,
                    ty,
                    explicit,
                    spelling,
                } = self;
                merge.deeper(|merge| {
                    reader.deserialize_any(Seed {
                        merge,
                        target,
                        ty,
                        explicit,
                        spelling,
                    })
                })
            }
            Target::Scalar(ValueMut::String(_) | ValueMut::Bytes(_))
            | Target::Anything(..)
            | Target::List(_)
            | Target::Map(..) => reader.deserialize_any(self),
            // Everything else from its raw text, which alone is exact.
            Target::Scalar(target) => {
                let raw = <&RawValue>::deserialize(reader)?.get();
                let merge = self.merge;
                let content = merge.string_content(raw)?;
                let content = content
                    .as_deref()
                    .map(|content| merge.respell(self.spelling, content));
                let given = Given::new(content.as_deref(), raw);
                given
                    .store(target, self.ty)
                    .map_err(|problem| merge.fail(problem))
            }
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        match self.target {
            Target::Anything(message, fields) => known::set_null(message, fields),
            _ => return Err(self.refuse("null")),
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        match self.target {
            Target::Anything(message, fields) => {
                if let Some(ValueMut::Bool(target)) = message.get_mut(fields.bool) {
                    *target = value;
                }
                Ok(())
            }
            _ => Err(self.refuse(value)),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        match self.target {
            Target::Anything(message, fields) => {
                if let Some(ValueMut::Double(target)) = message.get_mut(fields.number) {
                    *target = value;
                }
                Ok(())
            }
            _ => Err(self.refuse(value)),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        match self.target {
            Target::Anything(..) => self.visit_f64(value as f64),
            _ => Err(self.refuse(value)),
        }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        match self.target {
            Target::Anything(..) => self.visit_f64(value as f64),
            _ => Err(self.refuse(value)),
        }
    }

    fn visit_str<E: de::Error>(self, given: &str) -> Result<(), E> {
        match self.target {
            Target::Anything(message, fields) => {
                if let Some(ValueMut::String(target)) = message.get_mut(fields.string) {
                    given.clone_into(target);
                }
            }
            Target::Scalar(ValueMut::String(target)) => {
                target.clear();
                target.push_str(&self.merge.respell(self.spelling, given));
            }
            Target::Scalar(ValueMut::Bytes(target)) => {
                let text = self.merge.respell(self.spelling, given);
                *target = value::decode_base64(&text).map_err(|error| {
                    let found = Excerpt(given).to_string();
                    self.merge.mismatch(found, &format!("base64: {error}"))
                })?;
            }
            _ => return Err(self.refuse(Excerpt(given))),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { merge, ty, .. } = self;
        match self.target {
            Target::Anything(message, fields) => match message.get_mut(fields.list) {
                Some(ValueMut::Message(list)) => Seed::message(merge, list)
                    .deserialize(de::value::SeqAccessDeserializer::new(elements)),
                _ => Ok(()),
            },
            Target::List(list) => {
                let mut element = ElementSeed { merge, list, ty };
                while elements.next_element_seed(element.again())?.is_some() {}
                Ok(())
            }
            Target::Scalar(ValueMut::Bytes(target)) => {
                let mut bytes = Vec::new();
                while let Some(byte) = elements.next_element_seed(ByteSeed {
                    merge: &mut *merge,
                    index: bytes.len(),
                })? {
                    bytes.push(byte);
                }
                *target = bytes;
                Ok(())
            }
            target => Err(Seed::new(merge, target, ty).refuse("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        let Self { merge, ty, .. } = self;
        match self.target {
            Target::Message(message) => read_fields(merge, message, self.explicit, false, entries),
            Target::BesideType(message) => read_fields(merge, message, None, true, entries),
            Target::Map(map, key) => read_entries(merge, map, key, ty, entries),
            Target::Anything(message, fields) => match message.get_mut(fields.object) {
                Some(ValueMut::Message(object)) => Seed::message(merge, object)
                    .deserialize(de::value::MapAccessDeserializer::new(entries)),
                _ => Ok(()),
            },
            target => Err(Seed::new(merge, target, ty).refuse("an object")),
        }
    }
}

/// Appends one element. The list grows only when there is one to read.
struct ElementSeed<'m, 'de, 'c> {
    merge: &'m mut Merge<'de, 'c>,
    list: &'m mut dyn List,
    ty: Type,
}

impl<'de, 'c> ElementSeed<'_, 'de, 'c> {
    /// A seed for the next element.
    fn again(&mut self) -> ElementSeed<'_, 'de, 'c> {
        ElementSeed {
            merge: self.merge,
            list: self.list,
            ty: self.ty,
        }
    }
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        let Self { merge, list, ty } = self;
        merge.at(Step::Index(list.len()), |merge| {
            let target = Target::new(list.push(), Label::Singular);
            Seed::new(merge, target, ty).deserialize(reader)
        })
    }
}

/// Reads one of the numbers that bytes are in the JSON of Rust's structs.
struct ByteSeed<'m, 'de, 'c> {
    merge: &'m mut Merge<'de, 'c>,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for ByteSeed<'_, 'de, '_> {
    type Value = u8;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<u8, D::Error> {
        let raw = <&RawValue>::deserialize(reader)?.get();
        self.merge.at(Step::Index(self.index), |merge| {
            raw.parse().map_err(|_| {
                let content = merge.string_content::<D::Error>(raw);
                match content {
                    Ok(content) => {
                        let found = Given::new(content.as_deref(), raw).to_string();
                        merge.mismatch(found, "a byte (0 to 255)")
                    }
                    Err(error) => error,
                }
            })
        })
    }
}
