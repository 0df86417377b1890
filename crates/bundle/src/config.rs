//! The `config.json` of an OCI bundle.

use std::borrow::Cow;
use std::path::{self, Path};

use agent_schema::{Reflect, Schema};
use serde_json::Value;

use crate::{check, guest, map};

/// A part of a configuration that a message of the agent corresponds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Spec,
    /// The container's first process.
    Process,
}

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

/// A folder with a `config.json` and a root filesystem.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: String,
}

impl Bundle {
    /// The bundle in this folder. Its configuration is for the caller to read.
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
            Err(error) => Err(no_folder(agent_text::reason(&error))),
        }
    }

    /// The name of its configuration's file.
    pub fn config_file(&self) -> String {
        format!("{}/config.json", self.folder.trim_end_matches('/'))
    }
}

/// A configuration that agrees with the runtime specification.
#[derive(Debug)]
pub struct Config {
    /// The file's name as given, for messages.
    name: String,
    spec: Value,
    /// Capabilities whose names are not known.
    unknown: Vec<String>,
    /// What was left out for a guest; nothing is changed for one without this.
    left_out: Option<Vec<String>>,
}

/// What is to be told of a configuration and the message that it was put into: paths in the
/// configuration, but for the last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// What the message has no field for.
    pub without_field: Vec<String>,
    /// What is for a host and not for a guest.
    pub left_out: Vec<String>,
    /// What an agent needs and was not there.
    pub added: Vec<String>,
    /// Names of capabilities that are not known here.
    pub unknown: Vec<String>,
}

impl Config {
    /// Takes a text for the content of the file of this name. A root filesystem that
    /// is given by a relative path is taken from the file's folder (links in that path
    /// are not followed).
    ///
    /// # Errors
    /// When the text is not a configuration.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let (mut spec, unknown) = check::config(text).map_err(|wrong| ConfigError::Invalid {
            name: name.to_owned(),
            wrong,
        })?;
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
            unknown,
            left_out: None,
        })
    }

    /// The same configuration for a guest: without what only a host can do, and with what
    /// an agent needs.
    #[must_use]
    pub fn for_guest(mut self) -> Self {
        self.left_out = Some(guest::adapt(&mut self.spec));
        self
    }

    /// Puts a part of the configuration into a message of the schema. What the message
    /// has no field for is left out, and told as what was done for a guest is.
    ///
    /// # Errors
    /// When a value does not fit the field that is there for it.
    pub fn put(
        &self,
        part: Part,
        message: &mut dyn Reflect,
        schema: &'static Schema,
    ) -> Result<Notes, ConfigError> {
        let mut notes = Notes {
            unknown: self.unknown.clone(),
            ..Notes::default()
        };
        let mut spec = Cow::Borrowed(&self.spec);
        if let (Part::Spec, Some(left_out)) = (part, &self.left_out) {
            notes.left_out.clone_from(left_out);
            notes.added = guest::complete(spec.to_mut());
        }
        let (value, within) = match part {
            Part::Spec => (Some(spec.as_ref()), None),
            Part::Process => (spec.get("process"), Some("process")),
        };
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Ok(notes);
        };
        let put = map::put(value, within, message, schema);
        notes.without_field = put.map_err(|wrong| ConfigError::Unfit {
            name: self.name.clone(),
            wrong,
        })?;
        Ok(notes)
    }

    /// What a container or process lacks in a guest whose message this part was put into,
    /// and perhaps changed since.
    pub fn lacking(&self, part: Part, message: &dyn Reflect) -> Vec<&'static str> {
        match (part, &self.left_out) {
            (_, None) => Vec::new(),
            (Part::Spec, Some(_)) => guest::lacks(message),
            (Part::Process, Some(_)) => guest::lacks_path(message).into_iter().collect(),
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

    /// The path of the root filesystem.
    #[cfg(test)]
    pub(crate) fn root(&self) -> Option<&str> {
        self.spec.pointer("/root/path")?.as_str()
    }
}

/// The path from the file system's root on, as text.
fn absolute(path: &Path) -> Result<String, String> {
    let path = path::absolute(path).map_err(|error| agent_text::reason(&error))?;
    let text = path.into_os_string().into_string();
    text.map_err(|path| format!("{} is not UTF-8 text", path.display()))
}
