//! `json`: a document over several lines, for people and for `jq`.

use crate::schema::json::{Style, WriteError, write};
use crate::schema::{Reflect, Schema};

pub(super) fn print(
    message: &dyn Reflect,
    schema: &'static Schema,
    emit_defaults: bool,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let style = Style {
        pretty: true,
        emit_defaults,
    };
    write(message, schema, style, out)?;
    out.push(b'\n');
    Ok(())
}
