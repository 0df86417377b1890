//! Messages as Rust's serde writes the structs of rust-protobuf, which is what an agent's
//! policy log and the test cases of policies have: names that are words of Rust end with
//! `_`, bytes are lists of numbers, enums and 64-bit integers are numbers, a oneof is an
//! object with its member, and every field is there.

use super::names::{ident, variant};
use super::string;
use super::write::{MAX_WRITE_DEPTH, WriteError, name_of_float};
use crate::reflect::{Key, Reflect, Value};

/// Appends `message` on one line, as serde writes its struct, without a line end. Messages of
/// `google.protobuf` have no form of their own here.
///
/// # Errors
/// When messages are nested too deep; `out` then holds the beginning.
pub fn write_serde(message: &dyn Reflect, out: &mut Vec<u8>) -> Result<(), WriteError> {
    write_message(message, 0, out)
}

fn write_message(message: &dyn Reflect, depth: usize, out: &mut Vec<u8>) -> Result<(), WriteError> {
    if depth == MAX_WRITE_DEPTH {
        return Err(WriteError::TooDeep);
    }
    let descriptor = message.descriptor();
    let mut members = Separated::begin(b'{', out);
    for (index, field) in descriptor.fields.iter().enumerate() {
        if field.oneof.is_none() {
            members.name(&ident(field.name), out);
            write_field(message.get(index), depth, out)?;
        }
    }
    for (number, oneof) in descriptor.oneofs.iter().enumerate() {
        members.name(&ident(oneof.name), out);
        let mut fields = descriptor.fields.iter().enumerate();
        let held = fields.find_map(|(index, field)| match field.oneof == Some(number) {
            true => Some((field, message.get(index)?)),
            false => None,
        });
        match held {
            Some((field, value)) => {
                let mut one = Separated::begin(b'{', out);
                one.name(&variant(field.name), out);
                write_field(Some(value), depth, out)?;
                out.push(b'}');
            }
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_field(
    value: Option<Value<'_>>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let Some(value) = value else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    match value {
        Value::Bool(value) => plain(&value, out),
        Value::Int32(value) | Value::Enum(value) => plain(&value, out),
        Value::Int64(value) => plain(&value, out),
        Value::Uint32(value) => plain(&value, out),
        Value::Uint64(value) => plain(&value, out),
        Value::Float(value) if name_of_float(value.into()).is_none() => plain(&value, out),
        Value::Double(value) if name_of_float(value).is_none() => plain(&value, out),
        Value::Float(_) | Value::Double(_) => out.extend_from_slice(b"null"),
        Value::String(text) => string::write(text, out),
        Value::Bytes(bytes) => {
            let mut list = Separated::begin(b'[', out);
            for byte in bytes {
                list.next(out);
                plain(byte, out);
            }
            out.push(b']');
        }
        Value::Message(message) => write_message(message, depth + 1, out)?,
        Value::List(values) => {
            let mut list = Separated::begin(b'[', out);
            for index in 0..values.len() {
                list.next(out);
                write_field(values.get(index), depth, out)?;
            }
            out.push(b']');
        }
        Value::Map(map) => {
            let mut members = Separated::begin(b'{', out);
            for (key, value) in map.entries() {
                match key {
                    Key::String(key) => members.name(&key, out),
                    key => members.name(&key.to_string(), out),
                }
                write_field(Some(value), depth, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn plain(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(&mut *out, value);
    debug_assert!(written.is_ok(), "writing a number to memory does not fail");
}

/// Writes what stands between members or elements.
struct Separated {
    any: bool,
}

impl Separated {
    fn begin(bracket: u8, out: &mut Vec<u8>) -> Self {
        out.push(bracket);
        Self { any: false }
    }

    fn next(&mut self, out: &mut Vec<u8>) {
        if self.any {
            out.push(b',');
        }
        self.any = true;
    }

    fn name(&mut self, name: &str, out: &mut Vec<u8>) {
        self.next(out);
        string::write(name, out);
        out.push(b':');
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::fixture::{All, Choice, Either, Inner, SCHEMA};
    use crate::{Explicit, Plain, json};

    fn written(message: &dyn Reflect) -> String {
        let mut out = Vec::new();
        write_serde(message, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_field_is_there_in_its_form() {
        let either = |choice| Either {
            choice,
            ..Either::default()
        };
        assert_eq!(written(&either(None)), r#"{"other":"","choice":null}"#);
        assert_eq!(
            written(&either(Some(Choice::Number(0)))),
            r#"{"other":"","choice":{"Number":0}}"#
        );
        let all = All {
            large: u64::MAX,
            ratio: f32::NAN,
            data: vec![0, 255],
            maybe: Some(false),
            inner: Some(Inner::default()),
            numbers: vec![1, 2],
            by_flag: [(true, 3)].into(),
            ..All::default()
        };
        assert_eq!(
            written(&all),
            r#"{"flag":false,"small":0,"large":18446744073709551615,"ratio":null,"text":"","#
                .to_owned()
                + r#""data":[0,255],"level":0,"maybe":false,"#
                + r#""inner":{"name":"","group_id":0,"child":null,"tags":[]},"list":[],"#
                + r#""numbers":[1,2],"inners":[],"names":{},"by_number":{},"by_flag":{"true":3},"#
                + r#""Clash":"","cLash":"","either":null,"wrapped":null,"empty":null}"#
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let all = All {
            data: vec![0, 255],
            either: Some(Either {
                choice: Some(Choice::Inner(Inner {
                    name: "n".to_owned(),
                    ..Inner::default()
                })),
                ..Either::default()
            }),
            by_number: [(-1, Inner::default())].into(),
            ..All::default()
        };
        let mut read = All::default();
        let explicit = &mut Explicit::default();
        json::merge(&mut read, explicit, &Plain, &SCHEMA, &written(&all)).unwrap();
        assert_eq!(read, all);
    }
}
