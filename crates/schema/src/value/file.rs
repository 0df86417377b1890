//! `@file`: a value that is the content of a file, which the [`Dialect`] reads.

use std::error::Error;

use crate::Dialect;
use agent_text::excerpt::Quoted;

/// Why a file given with `@` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing stands after the `@`.
    #[error("\"@\" names no file (a text that begins with \"@\" is written with two)")]
    NoName,
    /// It cannot be read.
    #[error(transparent)]
    Read(Box<dyn Error + Send + Sync>),
    /// It is to be text, and is not UTF-8.
    #[error("file {} is not UTF-8 text: see byte {offset}", Quoted(.path))]
    NotText {
        /// The file's path as given.
        path: String,
        /// How many bytes come before the first bad one.
        offset: usize,
    },
}

/// Where a string or bytes value is.
#[derive(Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// In the text itself.
    Text(&'a str),
    /// In the file of this path.
    File(&'a str),
}

/// Tells `@file` from text, where `@@` is a text's own `@`.
pub fn named_in(text: &str) -> Source<'_> {
    match text.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Source::Text(rest),
        Some(path) => Source::File(path),
        None => Source::Text(text),
    }
}

/// The content of a file.
pub fn read(dialect: &dyn Dialect, path: &str) -> Result<Vec<u8>, FileError> {
    if path.is_empty() {
        return Err(FileError::NoName);
    }
    dialect.file(path).map_err(FileError::Read)
}

/// The content of a file that holds UTF-8 text, the last line break included.
pub fn read_text(dialect: &dyn Dialect, path: &str) -> Result<String, FileError> {
    String::from_utf8(read(dialect, path)?).map_err(|error| FileError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::{Content, Plain};

    /// The only file there is.
    struct One(&'static [u8]);

    impl Dialect for One {
        fn file(&self, path: &str) -> Content {
            match path {
                "a b" => Ok(self.0.to_vec()),
                _ => Err(format!("no file {path}").into()),
            }
        }
    }

    #[test]
    fn one_at_sign_is_a_file_and_two_are_one() {
        assert_eq!(named_in("@a b"), Source::File("a b"));
        assert_eq!(named_in("@@x"), Source::Text("@x"));
        assert_eq!(named_in("@@"), Source::Text("@"));
        assert_eq!(named_in("x@y"), Source::Text("x@y"));
        assert!(matches!(read(&One(b""), ""), Err(FileError::NoName)));
    }

    #[test]
    fn content_is_taken_whole() {
        let text = "package \u{e9}\n";
        assert_eq!(read_text(&One(text.as_bytes()), "a b").unwrap(), text);
    }

    #[test]
    fn bytes_that_are_not_text() {
        assert_eq!(read(&One(b"ab\xff"), "a b").unwrap(), b"ab\xff");
        assert_eq!(
            read_text(&One(b"ab\xff"), "a b").unwrap_err().to_string(),
            "file \"a b\" is not UTF-8 text: see byte 2"
        );
    }

    #[test]
    fn what_cannot_be_read() {
        assert_eq!(read(&One(b""), "c").unwrap_err().to_string(), "no file c");
        assert_eq!(
            read(&Plain, "c").unwrap_err().to_string(),
            "file \"c\" is not read: only values are taken here"
        );
    }
}
