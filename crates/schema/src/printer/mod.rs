//! Messages as bytes for standard output, in each format that a user can choose.

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
mod text;

use std::fmt;
use std::str::FromStr;

use agent_text::hex;

use crate::json::{self, Style, WriteError};
use crate::{Label, Message, Reflect, Scalar, Schema, Type, Value};

/// A format that a message is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// ProtoJSON over several lines.
    #[default]
    Json,
    /// ProtoJSON in one line.
    Jsonl,
    /// Lines of fields, for reading.
    Text,
    /// The content of the only bytes or string field, as it is.
    Raw,
    /// The message as it goes over the wire, in hex digits.
    Hex,
    /// As Rust's serde writes the struct of rust-protobuf, in one line.
    Serde,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Json,
        Self::Jsonl,
        Self::Text,
        Self::Raw,
        Self::Hex,
        Self::Serde,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Text => "text",
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Serde => "serde",
        }
    }

    /// The format that a dry run prints requests in: JSON, unless another form of whole
    /// messages is asked for.
    pub fn of_requests(self) -> Self {
        match self {
            Self::Json | Self::Text | Self::Raw => Self::Json,
            Self::Jsonl | Self::Hex | Self::Serde => self,
        }
    }

    /// Whether messages of this type can be printed in this format; asked
    /// before a call is sent.
    ///
    /// # Errors
    /// When there is nothing to print raw, or more than one thing.
    pub fn check(self, message: &'static Message) -> Result<(), RawError> {
        match self {
            Self::Raw => raw_field(message).map(drop),
            Self::Json | Self::Jsonl | Self::Text | Self::Hex | Self::Serde => Ok(()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an output format; use json, jsonl, text, raw, hex or serde")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A message cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// It is nested too deep.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It has no field to print raw.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// It is too large for its wire form.
    #[error("the message cannot be encoded: {0}")]
    Encode(#[from] protobuf::Error),
}

/// Appends a message to `out`, with a line end after it in every format but raw.
///
/// # Errors
/// When the message does not fit the format; `out` then holds the beginning.
pub fn print(
    format: Format,
    emit_defaults: bool,
    message: &dyn Reflect,
    schema: &'static Schema,
    out: &mut Vec<u8>,
) -> Result<(), PrintError> {
    match format {
        Format::Json | Format::Jsonl => {
            let style = Style {
                pretty: format == Format::Json,
                emit_defaults,
            };
            json::write(message, schema, style, out)?;
            out.push(b'\n');
        }
        Format::Text => text::print(message, schema, emit_defaults, out)?,
        Format::Raw => match message.get(raw_field(message.descriptor())?) {
            Some(Value::Bytes(bytes)) => out.extend_from_slice(bytes),
            Some(Value::String(text)) => out.extend_from_slice(text.as_bytes()),
            _ => {}
        },
        Format::Hex => {
            let mut bytes = Vec::new();
            message.encode_into(&mut bytes)?;
            out.extend_from_slice(hex::digits(&bytes).as_bytes());
            out.push(b'\n');
        }
        Format::Serde => {
            json::write_serde(message, out)?;
            out.push(b'\n');
        }
    }
    Ok(())
}

/// A message without exactly one field to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// There is no field of bytes or text.
    #[error("{0} has no bytes or string field that could be printed raw")]
    None(&'static str),
    /// There are several.
    #[error("{message} has several fields that could be printed raw: {}", fields.join(", "))]
    Several {
        /// Full name of the message.
        message: &'static str,
        /// The fields' names.
        fields: Vec<&'static str>,
    },
}

/// The index of the only singular field of bytes or text in a message.
///
/// # Errors
/// When there is none or more than one.
fn raw_field(message: &'static Message) -> Result<usize, RawError> {
    let fields: Vec<_> = message
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| {
            matches!(field.label, Label::Singular | Label::Optional)
                && matches!(field.ty, Type::Scalar(Scalar::Bytes | Scalar::String))
        })
        .collect();
    match fields.as_slice() {
        [] => Err(RawError::None(message.full_name)),
        [(index, _)] => Ok(*index),
        _ => Err(RawError::Several {
            message: message.full_name,
            fields: fields.iter().map(|(_, field)| field.name).collect(),
        }),
    }
}
