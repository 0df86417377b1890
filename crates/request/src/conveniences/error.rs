//! What can be wrong with a convenience's parameters, and its wording.

use agent_bundle::ConfigError;
#[cfg(feature = "image")]
use agent_bundle::image::ImageError;

use super::CopyError;
use crate::input::InputError;
#[cfg(feature = "image")]
use agent_client::interrupt::Interrupted;
use agent_report::error::Error;

/// Why a convenience cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ConvenienceError {
    /// A file that a parameter names cannot be read.
    #[error("{parameter}: {error}")]
    Input {
        /// The parameter's name.
        parameter: &'static str,
        /// Why not.
        error: InputError,
    },
    /// The OCI configuration that a parameter names cannot be used.
    #[error("{parameter}: {error}")]
    Config {
        /// The parameter's name.
        parameter: &'static str,
        /// Why not.
        error: ConfigError,
    },
    /// A parameter and a field say the same thing in two ways.
    #[error("{parameter}: the field \"{field}\" is given too; give one of them")]
    Twice {
        /// The parameter's name.
        parameter: &'static str,
        /// The field's name.
        field: &'static str,
    },
    /// A parameter goes with another one, which is missing.
    #[error("{parameter}: missing; {takes}")]
    Missing {
        /// The parameter that is not there.
        parameter: &'static str,
        /// What the convenience takes, in words.
        takes: &'static str,
    },
    /// A container's configuration is given in two ways.
    #[error("image: spec is given too; give one of them")]
    SpecAndImage,
    /// What is to be copied cannot be, or changed on the way.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// An image cannot be used.
    #[cfg(feature = "image")]
    #[error("{}: {}", parameter_of(.0), .0)]
    Image(#[from] ImageError),
}

impl ConvenienceError {
    /// The parameter it is about.
    pub(crate) fn parameter(&self) -> &str {
        match self {
            ConvenienceError::Input { parameter, .. }
            | ConvenienceError::Config { parameter, .. }
            | ConvenienceError::Missing { parameter, .. }
            | ConvenienceError::Twice { parameter, .. } => parameter,
            ConvenienceError::SpecAndImage => "image",
            ConvenienceError::Copy(error) => error.parameter(),
            #[cfg(feature = "image")]
            ConvenienceError::Image(error) => parameter_of(error),
        }
    }
}

/// The parameter that an error of an image is about.
#[cfg(feature = "image")]
fn parameter_of(error: &ImageError) -> &'static str {
    match error {
        ImageError::Id { .. } => "id",
        _ => "image",
    }
}

impl From<ConvenienceError> for Error {
    fn from(error: ConvenienceError) -> Self {
        #[cfg(feature = "image")]
        if let ConvenienceError::Image(ImageError::Interrupted) = error {
            return Interrupted.into();
        }
        Self::usage(&error).at(error.parameter())
    }
}

impl From<CopyError> for Error {
    fn from(error: CopyError) -> Self {
        ConvenienceError::Copy(error).into()
    }
}
