//! The answer of a rule: a document and setters, as in a command, onto the RPC's
//! response, or onto what was answered. It knows rules as little as their calls.

use std::fmt;

use agent_schema::command::{Arguments, Document, Setter};
use agent_schema::path::{Prepared, SetError, SetProblem};
use agent_schema::{Explicit, Plain, Reflect, Rpc, Schema, fill, json};

use super::Reader;
use super::error::FaultError;

/// What is changed in the answers of an RPC.
pub(super) struct Changes {
    schema: &'static Schema,
    document: Box<dyn Reflect>,
    explicit: Explicit,
    setters: Vec<Prepared>,
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
        let (document, explicit) = document(schema, rpc, arguments.document, reader)?;
        let mut tried = document.clone_boxed();
        let mut setters = Vec::new();
        for setter in arguments.setters {
            let prepared = prepare(rpc, &setter, reader)?;
            match prepared.set(tried.as_mut(), &mut Explicit::default(), &Plain, schema) {
                // The answer may have the elements that this lacks.
                Err(error) if matches!(error.problem, SetProblem::BeyondEnd { .. }) => {}
                set => told(set, setter)?,
            }
            setters.push(prepared);
        }
        Ok(Changes {
            schema,
            document,
            explicit,
            setters,
        })
    }

    /// An encoded response with the changes. One that cannot be read is left as it is.
    pub(super) fn apply(&self, payload: &[u8]) -> Vec<u8> {
        let changed = || {
            let mut answer = (self.document.descriptor().new)();
            answer.merge_from(payload).ok()?;
            let mut response = self.document.clone_boxed();
            fill(response.as_mut(), &self.explicit, answer.as_ref());
            for setter in &self.setters {
                let mut set = response.clone_boxed();
                let done = setter.set(set.as_mut(), &mut Explicit::default(), &Plain, self.schema);
                // What is for an element that the answer lacks changes nothing.
                if done.is_ok() {
                    response = set;
                }
            }
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
            .debug_struct("Changes")
            .field("explicit", &self.explicit)
            .field("setters", &self.setters)
            .finish_non_exhaustive()
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
    let (mut response, mut explicit) = document(schema, rpc, arguments.document, reader)?;
    for setter in arguments.setters {
        let prepared = prepare(rpc, &setter, reader)?;
        let set = prepared.set(response.as_mut(), &mut explicit, &Plain, schema);
        told(set, setter)?;
    }
    let mut bytes = Vec::new();
    let encoded = response.encode_into(&mut bytes);
    encoded.map_err(FaultError::Encode)?;
    Ok(bytes)
}

/// The response that a document is, and the fields that it gives.
fn document(
    schema: &'static Schema,
    rpc: &'static Rpc,
    document: Option<Document>,
    reader: &mut dyn Reader,
) -> Result<(Box<dyn Reflect>, Explicit), FaultError> {
    let mut response = (rpc.response.new)();
    let mut explicit = Explicit::default();
    let text = match document {
        None => return Ok((response, explicit)),
        Some(Document::Json(text)) => text,
        Some(Document::File(name)) => reader.text(&name).map_err(FaultError::File)?,
    };
    json::merge(response.as_mut(), &mut explicit, &Plain, schema, &text)?;
    Ok((response, explicit))
}

fn prepare(
    rpc: &'static Rpc,
    setter: &Setter,
    reader: &dyn Reader,
) -> Result<Prepared, FaultError> {
    match std::str::from_utf8(&setter.value) {
        Ok(text) => {
            let read = Prepared::read(rpc.response, reader.dialect(), &setter.path, text);
            Ok(read?)
        }
        Err(_) => Err(FaultError::NotText(setter.path.clone())),
    }
}

/// What is wrong with JSON as it was typed is the better answer.
fn told(set: Result<(), SetError>, setter: Setter) -> Result<(), FaultError> {
    match (set, setter.not_json) {
        (Err(error), Some(reason)) if matches!(error.problem, SetProblem::Json(_)) => {
            Err(reason.within(&error.path).into())
        }
        (set, _) => Ok(set?),
    }
}
