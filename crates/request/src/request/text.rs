//! A setter's value from bytes to the text that the schema takes. Only here it
//! is known that values may be no text, and that `@-` is standard input.

use std::borrow::Cow;

use crate::input::Inputs;
use agent_report::error::Error;
use agent_schema::command::Setter;
use agent_schema::path::Resolved;
use agent_schema::{Scalar, Type};
use agent_text::NotText;
use agent_text::hex::digits;

/// Stands for what standard input holds, on string and bytes fields.
const STANDARD_INPUT: &[u8] = b"@-";

/// The value of a setter for what is at `target`: as text, or in hex where a bytes field is
/// given what is not text.
pub(super) fn of<'a>(
    target: &Resolved,
    setter: &'a Setter,
    inputs: &mut Inputs,
) -> Result<Cow<'a, str>, Error> {
    let given = std::str::from_utf8(&setter.value);
    if let Ok(text) = given
        && setter.value != STANDARD_INPUT
    {
        return Ok(Cow::Borrowed(text));
    }
    match (target.last().field.ty, given) {
        (Type::Scalar(Scalar::Bytes), Err(_)) => Ok(Cow::Owned(hex(&setter.value))),
        (Type::Scalar(Scalar::Bytes), Ok(_)) => Ok(Cow::Owned(hex(&inputs.bytes("-")?))),
        (Type::Scalar(Scalar::String), Ok(_)) => {
            let text = inputs.text("-")?;
            // As it is: two stand for one at the beginning.
            let mark = if text.starts_with('@') { "@" } else { "" };
            Ok(Cow::Owned(format!("{mark}{text}")))
        }
        (_, Ok(text)) => Ok(Cow::Borrowed(text)),
        (_, Err(error)) => Err(not_text(target.to_string(), error)),
    }
}

/// The value of a setter that is not a field's.
pub(super) fn of_extra(setter: &Setter) -> Result<String, Error> {
    let text = std::str::from_utf8(&setter.value);
    let text = text.map_err(|error| not_text(setter.path.clone(), error))?;
    Ok(text.to_owned())
}

fn not_text(path: String, error: std::str::Utf8Error) -> Error {
    let error = NotText::from(error);
    Error::usage(format_args!(
        "{path}: the value is {error}, and only a bytes field takes other bytes"
    ))
    .at(path.as_str())
}

fn hex(bytes: &[u8]) -> String {
    format!("hex:{}", digits(bytes))
}
