//! What can be wrong with a convenience's parameters, and its wording.

use super::{CopyError, ImageError};
use crate::auto::oci::ConfigError;
use crate::input::InputError;

/// Why a recipe cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
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
    /// What is to be copied cannot be, or changed on the way.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// An image cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl RecipeError {
    /// The parameter it is about.
    pub fn parameter(&self) -> &str {
        match self {
            RecipeError::Input { parameter, .. }
            | RecipeError::Config { parameter, .. }
            | RecipeError::Twice { parameter, .. } => parameter,
            RecipeError::Copy(error) => error.parameter(),
            RecipeError::Image(error) => error.parameter(),
        }
    }
}
