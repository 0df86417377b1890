//! One value from the text that a user typed for it: booleans, numbers, text,
//! bytes, enums, map keys. It knows the types of the table; where a value is
//! put, and which message it is in, is not its business.

mod bytes;
mod enumeration;
mod file;
mod number;

use super::descriptor::{Enum, Scalar};
use super::dialect::Dialect;
use super::reflect::{Key, ValueMut};
use agent_text::excerpt::Excerpt;

pub(crate) use bytes::decode_base64;
pub use bytes::{Base64Error, BytesError};
pub use enumeration::EnumError;
pub use file::FileError;

/// Why a text is not a value of its type.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// Neither of the two booleans.
    #[error("{} is not true, false, 1 or 0", Excerpt(.0))]
    Bool(String),
    /// No number, or one that the type cannot hold.
    #[error("{} is not {expected}", Excerpt(.text))]
    Number {
        /// What was given.
        text: String,
        /// The kind of number it had to be, with its range.
        expected: &'static str,
    },
    /// Bad hexadecimal or base64 text.
    #[error(transparent)]
    Bytes(#[from] BytesError),
    /// No value of an enum.
    #[error(transparent)]
    Enum(#[from] EnumError),
    /// A file given with `@` that cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A value that has been read and fits its type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the types'")]
pub enum Parsed {
    Bool(bool),
    Int32(i32),
    Int64(i64),
    Uint32(u32),
    Uint64(u64),
    Float(f32),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    Enum(i32),
}

impl Parsed {
    /// Puts the value into a field, element or entry of the same type; tells
    /// whether it was of the same type.
    pub fn store(self, slot: ValueMut<'_>) -> bool {
        match (self, slot) {
            (Parsed::Bool(value), ValueMut::Bool(slot)) => *slot = value,
            (Parsed::Int32(value), ValueMut::Int32(slot)) => *slot = value,
            (Parsed::Int64(value), ValueMut::Int64(slot)) => *slot = value,
            (Parsed::Uint32(value), ValueMut::Uint32(slot)) => *slot = value,
            (Parsed::Uint64(value), ValueMut::Uint64(slot)) => *slot = value,
            (Parsed::Float(value), ValueMut::Float(slot)) => *slot = value,
            (Parsed::Double(value), ValueMut::Double(slot)) => *slot = value,
            (Parsed::String(value), ValueMut::String(slot)) => *slot = value,
            (Parsed::Bytes(value), ValueMut::Bytes(slot)) => *slot = value,
            (Parsed::Enum(value), ValueMut::Enum(slot)) => slot.set_number(value),
            _ => return false,
        }
        true
    }
}

/// Reads a scalar. For strings and bytes `@file` stands for the content of a file,
/// which the dialect reads, and `@@x` for the text `@x`.
///
/// # Errors
/// When the text is not a value of the type, or the file cannot be used.
pub fn parse_scalar(
    scalar: Scalar,
    dialect: &dyn Dialect,
    text: &str,
) -> Result<Parsed, ValueError> {
    Ok(match scalar {
        Scalar::Bool => Parsed::Bool(parse_bool(text)?),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Parsed::Int32(number::int32(text)?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Parsed::Int64(number::int64(text)?),
        Scalar::Uint32 | Scalar::Fixed32 => Parsed::Uint32(number::uint32(text)?),
        Scalar::Uint64 | Scalar::Fixed64 => Parsed::Uint64(number::uint64(text)?),
        Scalar::Float => Parsed::Float(number::float(text)?),
        Scalar::Double => Parsed::Double(number::double(text)?),
        Scalar::String => Parsed::String(match file::named_in(text) {
            file::Source::Text(text) => text.to_owned(),
            file::Source::File(path) => file::read_text(dialect, path)?,
        }),
        Scalar::Bytes => Parsed::Bytes(match file::named_in(text) {
            file::Source::Text(text) => bytes::parse(text)?,
            file::Source::File(path) => file::read(dialect, path)?,
        }),
    })
}

/// Reads an enum's value: a name, in any case where that is unique, or a number.
///
/// # Errors
/// When no value has the name and it is not a 32-bit number.
pub fn parse_enum(enumeration: &Enum, text: &str) -> Result<Parsed, ValueError> {
    Ok(Parsed::Enum(enumeration::parse(enumeration, text)?))
}

/// Reads an enum value's name letter by letter, as ProtoJSON has it.
///
/// # Errors
/// When no value has exactly this name.
pub fn parse_enum_name(enumeration: &Enum, name: &str) -> Result<Parsed, ValueError> {
    let number = enumeration::exact(enumeration, name);
    Ok(Parsed::Enum(
        number.ok_or_else(|| enumeration::unknown(enumeration, name))?,
    ))
}

fn parse_bool(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ValueError::Bool(text.to_owned())),
    }
}

/// A map key that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the types'")]
pub enum OwnedKey {
    Bool(bool),
    Int32(i32),
    Int64(i64),
    Uint32(u32),
    Uint64(u64),
    String(String),
}

impl OwnedKey {
    /// The key as maps take it.
    pub fn as_key(&self) -> Key<'_> {
        match self {
            OwnedKey::Bool(key) => Key::Bool(*key),
            OwnedKey::Int32(key) => Key::Int32(*key),
            OwnedKey::Int64(key) => Key::Int64(*key),
            OwnedKey::Uint32(key) => Key::Uint32(*key),
            OwnedKey::Uint64(key) => Key::Uint64(*key),
            OwnedKey::String(key) => Key::String(key),
        }
    }
}

