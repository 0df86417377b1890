//! What one merge carries along: where it stands, how deep, and why it failed.
//! The reader's own error type has no place for a path, so a failure is kept
//! here and the reader only stops.

use std::borrow::Cow;

use agent_text::escape;
use serde::de;
use serde_json::de::StrRead;
use serde_json::value::RawValue;

use super::error::{JsonError, Problem};
use super::names;
use super::scalar::Given;
use crate::descriptor::{Message, Scalar, Schema};
use crate::dialect::Dialect;
use crate::lookup::{self, LookupError};
use crate::place;
use crate::reflect::Key;

/// How many characters of an unknown name are told.
const LONGEST_NAME: usize = 60;

/// The JSON reader: over text, handing out strings from it without a copy.
pub(super) type Reader<'de> = serde_json::Deserializer<StrRead<'de>>;

/// The singular field for which a value may be spelled in another way.
pub(super) type Spelling = Option<(&'static Message, usize)>;

/// One step from a value to a value within it.
pub(super) enum Step<'de> {
    /// A field of a message.
    Field(&'static str),
    /// An element of a list.
    Index(usize),
    /// An entry of a map with string keys.
    Key(Cow<'de, str>),
    /// An entry of a map with keys of another type.
    KeyText(Cow<'de, str>),
}

/// A member of a document that no field of the message has the name of: what a user
/// wrote for the tool itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// What its key stands for.
    pub name: &'static str,
    /// Its value as text; `None` for `null`.
    pub text: Option<String>,
}

/// The state of one merge.
pub(super) struct Merge<'de, 'c> {
    pub(super) schema: &'static Schema,
    dialect: &'c dyn Dialect,
    text: &'de str,
    /// The path of what the text is merged into.
    outer: &'c str,
    /// From the outermost message to the value being read.
    steps: Vec<Step<'de>>,
    depth: usize,
    failure: Option<JsonError>,
    extras: Vec<Extra>,
}

impl<'de, 'c> Merge<'de, 'c> {
    /// Reads the whole of `text`, for what is at the path `outer`.
    pub(super) fn read(
        text: &'de str,
        outer: &'c str,
        dialect: &'c dyn Dialect,
        schema: &'static Schema,
        run: impl FnOnce(&mut Self, &mut Reader<'de>) -> serde_json::Result<()>,
    ) -> Result<Vec<Extra>, JsonError> {
        let mut merge = Self {
            schema,
            dialect,
            text,
            outer,
            steps: Vec::new(),
            depth: 0,
            failure: None,
            extras: Vec::new(),
        };
        let mut reader = reader(text);
        match run(&mut merge, &mut reader).and_then(|()| reader.end()) {
            Ok(()) => Ok(merge.extras),
            Err(error) => Err(match merge.failure {
                Some(failure) => failure,
                None => JsonError::new(merge.outer.to_owned(), Problem::syntax(&error)),
            }),
        }
    }

    /// Reads the whole of `text`, a part of the document that was set aside.
    pub(super) fn reread<T, E: de::Error>(
        &mut self,
        text: &'de str,
        run: impl FnOnce(&mut Self, &mut Reader<'de>) -> serde_json::Result<T>,
    ) -> Result<T, E> {
        let mut reader = reader(text);
        let result = run(self, &mut reader).and_then(|value| reader.end().map(|()| value));
        result.map_err(|error| self.broken(text, &error))
    }

    /// The index of the field that a key stands for: by the proto's name or the JSON
    /// name, in any case where that is unique, or by the dialect. `likely` is looked at
    /// first, as documents mostly follow the order of declaration.
    ///
    /// # Errors
    /// When it stands for none, unless the dialect lets such fields pass: `None` then.
    pub(super) fn field<E: de::Error>(
        &mut self,
        message: &'static Message,
        name: &str,
        likely: usize,
    ) -> Result<Option<usize>, E> {
        if let Some(field) = message.fields.get(likely)
            && (field.name == name || field.json_name == name)
        {
            return Ok(Some(likely));
        }
        let error = match lookup::field(message, name, self.dialect) {
            Ok(index) => return Ok(Some(index)),
            Err(error) => error,
        };
        if !matches!(error, LookupError::UnknownField { .. }) {
            return Err(self.fail(error.into()));
        }
        let of_rust = names::proto_name(name);
        if let Some(Ok(index)) = of_rust.map(|name| lookup::field(message, name, self.dialect)) {
            return Ok(Some(index));
        }
        let mut path = self.path_with(place::push_key_excerpt);
        place::push_field(&escape::first_line(name, LONGEST_NAME), &mut path);
        match self.dialect.passes_over(&path) {
            true => Ok(None),
            false => Err(self.fail(error.into())),
        }
    }

    /// Notes a key that cannot stand for any field.
    pub(super) fn unknown_field<E: de::Error>(
        &mut self,
        message: &'static Message,
        name: &str,
    ) -> E {
        let error = LookupError::UnknownField {
            message: message.full_name,
            name: name.to_owned(),
            nearest: Vec::new(),
            known: Vec::new(),
        };
        self.fail(error.into())
    }

    /// The extra member that a key of the message being read stands for: the dialect
    /// may have some, beside the fields of the outermost message.
    pub(super) fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        match self.depth {
            1 => self.dialect.extra(message, name),
            _ => None,
        }
    }

    /// Reads such a member's value, for the caller of the merge.
    pub(super) fn take_extra<E: de::Error>(
        &mut self,
        name: &'static str,
        value: &'de RawValue,
    ) -> Result<(), E> {
        self.at(Step::Field(name), |merge| {
            if merge.extras.iter().any(|extra| extra.name == name) {
                return Err(merge.fail(Problem::Duplicate));
            }
            let raw = value.get();
            let content = merge.string_content(raw)?;
            let given = Given::new(content.as_deref(), raw);
            let text = match (merge.dialect.extra_type(name), given) {
                (_, Given::Other("null")) => Ok(None),
                (Scalar::Bool, given) => given.bool().map(|value| Some(value.to_string())),
                (_, Given::String(content)) => Ok(Some(content.to_owned())),
                (_, given) => Err(given.mismatch("a string")),
            };
            let text = text.map_err(|problem| merge.fail(problem))?;
            merge.extras.push(Extra { name, text });
            Ok(())
        })
    }

    /// The content of a string's JSON text; `None` if the text is of another kind.
    pub(super) fn string_content<E: de::Error>(
        &mut self,
        raw: &'de str,
    ) -> Result<Option<Cow<'de, str>>, E> {
        let inner = raw.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        match inner {
            None => Ok(None),
            Some(inner) if !inner.contains('\\') => Ok(Some(Cow::Borrowed(inner))),
            Some(_) => match serde_json::from_str(raw) {
                Ok(content) => Ok(Some(Cow::Owned(content))),
                Err(error) => Err(self.broken(raw, &error)),
            },
        }
    }

    /// What a string given for a scalar field stands for.
    pub(super) fn respell<'t>(&self, spelling: Spelling, text: &'t str) -> Cow<'t, str> {
        spelling
            .and_then(|(message, index)| self.dialect.value(message, index, text))
            .map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Notes that a part of the document, read on its own, is not JSON.
    fn broken<E: de::Error>(&mut self, part: &str, error: &serde_json::Error) -> E {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..start).unwrap_or_default();
        let problem = Problem::syntax_after(before, error);
        self.failure
            .get_or_insert_with(|| JsonError::new(self.outer.to_owned(), problem));
        E::custom("not JSON")
    }

    /// Notes what is wrong at this place, and makes the error that stops the reader.
    pub(super) fn fail<E: de::Error>(&mut self, problem: Problem) -> E {
        if self.failure.is_none() {
            self.failure = Some(JsonError::new(self.path(), problem));
        }
        E::custom("refused")
    }

    /// As [`Self::fail`] for a value of another kind.
    pub(super) fn mismatch<E: de::Error>(&mut self, found: String, expected: &str) -> E {
        self.fail(Problem::Mismatch {
            found,
            expected: expected.to_owned(),
        })
    }

    /// Runs `inner` one step further in.
    pub(super) fn at<T, E>(
        &mut self,
        step: Step<'de>,
        inner: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.steps.push(step);
        let done = inner(self)?;
        self.steps.pop();
        Ok(done)
    }

    /// Runs `inner` one message further in.
    pub(super) fn deeper<T, E: de::Error>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.depth == super::MAX_DEPTH {
            return Err(self.fail(Problem::TooDeep));
        }
        self.depth += 1;
        let done = inner(self)?;
        self.depth -= 1;
        Ok(done)
    }

    /// Where the reader stands, in the proto's names.
    fn path(&self) -> String {
        self.path_with(place::push_key)
    }

    /// The same, with keys as `push_key` writes them.
    fn path_with(&self, push_key: fn(&Key<'_>, &mut String)) -> String {
        let mut path = self.outer.to_owned();
        for step in &self.steps {
            match step {
                Step::Field(name) => place::push_field(name, &mut path),
                Step::Index(index) => place::push_index(*index, &mut path),
                Step::Key(key) => push_key(&Key::String(key.as_ref().into()), &mut path),
                Step::KeyText(key) => place::push_key_text(key, &mut path),
            }
        }
        path
    }
}

fn reader(text: &str) -> Reader<'_> {
    let mut reader = serde_json::Deserializer::from_str(text);
    // Every way down leads through a message, and those are counted.
    reader.disable_recursion_limit();
    reader
}
