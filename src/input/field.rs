//! The file that a field's value `@file` names: a setter reads it through
//! [`crate::schema::Dialect::file`].

use std::io::{self, Read};

use super::{open, reason};
use crate::text::excerpt::Quoted;

/// The largest file that is read, in bytes: the largest ttRPC message, which no
/// field can exceed.
const LIMIT: u64 = 4 << 20;

/// Why a file given with `@` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
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
}

/// Reads a file of at most [`LIMIT`] bytes; an endless one is given up there.
///
/// # Errors
/// When it cannot be opened or read, is a directory, or is larger.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = open(path).map_err(failed)?;
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn content_is_taken_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"ab\xff\n").unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(read(path).unwrap(), b"ab\xff\n");
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
