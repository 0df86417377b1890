//! One request, from what a command says to what is sent. The precedence is
//! here: a setter beats the document, which beats a value remembered from an
//! earlier command, which beats an automatic one.

mod automatic;
mod config;
mod dialect;
#[cfg(feature = "image")]
mod image;
mod noted;
mod text;

pub use automatic::Memory;
pub use config::{ConfigNotes, RequestOptions};
pub use dialect::RequestDialect;
pub use noted::PassedOver;

use self::config::Configs;
use self::dialect::TAG;
use self::noted::FormerNames;
use crate::auto::{self, Row};
use crate::conveniences::{self, Draft, FileCopy, Given, Level};
use crate::input::Inputs;
use agent_report::error::Error;
use agent_schema::command::{Arguments, ArgumentsError, Document, Setter, WordsError};
use agent_schema::path::{self, Resolved, SetError, SetProblem};
use agent_schema::{Dialect, Explicit, Reflect, Rpc, Schema, json};

/// A request as it was given, checked, before automatic values.
#[derive(Debug)]
pub struct Request {
    /// The RPC it is for.
    pub rpc: &'static Rpc,
    /// The rows that fill a field of it, and the field's index.
    rows: Vec<(usize, &'static Row)>,
    /// The API that the RPC is of.
    schema: &'static Schema,
    message: Box<dyn Reflect>,
    explicit: Explicit,
    /// Values given by an alias whose field this request does not have.
    remembered_only: Vec<(&'static Row, String)>,
    configs: Configs,
    series: Option<FileCopy>,
    /// What was left out of the documents, and which names were those of older releases.
    warnings: Vec<String>,
}

/// Makes sure that a request is for the call that its tag says.
fn check_tag(rpc: &Rpc, tag: Option<&str>) -> Result<(), Error> {
    match tag {
        Some(tag) if tag != rpc.name => {
            let request = rpc.request.full_name;
            let what = format!("{request} has no field {TAG:?}, and is not for the call {tag:?}");
            Err(Error::usage(what).at(TAG))
        }
        _ => Ok(()),
    }
}

impl Request {
    /// Builds a request from a command's arguments. Files are read now. Fields of documents
    /// that this build does not know are passed over if the options say so.
    ///
    /// # Errors
    /// When the document or a setter does not fit the RPC's request.
    pub fn read(
        schema: &'static Schema,
        rpc: &'static Rpc,
        arguments: Arguments,
        options: &RequestOptions,
        inputs: &mut Inputs,
    ) -> Result<Self, Error> {
        let mut request = Request {
            rpc,
            rows: auto::rows_of(rpc).collect(),
            schema,
            message: (rpc.request.new)(),
            explicit: Explicit::default(),
            remembered_only: Vec::new(),
            configs: Configs::default(),
            series: None,
            warnings: Vec::new(),
        };
        let passed = PassedOver::default();
        let former = FormerNames::default();
        let dialect = RequestDialect::of(schema, rpc)
            .noting(&former)
            .waiting(inputs.wait_limit());
        let dialect = match options.unknown_fields {
            true => dialect.passing_over(&passed),
            false => dialect,
        };
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
                Some(name) => Error::from(error).within(format_args!("{name:?}")),
                None => not_a_document(error),
            })?;
            for extra in extras {
                if extra.name == TAG {
                    check_tag(rpc, extra.text.as_deref())?;
                } else if let Some(text) = extra.text {
                    request.keep(extra.name, text, Level::Document, &mut given);
                }
            }
        }
        let mut on_top = Vec::new();
        for setter in arguments.setters {
            let extra = dialect.extra(rpc.request, &setter.path);
            match extra.filter(|name| *name != TAG) {
                Some(name) => {
                    let text = text::of_extra(&setter)?;
                    request.keep(name, text, Level::Setter, &mut given);
                }
                None => {
                    let target = path::resolve(rpc.request, &dialect, &setter.path)?;
                    request.set(schema, &dialect, &target, setter, inputs)?;
                    on_top.push(target.first().index);
                }
            }
        }
        let mut draft = Draft {
            rpc,
            message: request.message.as_mut(),
            explicit: &mut request.explicit,
            on_top,
            inputs,
            as_is: options.as_is,
            config: None,
            #[cfg(feature = "image")]
            image: None,
            series: None,
        };
        conveniences::apply(&given, &mut draft)?;
        request.series = draft.series;
        request.warnings = passed.warnings();
        request.warnings.extend(former.warnings());
        request.configs.own = draft.config;
        #[cfg(feature = "image")]
        {
            request.configs.image = draft.image.map(Into::into);
        }
        request.take_bundle(options, inputs)?;
        Ok(request)
    }

    /// What is to be told of it: fields that were left out of documents, and names that fields
    /// no longer have.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The calls to make instead of the one, where a convenience needs several.
    pub fn series(&self) -> Option<&FileCopy> {
        self.series.as_ref()
    }

    /// Keeps what was given under a name that is not a field's.
    fn keep(&mut self, name: &'static str, text: String, level: Level, given: &mut Given) {
        match auto::row_of_alias(self.rpc, name) {
            Some(row) => self.remembered_only.push((row, text)),
            None => given.set(name, text, level),
        }
    }

    /// Carries out a setter of what is at `target`.
    fn set(
        &mut self,
        schema: &'static Schema,
        dialect: &RequestDialect<'_>,
        target: &Resolved,
        mut setter: Setter,
        inputs: &mut Inputs,
    ) -> Result<(), Error> {
        let not_json = setter.not_json.take();
        let text = text::of(target, &setter, inputs)?;
        let (message, explicit) = (self.message.as_mut(), &mut self.explicit);
        let set = target.set(message, explicit, dialect, schema, &text);
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
            ) if !begins_like_number(&text)
                && let Some(row) = self.signal_row(target.last()) =>
            {
                let path = row.field;
                Err(Error::usage(format_args!(
                    "{path}: {text:?} is neither a signal's name, such as SIGUSR1 or term, nor a \
                     number"
                ))
                .at(path))
            }
            (set, _) => Ok(set?),
        }
    }

    /// The row of the signal that a step of a path leads to, if it leads to one.
    fn signal_row(&self, step: &path::Step) -> Option<&'static Row> {
        let is_of_request = std::ptr::eq(step.message, self.rpc.request);
        is_of_request.then(|| auto::signal_row(self.rpc, step.index))?
    }
}

/// Whether a text is meant as a number, be it one that the field can hold or not.
fn begins_like_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
}

/// The error of a document in the command itself. One that turns out to be no
/// JSON only as it is read is told as one of which that shows at once.
fn not_a_document(error: json::JsonError) -> Error {
    match error.problem() {
        json::Problem::Syntax { .. } => ArgumentsError::Words(WordsError::Json(error)).into(),
        _ => error.into(),
    }
}
