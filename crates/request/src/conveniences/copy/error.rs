//! Why something cannot be copied, and its wording. File names are shown with
//! everything escaped that a terminal would act on.

use std::io;

use crate::input;

/// Why a copy cannot be made, or was not finished.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A parameter cannot be what was given.
    #[error("{parameter}: {what}")]
    Parameter {
        /// The parameter's name.
        parameter: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// What is to be copied cannot be.
    #[error("src: {name:?} {what}")]
    Source {
        /// The path.
        name: String,
        /// Why not.
        what: String,
    },
    /// The operating system does not let it be read.
    #[error("src: {name:?}: {}", input::reason(.error))]
    Read {
        /// The path.
        name: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// It is not what it was before.
    #[error("{name:?} {how}")]
    Changed {
        /// The path.
        name: String,
        /// What has become of it.
        how: String,
    },
}

impl CopyError {
    /// The parameter it is about.
    pub(crate) fn parameter(&self) -> &str {
        match self {
            CopyError::Parameter { parameter, .. } => parameter,
            CopyError::Source { .. } | CopyError::Read { .. } | CopyError::Changed { .. } => "src",
        }
    }
}
