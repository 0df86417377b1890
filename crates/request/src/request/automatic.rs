//! What is added to a request that was left out of it: values remembered from
//! earlier commands of the run, and automatic ones. It knows the rules of the
//! table in [`crate::auto`], and nothing of how a command is read.

use std::collections::HashMap;
use std::sync::Arc;

use agent_bundle::Config;

use super::Request;
use crate::auto::{self, Row, Rule};
use agent_report::error::Error;
use agent_schema::{Reflect, Value, ValueMut};

/// What later commands of a run take over.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    /// Values by field name: as few as the table has rows for.
    values: Vec<(&'static str, String)>,
    /// The IDs of processes that were given last, by container.
    processes: HashMap<String, String>,
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
                continue;
            }
            let value = text_at(message.as_ref(), index);
            match (row.rule, value) {
                (Rule::RandomId, Some(value)) => memory.keep(row.field, value),
                (Rule::NewProcess(source) | Rule::LastProcess(source), value) => {
                    if let Some(container) = text_of(message.as_ref(), source) {
                        memory.keep_process(container, value);
                    }
                }
                _ => {}
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
        Rule::FirstProcess(source) => {
            let container = text_of(message, source);
            // Those of an older container of that ID are gone.
            container.inspect(|it| memory.keep_process(it.clone(), None))
        }
        Rule::NewProcess(source) => text_of(message, source),
        Rule::LastProcess(source) => {
            let container = text_of(message, source);
            container.map(|it| memory.processes.get(&it).cloned().unwrap_or(it))
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

/// The text of the string field of this name, if it is not empty.
fn text_of(message: &dyn Reflect, name: &str) -> Option<String> {
    let mut fields = message.descriptor().fields.iter();
    text_at(message, fields.position(|field| field.name == name)?)
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

    /// Notes the process that was given for a container; an empty ID is that of its first.
    fn keep_process(&mut self, container: String, process: Option<String>) {
        match process {
            Some(process) => self.processes.insert(container, process),
            None => self.processes.remove(&container),
        };
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
