//! `@file`: a value that is the content of a file. It knows files and sizes,
//! not what the content is for.

use std::io::{self, Read};

use crate::input::{self, reason};
use crate::schema::excerpt::Quoted;

/// The largest file that is read, in bytes: the largest ttRPC message, which no
/// field can exceed.
pub const LIMIT: u64 = 4 << 20;

/// Why a file given with `@` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing stands after the `@`.
    #[error("\"@\" names no file (a text that begins with \"@\" is written with two)")]
    NoName,
    /// It cannot be opened or read.
    #[error("cannot read file {}: {}", Quoted(.path), reason(.source))]
    Read {
        /// The file's path as given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is a directory.
    #[error("{} is a directory, not a file", Quoted(.0))]
    Directory(String),
    /// It holds more than any message can carry.
    #[error("file {} is larger than {LIMIT} bytes, the most that one message can carry", Quoted(.0))]
    TooLarge(String),
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

/// Reads a file of at most [`LIMIT`] bytes; an endless one is given up there.
pub fn read(path: &str) -> Result<Vec<u8>, FileError> {
    if path.is_empty() {
        return Err(FileError::NoName);
    }
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = input::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(FileError::Directory(path.to_owned()));
    }
    // Devices and pipes state no length, so what is read is counted as well.
    let mut content = Vec::new();
    if metadata.len() <= LIMIT {
        let mut bounded = file.take(LIMIT + 1);
        bounded.read_to_end(&mut content).map_err(failed)?;
    }
    if metadata.len() > LIMIT || content.len() as u64 > LIMIT {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    Ok(content)
}

/// Reads a file that holds UTF-8 text; nothing is cut off, a last line break neither.
pub fn read_text(path: &str) -> Result<String, FileError> {
    String::from_utf8(read(path)?).map_err(|error| FileError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn one_at_sign_is_a_file_and_two_are_one() {
        assert_eq!(named_in("@a b"), Source::File("a b"));
        assert_eq!(named_in("@@x"), Source::Text("@x"));
        assert_eq!(named_in("@@"), Source::Text("@"));
        assert_eq!(named_in("x@y"), Source::Text("x@y"));
        assert!(matches!(read(""), Err(FileError::NoName)));
    }

    #[test]
    fn content_is_taken_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.rego");
        fs::write(&path, "package é\n").unwrap();
        assert_eq!(read_text(path.to_str().unwrap()).unwrap(), "package é\n");
    }

    #[test]
    fn what_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"ab\xff").unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(read(path).unwrap(), b"ab\xff");
        assert_eq!(
            read_text(path).unwrap_err().to_string(),
            format!("file \"{path}\" is not UTF-8 text: see byte 2")
        );
    }

    #[test]
    fn what_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert!(matches!(read(path), Err(FileError::Directory(_))));
        assert_eq!(
            read(&format!("{path}/none")).unwrap_err().to_string(),
            format!("cannot read file \"{path}/none\": no such file or directory")
        );
    }

    #[test]
    fn the_largest_file_and_one_byte_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let file = File::create(&path).unwrap();
        file.set_len(LIMIT).unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(read(path).unwrap().len() as u64, LIMIT);
        file.set_len(LIMIT + 1).unwrap();
        assert!(matches!(read(path), Err(FileError::TooLarge(_))));
    }

    #[test]
    fn an_endless_device_is_given_up() {
        assert!(matches!(read("/dev/zero"), Err(FileError::TooLarge(_))));
    }
}
