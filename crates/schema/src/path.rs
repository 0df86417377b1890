//! Paths to fields as a user writes them: `storages[0].driver`,
//! `Sysctl["a.b"]`, and the `=` that ends one. This file knows their grammar;
//! [`resolve`] finds the fields they name, [`set`] puts a value there.

mod change;
mod error;
mod resolve;
mod setter;
mod unfinished;

use serde_json::Deserializer;

pub use error::{SetError, SetProblem};
pub use resolve::{Resolved, Step, resolve};
pub use setter::set;
pub use unfinished::{Brackets, Unfinished, unfinished};

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path {}: {problem} at character {position}", agent_text::excerpt::Excerpt(.path))]
pub struct PathError {
    /// The path as given.
    pub path: String,
    /// Which character of it the problem is at, counted from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: PathProblem,
}

/// What can be wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing where a name must be.
    #[error("a field name is missing")]
    NoName,
    /// `[` without its `]`.
    #[error("no \"]\" closes the \"[\"")]
    Unclosed,
    /// `[]`.
    #[error("an index or a key is missing in \"[]\"")]
    NoKey,
    /// A key begins with a double quote and is not a JSON string.
    #[error("the quoted key is not a JSON string")]
    BadString,
    /// A character that cannot stand there.
    #[error("{0:?} cannot stand")]
    Unexpected(char),
}

/// One dotted part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The field's name as given.
    pub name: String,
    /// What stands in each `[...]` after it, unquoted.
    pub keys: Vec<String>,
}

/// The length of the path before the `=` of the setter that `text` begins with.
/// An `=` within `[...]` does not end the path; white space, quotes and what
/// else no field's name has outside of brackets make it no setter.
pub fn setter_path(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let found = rest.chars().next()?;
        at += match found {
            '=' => return Some(at),
            '[' => match key_end(rest) {
                Some(length) => length,
                // No path, but a setter all the same: the path's reader says why.
                None => {
                    let end = rest.find(|c: char| c == '=' || c.is_whitespace())?;
                    return rest.get(end..)?.starts_with('=').then_some(at + end);
                }
            },
            '\'' | '"' | '\\' | '/' | ':' => return None,
            other if other.is_whitespace() => return None,
            other => other.len_utf8(),
        };
    }
}

/// Splits a `path=value` word at the `=` that ends the path. `None` for a word
/// that is no setter.
pub fn split_setter(word: &str) -> Option<(&str, &str)> {
    let end = setter_path(word)?;
    word.get(..end).zip(word.get(end + 1..))
}

/// The length of the `[...]` that `text` begins with.
fn key_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let key = if inner.starts_with('"') {
        json_string(inner)?.1
    } else {
        0
    };
    Some(1 + key + inner.get(key..)?.find(']')? + 1)
}

/// The JSON string that `text` begins with, and its length in `text`.
fn json_string(text: &str) -> Option<(String, usize)> {
    let mut strings = Deserializer::from_str(text).into_iter::<String>();
    let string = strings.next()?.ok()?;
    Some((string, strings.byte_offset()))
}

/// Reads a path.
///
/// # Errors
/// When a name or key is missing, a bracket is not closed, or a quoted key is
/// not a JSON string.
pub fn parse(path: &str) -> Result<Vec<Segment>, PathError> {
    let mut segments = Vec::new();
    let mut reader = Reader { path, at: 0 };
    loop {
        let mut segment = Segment {
            name: reader.name()?.to_owned(),
            keys: Vec::new(),
        };
        while reader.rest().starts_with('[') {
            segment.keys.push(reader.key()?);
        }
        segments.push(segment);
        match reader.rest().chars().next() {
            None => return Ok(segments),
            Some('.') => reader.at += 1,
            Some(other) => return Err(reader.error(PathProblem::Unexpected(other))),
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    /// Byte offset of what comes next.
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.path.get(self.at..).unwrap_or_default()
    }

    fn error(&self, problem: PathProblem) -> PathError {
        let before = self.path.get(..self.at).unwrap_or_default();
        PathError {
            path: self.path.to_owned(),
            position: before.chars().count() + 1,
            problem,
        }
    }

    fn name(&mut self) -> Result<&'a str, PathError> {
        let rest = self.rest();
        let end = rest.find(['.', '[', ']', '=']).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.error(PathProblem::NoName));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn key(&mut self) -> Result<String, PathError> {
        let Some(inner) = self.rest().strip_prefix('[') else {
            return Err(self.error(PathProblem::NoKey));
        };
        if inner.starts_with('"') {
            let Some((key, length)) = json_string(inner) else {
                self.at += 1;
                return Err(self.error(PathProblem::BadString));
            };
            return match inner[length..].chars().next() {
                Some(']') => {
                    self.at += 1 + length + 1;
                    Ok(key)
                }
                Some(other) => {
                    self.at += 1 + length;
                    Err(self.error(PathProblem::Unexpected(other)))
                }
                None => Err(self.error(PathProblem::Unclosed)),
            };
        }
        let end = inner
            .find(']')
            .ok_or_else(|| self.error(PathProblem::Unclosed))?;
        if end == 0 {
            return Err(self.error(PathProblem::NoKey));
        }
        self.at += 1 + end + 1;
        Ok(inner[..end].to_owned())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod syntax_tests;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
