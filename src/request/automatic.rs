//! What is added to a request that was left out of it: values remembered from
//! earlier commands of the run, and automatic ones. It knows the rules of the
//! table in [`crate::auto`], and nothing of how a command is read.

use std::sync::Arc;

use agent_bundle::Config;

use super::Request;
use crate::auto::{self, Row, Rule};
use crate::error::Error;
use crate::schema::{Reflect, Value, ValueMut};

/// What later commands of a run take over.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    /// Values by field name: as few as the table has rows for.
    values: Vec<(&'static str, String)>,
    /// The configuration that the last container was created with.
    pub(super) config: Option<Arc<Config>>,
}

impl Request {
    /// The message to send: what was given, and if `automatic` also what the
    /// table of automatic values adds to what was left out.
    ///
    /// # Errors
    /// When the operating system gives no random bytes, or an OCI configuration
    /// does not fit.
    pub fn complete(
        &self,
        memory: &mut Memory,
        automatic: bool,
    ) -> Result<Box<dyn Reflect>, Error> {
        let mut message = self.message.clone_boxed();
        for (row, value) in &self.remembered_only {
            memory.keep(row.field, value.clone());
        }
        self.fill_from_config(message.as_mut(), memory, automatic)?;
        if !automatic {
            return Ok(message);
        }
        for &(index, row) in &self.rows {
            // A configuration has filled its field already.
            if matches!(row.rule, Rule::Config(_)) {
                continue;
            }
            if !self.explicit.contains(index) {
                fill(message.as_mut(), index, row, memory)?;
            } else if row.rule == Rule::RandomId
                && let Some(value) = text_at(message.as_ref(), index)
            {
                memory.keep(row.field, value);
            }
        }
        Ok(message)
    }
}

fn fill(
    message: &mut dyn Reflect,
    index: usize,
    row: &Row,
    memory: &mut Memory,
) -> Result<(), Error> {
    let text = match row.rule {
        Rule::RandomId => Some(memory.value_or_random(row.field)?),
        Rule::SameAs(source) => {
            let fields = message.descriptor().fields;
            let source_index = fields.iter().position(|field| field.name == source);
            source_index.and_then(|index| text_at(message, index))
        }
        Rule::True | Rule::Signal(_) | Rule::Config(_) => None,
    };
    match (message.get_mut(index), row.rule) {
        (Some(ValueMut::String(value)), _) => value.extend(text),
        (Some(ValueMut::Bool(value)), Rule::True) => *value = true,
        (Some(ValueMut::Uint32(value)), Rule::Signal(name)) => {
            *value = auto::signal_number(name).unwrap_or_default();
        }
        _ => {}
    }
    Ok(())
}

/// The text of a string field that is not empty.
fn text_at(message: &dyn Reflect, index: usize) -> Option<String> {
    match message.get(index) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.to_owned()),
        _ => None,
    }
}

impl Memory {
    fn keep(&mut self, field: &'static str, value: String) {
        self.values.retain(|(name, _)| *name != field);
        self.values.push((field, value));
    }

    fn value_or_random(&mut self, field: &'static str) -> Result<String, Error> {
        if let Some((_, value)) = self.values.iter().find(|(name, _)| *name == field) {
            return Ok(value.clone());
        }
        let value = auto::random_id()?;
        self.keep(field, value.clone());
        Ok(value)
    }
}
