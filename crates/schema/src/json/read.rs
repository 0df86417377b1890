//! Merging one JSON value while it is read: which kinds of value fit, which keys an
//! object has, each once, and one member of a oneof at most.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use agent_text::excerpt::Excerpt;
use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Problem;
use super::known;
use super::merge::{Merge, Spelling, Step};
use super::scalar::Given;
use crate::descriptor::{Label, Scalar, Type};
use crate::explicit::Explicit;
use crate::reflect::{Key, List, Map, Reflect, ValueMut};
use crate::value;
use crate::well_known::{self, ValueFields, WellKnown};

/// What a value is merged into.
pub(super) enum Target<'v> {
    /// A message, in its own JSON form if it has one.
    Message(&'v mut dyn Reflect),
    /// A message whose fields stand beside the `@type` of an `Any`.
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
            Target::Scalar(ValueMut::Bytes(_)) => "a string in base64".to_owned(),
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
            Target::Message(message) | Target::BesideType(message)
                if let Some(known) = WellKnown::of(message.descriptor()) =>
            {
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

/// Merges the members of an object into a message's fields.
fn read_fields<'de, A: MapAccess<'de>>(
    merge: &mut Merge<'de, '_>,
    message: &mut dyn Reflect,
    mut explicit: Option<&mut Explicit>,
    beside_type: bool,
    mut entries: A,
) -> Result<(), A::Error> {
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
        let (index, field) = merge.field(descriptor, &name, likely)?;
        likely = index + 1;
        if !seen.field(index) {
            let step = Step::Field(field.name);
            return merge.at(step, |merge| Err(merge.fail(Problem::Duplicate)));
        }
        let is_set = entries.next_value_seed(FieldSeed {
            merge: &mut *merge,
            message: &mut *message,
            index,
            explicit: explicit.as_deref_mut(),
        })?;
        if let Some(oneof) = field.oneof.filter(|_| is_set)
            && let Some(other) = seen.member(oneof, index)
        {
            let problem = Problem::Oneof {
                oneof: descriptor.oneofs.get(oneof).map_or("", |oneof| oneof.name),
                other: descriptor.fields.get(other).map_or("", |field| field.name),
            };
            let step = Step::Field(field.name);
            return merge.at(step, |merge| Err(merge.fail(problem)));
        }
    }
    Ok(())
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
        let bit = u32::try_from(index).ok();
        if let Some(bit) = bit.and_then(|index| 1u128.checked_shl(index)) {
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

/// Merges the members of an object into a map.
fn read_entries<'de, A: MapAccess<'de>>(
    merge: &mut Merge<'de, '_>,
    map: &mut dyn Map,
    scalar: Scalar,
    ty: Type,
    mut entries: A,
) -> Result<(), A::Error> {
    // In a map that was empty, a key that is there already came from this document.
    let mut given = (!map.is_empty()).then(BTreeSet::new);
    while let Some(text) = entries.next_key_seed(KeySeed)? {
        let step = match scalar {
            Scalar::String => Step::Key(text.clone()),
            _ => Step::KeyText(text.clone()),
        };
        merge.at(step, |merge| {
            let key = key(scalar, &text).map_err(|problem| merge.fail(problem))?;
            let is_new = match &mut given {
                Some(given) => {
                    map.remove(&key);
                    given.insert(key.to_string())
                }
                None => map.get(&key).is_none(),
            };
            if !is_new {
                return Err(merge.fail(Problem::Duplicate));
            }
            let Some(value) = map.get_mut(&key) else {
                return Err(merge.mismatch(Given::String(&text).to_string(), scalar.name()));
            };
            let target = Target::new(value, Label::Singular);
            entries.next_value_seed(Seed::new(merge, target, ty))
        })?;
    }
    Ok(())
}

/// The map key that a key of a JSON object stands for.
fn key(scalar: Scalar, text: &str) -> Result<Key<'_>, Problem> {
    let given = Given::String(text);
    Ok(match scalar {
        Scalar::String => Key::String(text.into()),
        Scalar::Bool => match text {
            "true" => Key::Bool(true),
            "false" => Key::Bool(false),
            _ => return Err(given.mismatch("true or false")),
        },
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(given.integer()?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(given.integer()?),
        Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(given.integer()?),
        Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(given.integer()?),
        Scalar::Double | Scalar::Float | Scalar::Bytes => {
            return Err(given.mismatch("a map's key"));
        }
    })
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

/// Reads one field's value, and returns whether it set the field (`null` does not).
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
        let is_set = set_null(self.message, self.index);
        if !is_set {
            self.message.clear(self.index);
        }
        match self.explicit {
            Some(explicit) if is_set => drop(explicit.mark(self.index)),
            Some(explicit) => explicit.unmark(self.index),
            None => {}
        }
        Ok(is_set)
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
        let within = explicit.map(|explicit| explicit.mark(index));
        let (Some(field), Some(mut value)) = (descriptor.fields.get(index), message.get_mut(index))
        else {
            return Err(merge.unknown_field(descriptor, &index.to_string()));
        };
        if let ValueMut::List(list) = &mut value {
            list.truncate(0);
        }
        let is_single = matches!(field.label, Label::Singular | Label::Optional);
        merge.at(Step::Field(field.name), |merge| {
            Seed {
                merge,
                target: Target::new(value, field.label),
                ty: field.ty,
                explicit: within.filter(|_| is_single),
                spelling: is_single.then_some((descriptor, index)),
            }
            .deserialize(reader)
        })?;
        Ok(true)
    }
}

/// Sets a field to `null` if that is a value of its type, and returns whether it is.
fn set_null(message: &mut dyn Reflect, index: usize) -> bool {
    let Some(field) = message.descriptor().fields.get(index) else {
        return false;
    };
    if matches!(field.label, Label::Repeated | Label::Map(_))
        || !well_known::null_is_value(&field.ty)
    {
        return false;
    }
    match message.get_mut(index) {
        Some(ValueMut::Enum(target)) => target.set_number(0),
        Some(ValueMut::Message(value)) => match WellKnown::of(value.descriptor()) {
            Some(WellKnown::Value(fields)) => known::set_null(value, fields),
            _ => return false,
        },
        _ => return false,
    }
    true
}

/// Reads a key, without a copy where the document has it as it is.
struct KeySeed;

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

/// The members of an object in the order given, their values not yet read.
#[derive(Default)]
pub(super) struct Members<'de>(pub(super) Vec<(Cow<'de, str>, &'de str)>);

impl<'de> Members<'de> {
    pub(super) fn read<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self, A::Error> {
        while let Some(name) = entries.next_key_seed(KeySeed)? {
            let value: &RawValue = entries.next_value()?;
            self.0.push((name, value.get()));
        }
        Ok(self)
    }
}
