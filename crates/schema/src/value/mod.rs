//! One value from the text that a user typed for it: booleans, numbers, text,
//! bytes, enums, map keys, and `@file` for the content of a file.

mod bytes;
mod enumeration;
mod number;

use std::error::Error;

use agent_text::NotText;
use agent_text::excerpt::{Excerpt, Quoted};

use crate::descriptor::{Enum, Scalar};
use crate::dialect::Dialect;
use crate::reflect::{Key, ValueMut};

pub use self::bytes::{Base64Error, BytesError};
pub use self::enumeration::EnumError;

pub(crate) use self::bytes::decode_base64;
pub(crate) use self::enumeration::parse_exact as parse_enum_name;
pub(crate) use self::number::Number;

/// Why a text is not a value of its type.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// Neither of the two booleans.
    #[error("{} is not true, false, 1 or 0", Excerpt(.0))]
    Bool(String),
    /// Not a number, or one that the type cannot hold.
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
    /// Not a value of the enum.
    #[error(transparent)]
    Enum(#[from] EnumError),
    /// A file given with `@` that cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a file given with `@` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing stands after the `@`.
    #[error(
        "\"@\" needs the name of a file after it (write \"@@\" for a text that begins with \"@\")"
    )]
    NoName,
    /// It cannot be read.
    #[error(transparent)]
    Read(Box<dyn Error + Send + Sync>),
    /// It is to be text, and is not UTF-8.
    #[error("file {} is {error}", Quoted(.path))]
    NotText {
        /// The file's path as given.
        path: String,
        /// Where the first wrong byte stands.
        error: NotText,
    },
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
    /// Puts the value into a field, element or entry of the same type, and returns
    /// whether it was of the same type.
    pub(crate) fn store(self, slot: ValueMut<'_>) -> bool {
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
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Parsed::Int32(number::integer(text)?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Parsed::Int64(number::integer(text)?),
        Scalar::Uint32 | Scalar::Fixed32 => Parsed::Uint32(number::integer(text)?),
        Scalar::Uint64 | Scalar::Fixed64 => Parsed::Uint64(number::integer(text)?),
        Scalar::Float => Parsed::Float(number::float(text)?),
        Scalar::Double => Parsed::Double(number::double(text)?),
        Scalar::String => Parsed::String(match source(text) {
            Source::Text(text) => text.to_owned(),
            Source::File(path) => read_text(dialect, path)?,
        }),
        Scalar::Bytes => Parsed::Bytes(match source(text) {
            Source::Text(text) => bytes::parse(text)?,
            Source::File(path) => read(dialect, path)?,
        }),
    })
}

/// Reads an enum's value: a name, in any case where that is unique, or a number.
///
/// # Errors
/// When no value has the name and it is not a 32-bit number.
pub(crate) fn parse_enum(enumeration: &Enum, text: &str) -> Result<Parsed, ValueError> {
    Ok(Parsed::Enum(enumeration::parse(enumeration, text)?))
}

fn parse_bool(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(ValueError::Bool(text.to_owned())),
    }
}

/// Reads a map's key. The text of a string key is the key; no file is read.
///
/// # Errors
/// When the text is not a value of the key's type.
pub fn parse_key(scalar: Scalar, text: &str) -> Result<Key<'static>, ValueError> {
    Ok(match scalar {
        Scalar::Bool => Key::Bool(parse_bool(text)?),
        Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => Key::Int32(number::integer(text)?),
        Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => Key::Int64(number::integer(text)?),
        Scalar::Uint32 | Scalar::Fixed32 => Key::Uint32(number::integer(text)?),
        Scalar::Uint64 | Scalar::Fixed64 => Key::Uint64(number::integer(text)?),
        // Protobuf allows no other type of key.
        Scalar::String | Scalar::Bytes | Scalar::Float | Scalar::Double => {
            Key::String(text.to_owned().into())
        }
    })
}

/// Where a string or bytes value is.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    /// In the text itself.
    Text(&'a str),
    /// In the file of this path.
    File(&'a str),
}

/// Whether a text names a file by `@file`; `@@` is a text's own `@`.
fn source(text: &str) -> Source<'_> {
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Source::Text(rest),
        Some(path) => Source::File(path),
        None => Source::Text(text),
    }
}

/// The content of a file.
fn read(dialect: &dyn Dialect, path: &str) -> Result<Vec<u8>, FileError> {
    if path.is_empty() {
        return Err(FileError::NoName);
    }
    dialect.file(path).map_err(FileError::Read)
}

/// The content of a file that holds UTF-8 text, the last line break included.
fn read_text(dialect: &dyn Dialect, path: &str) -> Result<String, FileError> {
    String::from_utf8(read(dialect, path)?).map_err(|error| FileError::NotText {
        path: path.to_owned(),
        error: error.utf8_error().into(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::{Content, Plain};
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
        assert_eq!(parse_key(Scalar::Sint32, "-1").unwrap(), Key::Int32(-1));
        assert_eq!(
            parse_key(Scalar::String, "@etc").unwrap(),
            Key::String("@etc".into())
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

    /// The only file there is.
    struct One(&'static [u8]);

    impl Dialect for One {
        fn file(&self, path: &str) -> Content {
            match path {
                "a b" => Ok(self.0.to_vec()),
                _ => Err(format!("no file {path}").into()),
            }
        }
    }

    #[test]
    fn one_at_sign_is_a_file_and_two_are_one() {
        assert_eq!(source("@a b"), Source::File("a b"));
        assert_eq!(source("@@x"), Source::Text("@x"));
        assert_eq!(source("@@"), Source::Text("@"));
        assert_eq!(source("x@y"), Source::Text("x@y"));
        assert!(matches!(read(&One(b""), ""), Err(FileError::NoName)));
    }

    #[test]
    fn content_is_taken_whole() {
        let text = "package \u{e9}\n";
        assert_eq!(read_text(&One(text.as_bytes()), "a b").unwrap(), text);
    }

    #[test]
    fn bytes_that_are_not_text() {
        assert_eq!(read(&One(b"ab\xff"), "a b").unwrap(), b"ab\xff");
        assert_eq!(
            read_text(&One(b"ab\xff"), "a b").unwrap_err().to_string(),
            "file \"a b\" is not UTF-8 text: the byte at offset 2 is wrong"
        );
    }

    #[test]
    fn what_cannot_be_read() {
        assert_eq!(read(&One(b""), "c").unwrap_err().to_string(), "no file c");
        assert_eq!(
            read(&Plain, "c").unwrap_err().to_string(),
            "file \"c\" is not read: only values are taken here"
        );
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
