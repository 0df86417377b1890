//! What can be wrong with a configuration, and its wording.

use super::check;
use super::map;
use crate::input::InputError;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no bundle.
    #[error("{name:?}: {reason}; a bundle is a folder with a config.json")]
    Folder {
        /// The folder's name as given.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The file is not JSON, or not what the runtime specification says.
    #[error("{name:?}: {wrong}")]
    Invalid {
        /// The file's name as given.
        name: String,
        /// What is wrong in it, and where.
        wrong: check::Wrong,
    },
    /// A value does not fit the agent's field.
    #[error("{name:?}: {wrong}")]
    Unfit {
        /// The file's name as given.
        name: String,
        /// What is wrong in it, and where.
        wrong: map::Wrong,
    },
    /// The root filesystem has no absolute path.
    #[error("{name:?}: root.path: {path:?} cannot be made absolute: {reason}")]
    Root {
        /// The file's name as given.
        name: String,
        /// The path in it.
        path: String,
        /// Why not.
        reason: String,
    },
}

impl check::Wrong {
    pub(super) fn in_file(self, name: &str) -> ConfigError {
        ConfigError::Invalid {
            name: name.to_owned(),
            wrong: self,
        }
    }
}

impl map::Wrong {
    pub(super) fn in_file(self, name: &str) -> ConfigError {
        ConfigError::Unfit {
            name: name.to_owned(),
            wrong: self,
        }
    }
}
