//! The `config.json` of an OCI bundle: read, checked against the runtime
//! specification, and put into the messages of an agent that correspond to it.
//! Which fields those messages have is the generated table's to know.

mod check;
mod error;
mod map;
mod place;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;

use std::path::{self, Path};

use serde_json::Value;

pub(crate) use check::read;
pub use error::ConfigError;

use crate::input::{self, Inputs};
use crate::schema::Reflect;

/// A part of a configuration that a message of the agent corresponds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Spec,
    /// The container's first process.
    Process,
}

/// A folder with a `config.json` and a root filesystem.
#[derive(Debug)]
pub struct Bundle {
    folder: String,
}

impl Bundle {
    /// The bundle in this folder. The configuration is not read yet.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn new(folder: &str) -> Result<Self, ConfigError> {
        let no_folder = |reason| ConfigError::Folder {
            name: folder.to_owned(),
            reason,
        };
        match Path::new(folder).metadata() {
            Ok(found) if found.is_dir() => Ok(Self {
                folder: folder.to_owned(),
            }),
            Ok(_) => Err(no_folder("not a folder".to_owned())),
            Err(error) => Err(no_folder(input::reason(&error))),
        }
    }

    /// Reads the bundle's configuration. Each time anew, as at a prompt it may
    /// have been edited since.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn config(&self, inputs: &mut Inputs) -> Result<Config, ConfigError> {
        let name = format!("{}/config.json", self.folder.trim_end_matches('/'));
        Config::read(&name, inputs)
    }
}

/// A configuration that agrees with the runtime specification.
#[derive(Debug)]
pub struct Config {
    /// The file's name as given, for messages.
    name: String,
    spec: Value,
}

impl Config {
    /// Reads a configuration from a file, or from standard input for `-`. A
    /// root filesystem given by a relative path is taken from the file's
    /// folder (links in that path are not followed).
    ///
    /// # Errors
    /// When the file cannot be read, or is no configuration.
    pub fn read(name: &str, inputs: &mut Inputs) -> Result<Self, ConfigError> {
        Self::parse(name, &inputs.text(name)?)
    }

    /// Takes a text for the content of the file of this name.
    ///
    /// # Errors
    /// When the text is no configuration.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let mut spec = check::parse(text).map_err(|wrong| wrong.in_file(name))?;
        if let Some(Value::String(root)) = spec.pointer_mut("/root/path")
            && !root.is_empty()
        {
            let folder = Path::new(name).parent().unwrap_or(Path::new(""));
            *root = absolute(&folder.join(&root)).map_err(|reason| ConfigError::Root {
                name: name.to_owned(),
                path: root.clone(),
                reason,
            })?;
        }
        Ok(Self {
            name: name.to_owned(),
            spec,
        })
    }

    /// Puts a part of the configuration into a message. What the message has no
    /// field for is left out, and told by its path.
    ///
    /// # Errors
    /// When a value does not fit the field that is there for it.
    pub fn put(&self, part: Part, message: &mut dyn Reflect) -> Result<Vec<String>, ConfigError> {
        let (value, within) = match part {
            Part::Spec => (Some(&self.spec), None),
            Part::Process => (self.spec.get("process"), Some("process")),
        };
        match value {
            Some(Value::Null) | None => Ok(Vec::new()),
            Some(value) => {
                map::put(value, within, message).map_err(|wrong| wrong.in_file(&self.name))
            }
        }
    }

    /// The file's name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has this part.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Spec => true,
            Part::Process => self.spec.get("process").is_some_and(Value::is_object),
        }
    }
}

/// The path from the file system's root on, as text.
fn absolute(path: &Path) -> Result<String, String> {
    let path = path::absolute(path).map_err(|error| input::reason(&error))?;
    let text = path.into_os_string().into_string();
    text.map_err(|path| format!("{} is not UTF-8 text", path.display()))
}
