//! `CopyFile src=LOCAL dest=GUEST`: a file, a link, a directory or a tree, by as many
//! calls as it takes. This file says what the parameters mean.

mod error;
mod sending;
mod tree;

use std::path::Path;

pub use error::CopyError;
pub use sending::{Copying, Piece};

use self::sending::{DATA, DIR_MODE, FILE_SIZE, GivenFields, NEEDS, OFFSET, PATH};
use super::{Convenience, ConvenienceError, Draft, Given, Level};
use agent_report::error::Error;
use agent_schema::describe::Parameter;
use agent_schema::{Reflect, Scalar};

const SOURCE: &str = "src";
const TARGET: &str = "dest";
const RECURSIVE: &str = "recursive";

/// Permissions of parents that the agent makes on the way: its group may look
/// into them, and others may not.
const PARENT_MODE: u32 = 0o750;

pub(super) const COPY: Convenience = Convenience {
    rpc: "grpc.AgentService/CopyFile",
    parameters: &[
        Parameter {
            name: SOURCE,
            ty: Scalar::String,
            value: "LOCAL",
            doc: "a file, symbolic link or directory here, sent with its mode and owner, in as many calls as it takes",
        },
        Parameter {
            name: TARGET,
            ty: Scalar::String,
            value: "GUEST",
            doc: "the path of the copy in the guest; one that ends in / is the folder to put it in, under its own name",
        },
        Parameter {
            name: RECURSIVE,
            ty: Scalar::Bool,
            value: "true|false",
            doc: "true sends all that is in a directory too; without it the directory alone is sent",
        },
    ],
    example: &[
        (SOURCE, "/etc/hosts"),
        (TARGET, "/run/kata-containers/shared/containers/hosts"),
    ],
    input: "",
    needs: NEEDS,
    needs_config: false,
    apply,
};

fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), ConvenienceError> {
    let mut is_copy = true;
    if given.text(SOURCE).is_some() {
        for field in [OFFSET, DATA] {
            is_copy &= draft.takes(given, SOURCE, field)?;
        }
    }
    // Content that setters give on top of a document's `src` is sent in its place.
    if !is_copy {
        if let Some(target) = given.text(TARGET)
            && draft.takes(given, TARGET, PATH)?
        {
            draft.set_text(PATH, target.to_owned());
        }
        return Ok(());
    }
    let needed = |parameter| {
        given.text(parameter).ok_or(ConvenienceError::Missing {
            parameter,
            takes: "a copy takes both src=LOCAL and dest=GUEST",
        })
    };
    let (source, target) = (needed(SOURCE)?, needed(TARGET)?);
    let target = match draft.takes(given, TARGET, PATH)? {
        true => target_of(source, target)?,
        false => draft.text(PATH).unwrap_or_default(),
    };
    if given.level(SOURCE) == Some(Level::Setter) {
        // A document's size is that of other content.
        draft.forget_document(FILE_SIZE);
    }
    if !draft.has(DIR_MODE) {
        draft.set_number(DIR_MODE, PARENT_MODE);
    }
    let copy = FileCopy {
        source: source.to_owned(),
        target,
        recursive: given.text(RECURSIVE).map_or(Ok(false), truth)?,
        given: GivenFields::of(draft),
    };
    draft.series = Some(copy);
    Ok(())
}

fn truth(text: &str) -> Result<bool, CopyError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(CopyError::Parameter {
            parameter: RECURSIVE,
            what: format!("{text:?} is neither true nor false"),
        }),
    }
}

/// The path of the copy: `target` itself, or within it if it is a folder.
fn target_of(source: &str, target: &str) -> Result<String, CopyError> {
    let wrong = |what| CopyError::Parameter {
        parameter: TARGET,
        what,
    };
    if target.is_empty() {
        return Err(wrong(
            "empty; it is the path of the copy in the guest".to_owned(),
        ));
    }
    if !target.ends_with('/') {
        return Ok(target.to_owned());
    }
    let name = Path::new(source).file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        wrong(format!(
            "{target:?} ends in \"/\", and src {source:?} has no name to have there"
        ))
    })?;
    Ok(tree::join(target, name))
}

/// What is copied to where.
#[derive(Debug)]
pub struct FileCopy {
    source: String,
    target: String,
    recursive: bool,
    given: GivenFields,
}

impl FileCopy {
    /// The length in bytes of the largest request it will send, found without reading
    /// the files. `message` is the request as the command gave it.
    ///
    /// # Errors
    /// When something cannot be copied, or a request has no wire form.
    pub fn largest(&self, mut message: Box<dyn Reflect>) -> Result<usize, Error> {
        let (_, entries) = tree::scan(&self.source, &self.target, self.recursive)?;
        let mut sizes = entries
            .iter()
            .map(|entry| self.given.largest(message.as_mut(), entry));
        sizes.try_fold(0, |largest, size| Ok(largest.max(size?)))
    }

    /// Begins the copy; nothing of it was sent when this fails.
    ///
    /// # Errors
    /// When something cannot be copied.
    pub fn start(&self, message: Box<dyn Reflect>) -> Result<Copying, Error> {
        let found = tree::scan(&self.source, &self.target, self.recursive)?;
        Ok(Copying::new(found, message, self.given, self.recursive))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_takes_the_copy_under_its_own_name() {
        for (source, target, path) in [
            ("/etc/hosts", "/g/h", "/g/h"),
            ("/etc/hosts", "/g/", "/g/hosts"),
            ("etc/", "/g//", "/g/etc"),
            ("hosts", "/", "/hosts"),
            ("..", "/g/x", "/g/x"),
        ] {
            assert_eq!(target_of(source, target).unwrap(), path);
        }
        for source in ["..", "/", "a/..", "."] {
            assert!(target_of(source, "/g/").is_err(), "{source}");
        }
        assert!(target_of("x", "").is_err());
    }
}
