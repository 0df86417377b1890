//! `Any`: a message of any type that the schema has, as its JSON with an
//! `@type` beside its fields. As the type may come last, the object's text is
//! read twice. One of another type is an object of its two fields.

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed as _};

use super::super::error::Problem;
use super::super::merge::{Merge, Step};
use super::super::object::Members;
use super::super::read::{Seed, Target};
use super::super::scalar::Given;
use super::super::write::{Style, WriteError, Writer};
use crate::decode::decode;
use crate::descriptor::{Schema, Type};
use crate::reflect::{Reflect, Value, ValueMut};
use crate::well_known;

const EXPECTED: &str = "an object with the \"@type\" of its message";
/// The names of its fields in JSON.
const FIELDS: [&str; 3] = ["type_url", "typeUrl", "value"];

pub(super) fn read<'de, E: de::Error>(
    merge: &mut Merge<'de, '_>,
    any: &mut dyn Reflect,
    type_url: usize,
    value: usize,
    raw: &'de str,
) -> Result<(), E> {
    if !raw.starts_with('{') {
        let content = merge.string_content::<E>(raw)?;
        return Err(merge.fail(Given::new(content.as_deref(), raw).mismatch(EXPECTED)));
    }
    let members = merge.reread(raw, |_, reader| Members::read(reader))?.0;
    let mut url = None;
    for (_, value) in members.iter().filter(|(name, _)| name == "@type") {
        url = merge.at(Step::Field("@type"), |merge| {
            if url.is_some() {
                return Err(merge.fail(Problem::Duplicate));
            }
            match merge.string_content(value)? {
                Some(content) => Ok(Some(content)),
                None => Err(merge.fail(Given::new(None, value).mismatch("a string"))),
            }
        })?;
    }
    let Some(url) = url else {
        if !members.iter().all(|(name, _)| FIELDS.contains(&&**name)) {
            return Err(merge.mismatch("an object without \"@type\"".to_owned(), EXPECTED));
        }
        any.clear(type_url);
        any.clear(value);
        return merge.reread(raw, |merge, reader| {
            let ty = Type::Message(any.descriptor());
            Seed::new(merge, Target::BesideType(any), ty).deserialize(reader)
        });
    };
    let Some(descriptor) = well_known::type_of_url(&url, merge.schema) else {
        return Err(merge.fail(Problem::UnknownType(url.into_owned())));
    };
    let mut message = (descriptor.new)();
    if well_known::has_special_form(descriptor) {
        read_apart(merge, &mut *message, &members)?;
    } else {
        merge.reread(raw, |merge, reader| {
            let target = Target::BesideType(&mut *message);
            Seed::new(merge, target, Type::Message(descriptor)).deserialize(reader)
        })?;
    }
    if let Some(ValueMut::String(target)) = any.get_mut(type_url) {
        *target = url.into_owned();
    }
    if let Some(ValueMut::Bytes(target)) = any.get_mut(value) {
        target.clear();
        message.encode_into(target).map_err(E::custom)?;
    }
    Ok(())
}

/// Reads a message with a JSON form of its own, which stands in a `value` beside the
/// `@type`.
fn read_apart<'de, E: de::Error>(
    merge: &mut Merge<'de, '_>,
    message: &mut dyn Reflect,
    members: &[(Cow<'de, str>, &'de str)],
) -> Result<(), E> {
    let mut seen = false;
    for (name, raw) in members.iter().filter(|(name, _)| name != "@type") {
        if name != "value" {
            return Err(merge.unknown_field(message.descriptor(), name));
        }
        merge.at(Step::Field("value"), |merge| {
            if seen {
                return Err(merge.fail(Problem::Duplicate));
            }
            merge.reread(raw, |merge, reader| {
                Seed::message(merge, &mut *message).deserialize(reader)
            })
        })?;
        seen = true;
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

/// Writes the message within, or `false` where it cannot be shown: its type is
/// not in the schema or its bytes are not of that type.
pub(super) fn write(
    writer: &mut Writer<'_>,
    any: &dyn Reflect,
    type_url: usize,
    value: usize,
) -> Result<bool, WriteError> {
    match (any.get(type_url), any.get(value)) {
        (Some(Value::String(url)), Some(Value::Bytes(bytes))) => write_content(writer, url, bytes),
        _ => Ok(false),
    }
}

/// The same by the URL of a type and the bytes of a message.
pub(super) fn write_content(
    writer: &mut Writer<'_>,
    url: &str,
    bytes: &[u8],
) -> Result<bool, WriteError> {
    if url.is_empty() && bytes.is_empty() {
        writer.empty_object();
        return Ok(true);
    }
    let Some(descriptor) = well_known::type_of_url(url, writer.schema()) else {
        return Ok(false);
    };
    let mut message = (descriptor.new)();
    if decode(&mut *message, bytes).is_err() {
        return Ok(false);
    }
    writer.typed(url, &*message, well_known::has_special_form(descriptor))?;
    Ok(true)
}

/// Writes what is within an `Any` that is not in a message, on one line: its type's URL and
/// its bytes where the message within cannot be shown.
pub fn write_any(url: &str, bytes: &[u8], schema: &'static Schema, out: &mut Vec<u8>) {
    let style = Style::default();
    let start = out.len();
    let mut writer = Writer::new(schema, style, out);
    match write_content(&mut writer, url, bytes) {
        Ok(true) => return,
        Ok(false) | Err(_) => out.truncate(start),
    }
    let mut writer = Writer::new(schema, style, out);
    let mut items = writer.open(b'{');
    writer.name("type_url", &mut items);
    writer.string(url);
    writer.name("value", &mut items);
    writer.bytes(bytes);
    writer.close(items, b'}');
}
