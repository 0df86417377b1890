//! One request, from what a command says to what is sent. The precedence is
//! here: a setter beats the document, which beats a value remembered from an
//! earlier command, which beats an automatic one.

mod dialect;
mod text;

use std::collections::BTreeMap;

pub use dialect::RequestDialect;

use crate::auto::{self, Row, Rule};
use crate::command::{Arguments, Document, Setter};
use crate::error::Error;
use crate::input::Inputs;
use crate::recipes::{self, Draft, Given};
use crate::schema::path::{self, SetError, SetProblem};
use crate::schema::{Dialect, Explicit, Reflect, Rpc, Schema, Value, ValueMut, json, lookup};

/// A request as it was given, checked, before automatic values.
#[derive(Debug)]
pub struct Request {
    /// The RPC it is for.
    pub rpc: &'static Rpc,
    message: Box<dyn Reflect>,
    explicit: Explicit,
    /// Values given by an alias whose field this request does not have.
    remembered_only: Vec<(&'static Row, String)>,
}

/// Values that later commands of a run take over, by field name.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    values: BTreeMap<&'static str, String>,
}

impl Request {
    /// Builds a request from a command's arguments. Files are read now.
    ///
    /// # Errors
    /// When the document or a setter does not fit the RPC's request.
    pub fn read(
        schema: &'static Schema,
        rpc: &'static Rpc,
        arguments: Arguments,
        inputs: &mut Inputs,
    ) -> Result<Self, Error> {
        let mut request = Request {
            rpc,
            message: (rpc.request.new)(),
            explicit: Explicit::default(),
            remembered_only: Vec::new(),
        };
        let dialect = RequestDialect { rpc };
        let mut given = Given::default();
        let document = match arguments.document {
            None => None,
            Some(Document::Json(json)) => Some((json, None)),
            Some(Document::File(name)) => Some((inputs.text(&name)?, Some(name))),
        };
        if let Some((text, file)) = document {
            let merged = json::merge(
                request.message.as_mut(),
                &mut request.explicit,
                &dialect,
                schema,
                &text,
            );
            let extras = merged.map_err(|error| match file {
                Some(name) => Error::Document {
                    name,
                    error: Box::new(error),
                },
                None => Error::Json(error),
            })?;
            for extra in extras {
                if let Some(text) = extra.text {
                    request.keep(extra.name, text, &mut given);
                }
            }
        }
        for setter in arguments.setters {
            match dialect.extra(rpc.request, &setter.path) {
                Some(name) => {
                    let text = text::of_extra(&setter)?;
                    request.keep(name, text, &mut given);
                }
                None => request.set(schema, &dialect, setter, inputs)?,
            }
        }
        let mut draft = Draft {
            rpc,
            message: request.message.as_mut(),
            explicit: &mut request.explicit,
            inputs,
        };
        recipes::apply(&given, &mut draft)?;
        Ok(request)
    }

    /// Keeps what was given under a name that is no field's.
    fn keep(&mut self, name: &'static str, text: String, given: &mut Given) {
        match auto::row_of_alias(name) {
            Some(row) => self.remembered_only.push((row, text)),
            None => given.set(name, text),
        }
    }

    fn set(
        &mut self,
        schema: &'static Schema,
        dialect: &RequestDialect,
        mut setter: Setter,
        inputs: &mut Inputs,
    ) -> Result<(), Error> {
        let not_json = setter.not_json.take();
        let text = text::of(self.rpc, dialect, &setter, inputs)?;
        let set = path::set(
            self.message.as_mut(),
            &mut self.explicit,
            dialect,
            schema,
            &setter.path,
            &text,
        );
        match (set, not_json) {
            // Where JSON is needed, what is wrong with it as typed is the better answer.
            (
                Err(SetError {
                    path,
                    problem: SetProblem::Json(_),
                }),
                Some(error),
            ) => Err(error.within(&path).into()),
            (
                Err(SetError {
                    problem: SetProblem::Value(_),
                    ..
                }),
                _,
            ) if let Some(row) = signal_row(self.rpc, dialect, &setter.path) => {
                Err(Error::Signal {
                    path: row.field,
                    text: text.into_owned(),
                })
            }
            (set, _) => Ok(set?),
        }
    }

    /// The message to send: what was given, and if `automatic` also what the
    /// table of automatic values adds to what was left out.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn complete(
        &self,
        memory: &mut Memory,
        automatic: bool,
    ) -> Result<Box<dyn Reflect>, Error> {
        let mut message = self.message.clone_boxed();
        for (row, value) in &self.remembered_only {
            memory.values.insert(row.field, value.clone());
        }
        if !automatic {
            return Ok(message);
        }
        for row in auto::ROWS {
            let Some(index) = row.index_in(self.rpc) else {
                continue;
            };
            if !self.explicit.contains(index) {
                fill(message.as_mut(), index, row, memory)?;
            } else if row.rule == Rule::RandomId
                && let Some(value) = text_at(message.as_ref(), index)
            {
                memory.values.insert(row.field, value);
            }
        }
        Ok(message)
    }
}

/// The row of the signal that a path names, if it names one.
fn signal_row(rpc: &'static Rpc, dialect: &RequestDialect, path: &str) -> Option<&'static Row> {
    let index = lookup::field(rpc.request, path, dialect).ok()?;
    auto::signal_row(rpc, index)
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
        Rule::True | Rule::Signal(_) => None,
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
    fn value_or_random(&mut self, field: &'static str) -> Result<String, Error> {
        if let Some(value) = self.values.get(field) {
            return Ok(value.clone());
        }
        let value = auto::random_id().map_err(Error::Random)?;
        self.values.insert(field, value.clone());
        Ok(value)
    }
}
