//! The answer of a `reply` rule: a document and setters, as in a command, onto
//! the RPC's response. It knows rules as little as their calls.

use agent_schema::command::{Arguments, Document};
use agent_schema::{Explicit, Plain, Rpc, Schema, json, path};

use super::Reader;
use super::error::FaultError;

/// The encoded response of `rpc` that the arguments describe.
///
/// # Errors
/// When they do not fit the response's type, or a file cannot be read.
pub(super) fn encode(
    schema: &'static Schema,
    rpc: &'static Rpc,
    arguments: Arguments,
    reader: &mut dyn Reader,
) -> Result<Vec<u8>, FaultError> {
    let mut response = (rpc.response.new)();
    let mut explicit = Explicit::default();
    let document = match arguments.document {
        None => None,
        Some(Document::Json(text)) => Some(text),
        Some(Document::File(name)) => Some(reader.text(&name).map_err(FaultError::File)?),
    };
    if let Some(text) = document {
        json::merge(response.as_mut(), &mut explicit, &Plain, schema, &text)?;
    }
    for mut setter in arguments.setters {
        let not_json = setter.not_json.take();
        let Ok(text) = std::str::from_utf8(&setter.value) else {
            return Err(FaultError::NotText(setter.path));
        };
        let set = path::set(
            response.as_mut(),
            &mut explicit,
            reader.dialect(),
            schema,
            &setter.path,
            text,
        );
        match (set, not_json) {
            // What is wrong with it as it was typed is the better answer.
            (Err(error), Some(reason)) if matches!(error.problem, path::SetProblem::Json(_)) => {
                return Err(reason.within(&error.path).into());
            }
            (set, _) => set?,
        }
    }
    let mut bytes = Vec::new();
    response
        .encode_into(&mut bytes)
        .map_err(FaultError::Encode)?;
    Ok(bytes)
}
