//! Writing a message as ProtoJSON, straight into a buffer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{known, string};
use crate::descriptor::{Field, Schema, Type};
use crate::reflect::{Key, Reflect, Value};
use crate::well_known::{self, WellKnown};

/// How a document is laid out and what it shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Over several lines, indented by two spaces; otherwise all in one line.
    pub pretty: bool,
    /// Fields without presence appear at their default too.
    pub emit_defaults: bool,
}

/// The message cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More messages within each other than [`super::MAX_DEPTH`] by far.
    #[error("the message is nested too deep to be shown")]
    TooDeep,
    /// A `google.protobuf.Value` that is such a number: as a string it would be another value.
    #[error("a google.protobuf.Value is {0}, which JSON has no number for")]
    NoNumber(&'static str),
}

/// How deep a message may be that did not come from a document: decoding counts
/// differently, and a message within an `Any` starts anew.
pub(super) const MAX_WRITE_DEPTH: usize = 2 * super::MAX_DEPTH;

/// Appends `message` as a JSON document to `out`, without a line end. A
/// message of `google.protobuf` whose content has no special form (a time
/// outside its range, an `Any` of unknown type) is shown by its fields.
///
/// # Errors
/// When messages are nested too deep, or a `Value` is not a number of JSON's; `out` then holds
/// the beginning.
pub fn write(
    message: &dyn Reflect,
    schema: &'static Schema,
    style: Style,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    Writer::new(schema, style, out).message(message)
}

/// Writes values one after the other.
pub(super) struct Writer<'a> {
    schema: &'static Schema,
    style: Style,
    out: &'a mut Vec<u8>,
    indent: usize,
    depth: usize,
}

/// Whether an object or a list has anything in it so far.
#[derive(Default)]
pub(super) struct Items {
    any: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(schema: &'static Schema, style: Style, out: &'a mut Vec<u8>) -> Self {
        Self {
            schema,
            style,
            out,
            indent: 0,
            depth: 0,
        }
    }

    pub(super) fn schema(&self) -> &'static Schema {
        self.schema
    }

    pub(super) fn message(&mut self, message: &dyn Reflect) -> Result<(), WriteError> {
        self.deeper(|writer| {
            if let Some(known) = WellKnown::of(message.descriptor())
                && known::write(writer, known, message)?
            {
                return Ok(());
            }
            let mut items = writer.open(b'{');
            writer.fields(message, &mut items)?;
            writer.close(items, b'}');
            Ok(())
        })
    }

    /// Writes a message within an `Any`.
    pub(super) fn typed(
        &mut self,
        url: &str,
        message: &dyn Reflect,
        set_apart: bool,
    ) -> Result<(), WriteError> {
        self.deeper(|writer| {
            let mut items = writer.open(b'{');
            writer.name("@type", &mut items);
            writer.string(url);
            if set_apart {
                writer.name("value", &mut items);
                writer.message(message)?;
            } else {
                writer.fields(message, &mut items)?;
            }
            writer.close(items, b'}');
            Ok(())
        })
    }

    fn deeper(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        if self.depth == MAX_WRITE_DEPTH {
            return Err(WriteError::TooDeep);
        }
        self.depth += 1;
        inner(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn fields(&mut self, message: &dyn Reflect, items: &mut Items) -> Result<(), WriteError> {
        for (index, field) in message.descriptor().fields.iter().enumerate() {
            let Some(value) = message.get(index) else {
                continue;
            };
            if is_shown(field, &value, self.style.emit_defaults) {
                self.name(field.name, items);
                self.value(value, &field.ty)?;
            }
        }
        Ok(())
    }

    pub(super) fn value(&mut self, value: Value<'_>, ty: &Type) -> Result<(), WriteError> {
        match value {
            Value::Bool(value) => self.raw(if value { "true" } else { "false" }),
            Value::Int32(value) => self.number(&value),
            Value::Uint32(value) => self.number(&value),
            Value::Int64(value) => self.quoted_number(&value),
            Value::Uint64(value) => self.quoted_number(&value),
            Value::Float(value) => match name_of_float(value.into()) {
                Some(name) => self.string(name),
                None => self.number(&value),
            },
            Value::Double(value) => match name_of_float(value) {
                Some(name) => self.string(name),
                None => self.number(&value),
            },
            Value::String(value) => self.string(value),
            Value::Bytes(value) => self.bytes(value),
            Value::Enum(number) => self.enum_value(number, ty),
            Value::Message(message) => self.message(message)?,
            Value::List(list) => {
                let mut items = self.open(b'[');
                for element in (0..list.len()).filter_map(|index| list.get(index)) {
                    self.item(&mut items);
                    self.value(element, ty)?;
                }
                self.close(items, b']');
            }
            Value::Map(map) => {
                let mut items = self.open(b'{');
                for (key, value) in map.entries() {
                    self.item(&mut items);
                    self.key(key);
                    self.value(value, ty)?;
                }
                self.close(items, b'}');
            }
        }
        Ok(())
    }

    fn enum_value(&mut self, number: i32, ty: &Type) {
        let name = match ty {
            Type::Enum(enumeration) if well_known::is_null_value(enumeration) => {
                return self.null();
            }
            Type::Enum(enumeration) => enumeration.name_of(number),
            Type::Scalar(_) | Type::Message(_) => None,
        };
        match name {
            Some(name) => self.string(name),
            None => self.number(&number),
        }
    }

    fn key(&mut self, key: Key<'_>) {
        match key {
            Key::String(key) => self.string(&key),
            Key::Bool(key) => self.raw(if key { "\"true\"" } else { "\"false\"" }),
            Key::Int32(key) => self.quoted_number(&key),
            Key::Int64(key) => self.quoted_number(&key),
            Key::Uint32(key) => self.quoted_number(&key),
            Key::Uint64(key) => self.quoted_number(&key),
        }
        self.colon();
    }

    /// Begins an entry of an object.
    pub(super) fn name(&mut self, name: &str, items: &mut Items) {
        self.item(items);
        self.string(name);
        self.colon();
    }

    fn colon(&mut self) {
        self.raw(if self.style.pretty { ": " } else { ":" });
    }

    /// Begins an element of a list.
    fn item(&mut self, items: &mut Items) {
        if items.any {
            self.out.push(b',');
        }
        items.any = true;
        self.new_line();
    }

    pub(super) fn open(&mut self, bracket: u8) -> Items {
        self.out.push(bracket);
        self.indent += 1;
        Items::default()
    }

    pub(super) fn close(&mut self, items: Items, bracket: u8) {
        self.indent -= 1;
        if items.any {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self) {
        if self.style.pretty {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.indent, b' ');
        }
    }

    pub(super) fn empty_object(&mut self) {
        self.raw("{}");
    }

    pub(super) fn null(&mut self) {
        self.raw("null");
    }

    pub(super) fn string(&mut self, text: &str) {
        string::write(text, self.out);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        self.out
            .extend_from_slice(STANDARD.encode(bytes).as_bytes());
        self.out.push(b'"');
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: &impl serde::Serialize) {
        let written = serde_json::to_writer(&mut *self.out, number);
        debug_assert!(written.is_ok(), "writing a number to memory does not fail");
    }

    fn quoted_number(&mut self, number: &impl serde::Serialize) {
        self.out.push(b'"');
        self.number(number);
        self.out.push(b'"');
    }
}

/// Whether a field that has a value appears.
pub(super) fn is_shown(field: &Field, value: &Value<'_>, emit_defaults: bool) -> bool {
    emit_defaults || field.has_presence() || !value.is_default()
}

/// What a float is called that JSON has no number for.
pub(super) fn name_of_float(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}
