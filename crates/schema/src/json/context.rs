//! What one merge carries along: where it stands, how deep, and why it failed.
//! The reader's own error type has no place for a path, so that a failure is
//! kept here and the reader is only told to stop.

use std::borrow::Cow;

use serde::de;
use serde_json::de::StrRead;

use super::super::descriptor::{Message, Schema};
use super::super::dialect::Dialect;
use super::error::{JsonError, Problem};
use super::extra::Extra;
use super::place::{Place, Step};

/// The JSON reader: over text, handing out strings from it without a copy.
pub(super) type Reader<'de> = serde_json::Deserializer<StrRead<'de>>;

/// The state of one merge.
pub(super) struct Merge<'de, 'c> {
    pub(super) schema: &'static Schema,
    pub(super) dialect: &'c dyn Dialect,
    text: &'de str,
    place: Place<'de>,
    depth: usize,
    failure: Option<JsonError>,
    pub(super) extras: Vec<Extra>,
}

/// The singular field for which a value may be spelled in another way.
pub(super) type Spelling = Option<(&'static Message, usize)>;

impl<'de, 'c> Merge<'de, 'c> {
    /// Reads the whole of `text`.
    pub(super) fn read(
        text: &'de str,
        dialect: &'c dyn Dialect,
        schema: &'static Schema,
        run: impl FnOnce(&mut Self, &mut Reader<'de>) -> serde_json::Result<()>,
    ) -> Result<Vec<Extra>, JsonError> {
        let mut merge = Self {
            schema,
            dialect,
            text,
            place: Place::default(),
            depth: 0,
            failure: None,
            extras: Vec::new(),
        };
        let mut reader = reader(text);
        match run(&mut merge, &mut reader).and_then(|()| reader.end()) {
            Ok(()) => Ok(merge.extras),
            Err(error) => Err(match merge.failure {
                Some(failure) => failure,
                None => JsonError::new(&Place::default(), Problem::syntax(&error)),
            }),
        }
    }

    /// The member that a key of the message being read stands for, if it is no
    /// field: the dialect may say so, for the outermost message alone.
    pub(super) fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        match self.depth {
            1 => self.dialect.extra(message, name),
            _ => None,
        }
    }

    /// Reads the whole of `text`, a part of the document that was set aside.
    pub(super) fn reread<E: de::Error>(
        &mut self,
        text: &'de str,
        run: impl FnOnce(&mut Self, &mut Reader<'de>) -> serde_json::Result<()>,
    ) -> Result<(), E> {
        let mut reader = reader(text);
        let result = run(self, &mut reader).and_then(|()| reader.end());
        result.map_err(|error| self.broken(text, &error))
    }

    /// Notes that a part of the document, read on its own, is not JSON.
    pub(super) fn broken<E: de::Error>(&mut self, part: &str, error: &serde_json::Error) -> E {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..start).unwrap_or_default();
        let problem = Problem::syntax_after(before, error);
        self.failure
            .get_or_insert_with(|| JsonError::new(&Place::default(), problem));
        E::custom("not JSON")
    }

    /// Notes what is wrong at this place, and makes the error that stops the reader.
    pub(super) fn fail<E: de::Error>(&mut self, problem: Problem) -> E {
        self.failure
            .get_or_insert_with(|| JsonError::new(&self.place, problem));
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
        self.place.enter(step);
        let done = inner(self)?;
        self.place.leave();
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

    /// What a string given for a scalar field stands for.
    pub(super) fn respell<'t>(&self, spelling: Spelling, text: &'t str) -> Cow<'t, str> {
        spelling
            .and_then(|(message, index)| self.dialect.value(message, index, text))
            .map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

fn reader(text: &str) -> Reader<'_> {
    let mut reader = serde_json::Deserializer::from_str(text);
    // Every way down leads through a message, and those are counted.
    reader.disable_recursion_limit();
    reader
}
