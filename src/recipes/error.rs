//! What can be wrong with a convenience's parameters, and its wording.

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
    /// A parameter and a field say the same thing in two ways.
    #[error("{parameter}: the field \"{field}\" is given too; give one of them")]
    Twice {
        /// The parameter's name.
        parameter: &'static str,
        /// The field's name.
        field: &'static str,
    },
}

impl RecipeError {
    /// The parameter it is about.
    pub fn parameter(&self) -> &str {
        match self {
            RecipeError::Input { parameter, .. } | RecipeError::Twice { parameter, .. } => {
                parameter
            }
        }
    }
}
