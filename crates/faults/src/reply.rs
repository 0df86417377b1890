//! The answer of a rule: a document and setters, as in a command, onto the RPC's
//! response, or onto what was answered. It knows rules as little as their calls.

use std::fmt;

use agent_schema::command::{Arguments, Document};
use agent_schema::{Explicit, Plain, Reflect, Rpc, Schema, fill, json, path};

use super::Reader;
use super::error::FaultError;

/// What is changed in the answers of an RPC.
pub(super) struct Changes {
    response: Box<dyn Reflect>,
    explicit: Explicit,
}

impl Changes {
    /// The changes that the arguments describe.
    ///
    /// # Errors
    /// When they do not fit the response's type, or a file cannot be read.
    pub(super) fn read(
        schema: &'static Schema,
        rpc: &'static Rpc,
        arguments: Arguments,
        reader: &mut dyn Reader,
    ) -> Result<Changes, FaultError> {
        let (response, explicit) = read(schema, rpc, arguments, reader)?;
        Ok(Changes { response, explicit })
    }

    /// An encoded response with the changes. One that cannot be read is left as it is.
    pub(super) fn apply(&self, payload: &[u8]) -> Vec<u8> {
        let changed = || {
            let mut answer = (self.response.descriptor().new)();
            answer.merge_from(payload).ok()?;
            let mut response = self.response.clone_boxed();
            fill(response.as_mut(), &self.explicit, answer.as_ref());
            let mut bytes = Vec::new();
            response.encode_into(&mut bytes).ok()?;
            Some(bytes)
        };
        changed().unwrap_or_else(|| payload.to_vec())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Changes")
            .field(&self.explicit)
            .finish()
    }
}

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
    let (response, _) = read(schema, rpc, arguments, reader)?;
    let mut bytes = Vec::new();
    let encoded = response.encode_into(&mut bytes);
    encoded.map_err(FaultError::Encode)?;
    Ok(bytes)
}

fn read(
    schema: &'static Schema,
    rpc: &'static Rpc,
    arguments: Arguments,
    reader: &mut dyn Reader,
) -> Result<(Box<dyn Reflect>, Explicit), FaultError> {
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
    Ok((response, explicit))
}