/// Reads a map's key. The text of a string key is the key; no file is read.
///
/// # Errors
/// When the text is not a value of the key's type.
pub fn parse_key(scalar: Scalar, text: &str) -> Result<OwnedKey, ValueError> {
    Ok(match scalar {
        Scalar::Bool => OwnedKey::Bool(parse_bool(text)?),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => OwnedKey::Int32(number::int32(text)?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => OwnedKey::Int64(number::int64(text)?),
        Scalar::Uint32 | Scalar::Fixed32 => OwnedKey::Uint32(number::uint32(text)?),
        Scalar::Uint64 | Scalar::Fixed64 => OwnedKey::Uint64(number::uint64(text)?),
        // Protobuf allows no other type of key.
        Scalar::String | Scalar::Bytes | Scalar::Float | Scalar::Double => {
            OwnedKey::String(text.to_owned())
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::Plain;
    use proptest::prelude::*;

    const SCALARS: [Scalar; 15] = [
        Scalar::Double,
        Scalar::Float,
        Scalar::Int32,
        Scalar::Int64,
        Scalar::Uint32,
        Scalar::Uint64,
        Scalar::Sint32,
        Scalar::Sint64,
        Scalar::Fixed32,
        Scalar::Fixed64,
        Scalar::Sfixed32,
        Scalar::Sfixed64,
        Scalar::Bool,
        Scalar::String,
        Scalar::Bytes,
    ];

    #[test]
    fn booleans() {
        for (text, value) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(
                parse_scalar(Scalar::Bool, &Plain, text).unwrap(),
                Parsed::Bool(value)
            );
        }
        for text in ["True", "yes", "", "01", " true", "2"] {
            let error = parse_scalar(Scalar::Bool, &Plain, text)
                .unwrap_err()
                .to_string();
            assert_eq!(error, format!("\"{text}\" is not true, false, 1 or 0"));
        }
    }

    #[test]
    fn strings_are_taken_as_they_are() {
        for text in ["", "null", "{\"a\":1}", "hex:00", "a=b", "[0]", "é\n"] {
            let value = parse_scalar(Scalar::String, &Plain, text).unwrap();
            assert_eq!(value, Parsed::String(text.to_owned()));
        }
        assert_eq!(
            parse_scalar(Scalar::String, &Plain, "@@x").unwrap(),
            Parsed::String("@x".into())
        );
    }

    #[test]
    fn keys_have_their_type() {
        assert_eq!(
            parse_key(Scalar::Sint32, "-1").unwrap(),
            OwnedKey::Int32(-1)
        );
        assert_eq!(
            parse_key(Scalar::String, "@etc").unwrap(),
            OwnedKey::String("@etc".into())
        );
        assert_eq!(
            parse_key(Scalar::Uint32, "4294967296")
                .unwrap_err()
                .to_string(),
            "\"4294967296\" is not an unsigned 32-bit number (0 to 4294967295)"
        );
        assert_eq!(
            parse_key(Scalar::Bool, "t").unwrap_err().to_string(),
            "\"t\" is not true, false, 1 or 0"
        );
    }

    #[test]
    fn a_value_is_stored_in_a_slot_of_its_type_only() {
        let mut number = 0;
        assert!(Parsed::Uint32(7).store(ValueMut::Uint32(&mut number)));
        assert_eq!(number, 7);
        let mut text = String::new();
        assert!(!Parsed::Uint32(7).store(ValueMut::String(&mut text)));
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(
            text in "(@@?|hex:|base64:|0x|0b|0o|[-+]|)[0-9a-zA-Z_+/=.\u{0}-\u{ff}-]{0,40}",
            scalar in prop::sample::select(&SCALARS[..]),
        ) {
            match parse_scalar(scalar, &Plain, &text) {
                Ok(value) => prop_assert!(scalar != Scalar::String || matches!(value, Parsed::String(_))),
                Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control)),
            }
        }

        #[test]
        fn numbers_survive_their_text(number: i64) {
            prop_assert_eq!(parse_scalar(Scalar::Sint64, &Plain, &number.to_string()).unwrap(), Parsed::Int64(number));
            let hex = format!("{}{:#x}", if number < 0 { "-" } else { "" }, number.unsigned_abs());
            prop_assert_eq!(parse_scalar(Scalar::Int64, &Plain, &hex).unwrap(), Parsed::Int64(number));
        }

        #[test]
        fn floats_survive_their_text(number: f64) {
            prop_assume!(!number.is_nan());
            prop_assert_eq!(parse_scalar(Scalar::Double, &Plain, &number.to_string()).unwrap(), Parsed::Double(number));
        }
    }
}
