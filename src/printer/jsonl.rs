//! `jsonl`: one line for each message, for scripts that read line by line.

use crate::schema::json::{Style, WriteError, write};
use crate::schema::{Reflect, Schema};

pub(super) fn print(
    message: &dyn Reflect,
    schema: &'static Schema,
    emit_defaults: bool,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let style = Style {
        pretty: false,
        emit_defaults,
    };
    write(message, schema, style, out)?;
    out.push(b'\n');
    Ok(())
}
