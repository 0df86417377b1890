//! Why something cannot be copied, and its wording. File names are shown with
//! everything escaped that a terminal would act on.

use std::io;

use crate::input;

/// Why a copy cannot be made, or was not finished.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A parameter is neither true nor false.
    #[error("{parameter}: {text:?} is neither true nor false")]
    NotBool {
        /// The parameter's name.
        parameter: &'static str,
        /// What was given.
        text: String,
    },
    /// `dest` is empty.
    #[error("dest: empty; it is the path of the copy in the guest")]
    NoTarget,
    /// `dest` is a folder to copy into, and `src` has no name of its own.
    #[error("dest: {target:?} ends in \"/\", and src {source_name:?} has no name to have there")]
    NoName {
        /// The destination as given.
        target: String,
        /// The source as given.
        source_name: String,
    },
    /// The operating system does not let it be read.
    #[error("src: {name:?}: {}", input::reason(.error))]
    Read {
        /// The path.
        name: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// A name in a folder is not UTF-8.
    #[error("src: {name:?} is not UTF-8 text, as paths in requests must be")]
    NotText {
        /// The path with its bad bytes replaced.
        name: String,
    },
    /// It is nothing that the agent can make.
    #[error("src: {name:?} is {kind}; files, directories and symbolic links can be copied")]
    Special {
        /// The path.
        name: String,
        /// What it is, in words.
        kind: &'static str,
    },
    /// Its owner does not fit the request.
    #[error(
        "src: {name:?} belongs to {field} {id}, and at most {} can be sent; give {field}=",
        i32::MAX
    )]
    Owner {
        /// The path.
        name: String,
        /// The request's field.
        field: &'static str,
        /// The owner's number.
        id: u32,
    },
    /// It is another thing than before.
    #[error("{name:?} is not a regular file any more")]
    Replaced {
        /// The path.
        name: String,
    },
    /// It has more than it said.
    #[error("{name:?} grew while it was sent: it has more than the {size} bytes it had at first")]
    Grew {
        /// The path.
        name: String,
        /// Its size when it was opened, in bytes.
        size: u64,
    },
    /// It has less than it said.
    #[error("{name:?} shrank while it was sent: it had {size} bytes at first, and has {left} now")]
    Shrank {
        /// The path.
        name: String,
        /// Its size when it was opened, in bytes.
        size: u64,
        /// Its size now, in bytes.
        left: u64,
    },
    /// It was written to, and is as large as before.
    #[error("{name:?} was written to while it was sent")]
    Written {
        /// The path.
        name: String,
    },
    /// It has no name any more.
    #[error("{name:?} was removed while it was sent")]
    Removed {
        /// The path.
        name: String,
    },
}

impl CopyError {
    /// The parameter it is about.
    pub fn parameter(&self) -> &str {
        match self {
            CopyError::NotBool { parameter, .. } => parameter,
            CopyError::NoTarget | CopyError::NoName { .. } => "dest",
            CopyError::Read { .. }
            | CopyError::NotText { .. }
            | CopyError::Special { .. }
            | CopyError::Owner { .. }
            | CopyError::Replaced { .. }
            | CopyError::Grew { .. }
            | CopyError::Shrank { .. }
            | CopyError::Written { .. }
            | CopyError::Removed { .. } => "src",
        }
    }
}
