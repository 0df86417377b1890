//! `json`, a document over several lines for people and for `jq`, and `jsonl`,
//! one line for each message, for scripts that read line by line.

use crate::json::{Style, WriteError, write};
use crate::{Reflect, Schema};

pub(super) fn print(
    message: &dyn Reflect,
    schema: &'static Schema,
    style: Style,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    write(message, schema, style, out)?;
    out.push(b'\n');
    Ok(())
}
