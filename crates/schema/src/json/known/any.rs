//! `Any`: a message of any type that the schema has, as its JSON with an
//! `@type` beside its fields. As the type may come last, the object's text is
//! read twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed as _, Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::super::super::descriptor::{Message, Schema};
use super::super::super::reflect::{Reflect, Value, ValueMut};
use super::super::context::Merge;
use super::super::error::Problem;
use super::super::found::refuse;
use super::super::given::Given;
use super::super::message::{KeySeed, MessageSeed};
use super::super::names;
use super::super::place::Step;
use super::super::write::{WriteError, Writer};

const EXPECTED: &str = "an object with the \"@type\" of its message";

/// The message that a type's URL names, if the schema has it.
fn resolve(schema: &'static Schema, url: &str) -> Option<&'static Message> {
    let (_, name) = url.rsplit_once('/')?;
    let found = schema
        .messages
        .binary_search_by(|message| message.full_name.cmp(name));
    found
        .ok()
        .and_then(|index| schema.messages.get(index))
        .copied()
}

/// Whether the message stands in a `value` of its own beside the `@type`.
fn is_set_apart(message: &'static Message) -> bool {
    super::of(message).is_some()
}

pub(super) fn read<'de, E: de::Error>(
    merge: &mut Merge<'de, '_>,
    any: &mut dyn Reflect,
    type_url: usize,
    value: usize,
    raw: &'de str,
) -> Result<(), E> {
    if !raw.starts_with('{') {
        let content = super::scalar::string_content::<E>(merge, raw)?;
        let found = content
            .as_deref()
            .map_or(Given::unless_string(raw), Given::String);
        return Err(merge.fail(found.mismatch(EXPECTED)));
    }
    let mut head = Head::default();
    merge.reread(raw, |merge, reader| {
        reader.deserialize_map(HeadVisitor {
            merge,
            head: &mut head,
        })
    })?;
    let Some(url) = head.url else {
        if head.is_empty {
            any.clear(type_url);
            any.clear(value);
            return Ok(());
        }
        return Err(merge.mismatch("an object without \"@type\"".to_owned(), EXPECTED));
    };
    let Some(descriptor) = resolve(merge.schema, &url) else {
        return Err(merge.fail(Problem::UnknownType(url.into_owned())));
    };
    let mut message = (descriptor.new)();
    merge.reread(raw, |merge, reader| {
        if is_set_apart(descriptor) {
            reader.deserialize_map(ApartVisitor {
                merge,
                message: &mut *message,
            })
        } else {
            MessageSeed::beside_type(merge, &mut *message).deserialize(reader)
        }
    })?;
    if let Some(ValueMut::String(target)) = any.get_mut(type_url) {
        *target = url.into_owned();
    }
    if let Some(ValueMut::Bytes(target)) = any.get_mut(value) {
        target.clear();
        message.encode_into(target).map_err(E::custom)?;
    }
    Ok(())
}

/// What an object tells of its type.
#[derive(Default)]
struct Head<'de> {
    url: Option<Cow<'de, str>>,
    is_empty: bool,
}

struct HeadVisitor<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    head: &'a mut Head<'de>,
}

impl<'de> Visitor<'de> for HeadVisitor<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.head.is_empty = true;
        while let Some(name) = entries.next_key_seed(KeySeed)? {
            self.head.is_empty = false;
            if name != "@type" {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let raw = entries.next_value::<&serde_json::value::RawValue>()?.get();
            let head = &mut *self.head;
            self.merge.at(Step::Field("@type"), |merge| {
                if head.url.is_some() {
                    return Err(merge.fail(Problem::Duplicate));
                }
                head.url = super::scalar::string_content(merge, raw)?;
                if head.url.is_none() {
                    return Err(merge.fail(Given::unless_string(raw).mismatch("a string")));
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Reads the `value` of a message with a special form.
struct ApartVisitor<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    message: &'a mut dyn Reflect,
}

impl ApartVisitor<'_, '_, '_> {
    fn refuse<E: de::Error>(self, found: String) -> E {
        self.merge.mismatch(found, EXPECTED)
    }
}

impl<'de> Visitor<'de> for ApartVisitor<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { merge, message } = self;
        let mut seen = false;
        while let Some(name) = entries.next_key_seed(KeySeed)? {
            match &*name {
                "@type" => {
                    entries.next_value::<IgnoredAny>()?;
                }
                "value" => merge.at(Step::Field("value"), |merge| {
                    if seen {
                        return Err(merge.fail(Problem::Duplicate));
                    }
                    seen = true;
                    entries.next_value_seed(MessageSeed::new(merge, &mut *message, None))
                })?,
                _ => return Err(names::unknown(merge, message.descriptor(), &name)),
            }
        }
        if !seen {
            let found = format!(
                "an object of type {} without \"value\"",
                message.descriptor().full_name
            );
            return Err(merge.mismatch(found, "complete"));
        }
        Ok(())
    }

    refuse!(bool number string null list);
}

/// Writes the message within, or `false` where it cannot be shown: its type is
/// not in the schema or its bytes are not of that type.
pub(super) fn write(
    writer: &mut Writer<'_>,
    any: &dyn Reflect,
    type_url: usize,
    value: usize,
) -> Result<bool, WriteError> {
    let (Some(Value::String(url)), Some(Value::Bytes(bytes))) = (any.get(type_url), any.get(value))
    else {
        return Ok(false);
    };
    if url.is_empty() && bytes.is_empty() {
        writer.empty_object();
        return Ok(true);
    }
    let Some(descriptor) = resolve(writer.schema(), url) else {
        return Ok(false);
    };
    let mut message = (descriptor.new)();
    if message.merge_from(bytes).is_err() {
        return Ok(false);
    }
    writer.typed(url, &*message, is_set_apart(descriptor))?;
    Ok(true)
}
