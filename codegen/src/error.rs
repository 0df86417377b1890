//! What can be wrong with a folder of proto files, worded for the person who
//! edits them.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A proto file is wrong: `file:line:col: what`.
    #[error("{place}: {what}")]
    Proto {
        /// Where.
        place: Place,
        /// What is wrong there.
        what: String,
    },
    /// There are no proto files directly in the folder.
    #[error("\"{}\" holds no .proto file with a service{}", .folder.display(), hint(.below))]
    NoFiles {
        /// The folder.
        folder: PathBuf,
        /// A file in a folder below it that declares a service, if one does.
        below: Option<String>,
    },
    /// There is no service to call in the folder's proto files.
    #[error("no .proto file in \"{}\" declares a service{}", .folder.display(), hint(.below))]
    NoService {
        /// The folder.
        folder: PathBuf,
        /// A file in a folder below it that declares a service, if one does.
        below: Option<String>,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} \"{}\": {cause}", .path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// What was to be read or written.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// The struct generator refused descriptors that protox found in order.
    #[error("cannot generate the message structs: {0}")]
    Structs(String),
    /// What was generated is not Rust: a defect of this crate.
    #[error("cannot format the generated code: {0}")]
    Code(String),
}

impl Error {
    pub(crate) fn at(place: Place, what: impl Into<String>) -> Self {
        Error::Proto {
            place,
            what: one_line(&what.into()),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, cause: std::io::Error) -> Self {
        Error::Io {
            action,
            path: path.to_owned(),
            cause,
        }
    }
}

fn hint(below: &Option<String>) -> String {
    match below {
        Some(file) => {
            format!(
                "; \"{file}\" below it declares one, but only files directly in a folder \
                 are built: name the folder of that file"
            )
        }
        None => String::new(),
    }
}

/// A text with what it quotes of a file on one line. The tool's own escaping is in a crate of the
/// running tool, and the generator uses none of those.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// A place in a proto file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, relative to the folder.
    pub file: String,
    /// Line and column, both from 1; the column counts characters.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// The file as a whole.
    pub(crate) fn file(file: &str) -> Self {
        Place {
            file: file.to_owned(),
            position: None,
        }
    }

    /// The character at a byte offset of the file's text; its end if the offset
    /// is beyond it.
    pub(crate) fn offset(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: file.to_owned(),
            position: Some((line, before[start..].chars().count() + 1)),
        }
    }

    /// A line and a column in bytes, both from 0, as descriptors state them.
    pub(crate) fn span(file: &str, text: &str, line: usize, column: usize) -> Self {
        let content = text.split('\n').nth(line).unwrap_or_default();
        let before = content.get(..column).unwrap_or(content);
        Place {
            file: file.to_owned(),
            position: Some((line + 1, before.chars().count() + 1)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}
