//! JSON documents of an image layout, read by the names of their members. What
//! the members mean is not known here.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::ImageError;
use crate::input;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 8 << 20;

/// A document, and the file that it is from.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    value: Value,
}

/// An object within a document. A member that is `null` is not there.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    path: &'a Path,
    members: Option<&'a Map<String, Value>>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no JSON object.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        let mut text = String::new();
        let file = input::open(path).map_err(ImageError::file(path))?;
        let read = file.take(LIMIT + 1).read_to_string(&mut text);
        if read.map_err(ImageError::file(path))? as u64 > LIMIT {
            let what = format!("is larger than {} MiB", LIMIT >> 20);
            return Err(ImageError::layout(path, what));
        }
        let value = serde_json::from_str(&text);
        let value: Value = value.map_err(|error| ImageError::layout(path, error.to_string()))?;
        if !value.is_object() {
            return Err(ImageError::layout(path, "is no JSON object"));
        }
        Ok(Self {
            path: path.to_owned(),
            value,
        })
    }

    /// The document's members.
    pub fn object(&self) -> Object<'_> {
        Object {
            path: &self.path,
            members: self.value.as_object(),
        }
    }
}

impl<'a> Object<'a> {
    /// Where the document is from.
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// Its members and their values; none if it is not there itself.
    pub fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.members.into_iter().flatten()
    }

    /// A member that is text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, ImageError> {
        self.member(name, "a text", Value::as_str)
    }

    /// A member that is a count.
    ///
    /// # Errors
    /// When it is something else.
    pub fn count(&self, name: &str) -> Result<Option<u64>, ImageError> {
        self.member(name, "a count", Value::as_u64)
    }

    /// A member that is an object; an empty one where it is not there.
    ///
    /// # Errors
    /// When it is something else.
    pub fn within(&self, name: &str) -> Result<Object<'a>, ImageError> {
        let members = self.member(name, "an object", Value::as_object)?;
        Ok(Object { members, ..*self })
    }

    /// A member that is a list of texts.
    ///
    /// # Errors
    /// When it is something else.
    pub fn texts(&self, name: &str) -> Result<Option<&'a [Value]>, ImageError> {
        self.member(name, "a list of texts", |value| {
            let list = value.as_array().map(Vec::as_slice);
            list.filter(|list| list.iter().all(Value::is_string))
        })
    }

    /// A member that is a list of objects.
    ///
    /// # Errors
    /// When it is something else.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Object<'a>>>, ImageError> {
        let path = self.path;
        let object = |value: &'a Value| {
            let members = Some(value.as_object()?);
            Some(Object { path, members })
        };
        self.member(name, "a list of objects", |value| {
            value.as_array()?.iter().map(object).collect()
        })
    }

    fn member<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ImageError> {
        let value = self.members.and_then(|members| members.get(name));
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let found = read(value)
            .ok_or_else(|| ImageError::layout(self.path, format!("{name} is not {what}")))?;
        Ok(Some(found))
    }
}
