//! `raw`: the content of a message's only bytes or string field and nothing
//! else, so that a container's output or a file's content can be piped on.

use crate::{Label, Message, Reflect, Scalar, Type, Value};

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
pub fn field_of(message: &'static Message) -> Result<usize, RawError> {
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

pub(super) fn print(message: &dyn Reflect, out: &mut Vec<u8>) -> Result<(), RawError> {
    match message.get(field_of(message.descriptor())?) {
        Some(Value::Bytes(bytes)) => out.extend_from_slice(bytes),
        Some(Value::String(text)) => out.extend_from_slice(text.as_bytes()),
        _ => {}
    }
    Ok(())
}
