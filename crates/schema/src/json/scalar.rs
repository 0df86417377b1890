//! Scalars and enums from JSON. Strings and bytes are taken as the reader hands
//! them out, everything else from its raw text, which alone is exact.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::super::descriptor::Type;
use super::super::reflect::ValueMut;
use super::super::value;
use super::context::{Merge, Spelling};
use super::error::Problem;
use super::found::refuse;
use super::given::Given;
use agent_text::excerpt::Excerpt;

/// Reads one scalar or enum value into `target`.
pub(super) fn read<'de, D: Deserializer<'de>>(
    merge: &mut Merge<'de, '_>,
    target: ValueMut<'_>,
    ty: Type,
    spelling: Spelling,
    reader: D,
) -> Result<(), D::Error> {
    let target = match target {
        ValueMut::String(target) => Target::String(target),
        ValueMut::Bytes(target) => Target::Bytes(target),
        other => {
            let raw = <&RawValue as de::Deserialize>::deserialize(reader)?;
            return read_raw(merge, other, ty, spelling, raw.get());
        }
    };
    reader.deserialize_any(TextVisitor {
        merge,
        target,
        spelling,
    })
}

/// The content of a string's JSON text; `None` if the text is of another kind.
pub(super) fn string_content<'de, E: de::Error>(
    merge: &mut Merge<'de, '_>,
    raw: &'de str,
) -> Result<Option<Cow<'de, str>>, E> {
    let Some(inner) = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Ok(None);
    };
    if !inner.contains('\\') {
        return Ok(Some(Cow::Borrowed(inner)));
    }
    match serde_json::from_str(raw) {
        Ok(content) => Ok(Some(Cow::Owned(content))),
        Err(error) => Err(merge.broken(raw, &error)),
    }
}

fn read_raw<'de, E: de::Error>(
    merge: &mut Merge<'de, '_>,
    target: ValueMut<'_>,
    ty: Type,
    spelling: Spelling,
    raw: &'de str,
) -> Result<(), E> {
    let content = string_content(merge, raw)?;
    let content = content
        .as_deref()
        .map(|content| merge.respell(spelling, content));
    let given = match &content {
        Some(content) => Given::String(content),
        None => Given::unless_string(raw),
    };
    store(target, ty, given).map_err(|problem| merge.fail(problem))
}

fn store(target: ValueMut<'_>, ty: Type, given: Given<'_>) -> Result<(), Problem> {
    match target {
        ValueMut::Bool(target) => *target = given.bool()?,
        ValueMut::Int32(target) => *target = given.integer()?,
        ValueMut::Int64(target) => *target = given.integer()?,
        ValueMut::Uint32(target) => *target = given.integer()?,
        ValueMut::Uint64(target) => *target = given.integer()?,
        ValueMut::Float(target) => *target = given.float()?,
        ValueMut::Double(target) => *target = given.double()?,
        ValueMut::Enum(target) => target.set_number(match ty {
            Type::Enum(enumeration) => given.enum_number(enumeration)?,
            Type::Scalar(_) | Type::Message(_) => given.integer()?,
        }),
        ValueMut::String(_)
        | ValueMut::Bytes(_)
        | ValueMut::Message(_)
        | ValueMut::List(_)
        | ValueMut::Map(_) => return Err(given.mismatch(ty.name())),
    }
    Ok(())
}

enum Target<'a> {
    String(&'a mut String),
    Bytes(&'a mut Vec<u8>),
}

struct TextVisitor<'a, 'de, 'c> {
    merge: &'a mut Merge<'de, 'c>,
    target: Target<'a>,
    spelling: Spelling,
}

impl TextVisitor<'_, '_, '_> {
    fn expected(&self) -> &'static str {
        match self.target {
            Target::String(_) => "a string",
            Target::Bytes(_) => "a string in base64",
        }
    }

    fn refuse<E: de::Error>(self, found: String) -> E {
        let expected = self.expected();
        self.merge.mismatch(found, expected)
    }
}

impl<'de> Visitor<'de> for TextVisitor<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }

    fn visit_str<E: de::Error>(self, given: &str) -> Result<(), E> {
        let text = self.merge.respell(self.spelling, given);
        match self.target {
            Target::String(target) => {
                target.clear();
                target.push_str(&text);
            }
            Target::Bytes(target) => match value::decode_base64(&text) {
                Ok(bytes) => *target = bytes,
                Err(error) => {
                    let found = Excerpt(given).to_string();
                    return Err(self.merge.mismatch(found, &format!("base64: {error}")));
                }
            },
        }
        Ok(())
    }

    refuse!(bool number null list object);
}
