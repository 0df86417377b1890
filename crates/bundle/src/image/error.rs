//! Why an image cannot be used, and its wording. What a file or a program says
//! is shown with everything escaped that a terminal would act on.

use std::io;
use std::path::Path;

/// Why no container can be made from an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The ID cannot name a folder.
    #[error(
        "{id:?} is not a container's ID: letters, digits, \"_\", \".\" and \"-\", and at first a \
         letter or digit"
    )]
    Id {
        /// What was given.
        id: String,
    },
    /// It looks like a path, and leads to nothing that can be used.
    #[error(
        "{name:?} is neither a bundle (a folder with config.json) nor an OCI image layout \
         (a folder with oci-layout and index.json)"
    )]
    NoImage {
        /// What was given.
        name: String,
    },
    /// It is not a path, and not a name that a registry may have.
    #[error(
        "{name:?} is neither a folder here nor a registry reference, such as \
         docker.io/library/busybox:latest"
    )]
    Reference {
        /// What was given.
        name: String,
    },
    /// A registry reference, and nothing to fetch it with.
    #[error(
        "{name:?} is not a folder here, and an image of a registry needs skopeo to fetch it \
         and umoci to unpack it; there is no {missing} on the PATH"
    )]
    NoTool {
        /// What was given.
        name: String,
        /// The programs that are not there.
        missing: String,
    },
    /// A program failed.
    #[error("{tool} failed ({status}): {said}")]
    Tool {
        /// The program's name.
        tool: &'static str,
        /// Its exit status, in words.
        status: String,
        /// The last line that it wrote.
        said: String,
    },
    /// A file or folder cannot be read or made.
    #[error("{name:?}: {}", agent_text::reason(.error))]
    File {
        /// Its path.
        name: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// A file of a layout says what it may not say.
    #[error("{name:?}: {what}")]
    Layout {
        /// Its path.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// There is no manifest by this tag, or there are several.
    #[error("{name:?} has no image {}; {}", asked_for(.tag), names(.tags))]
    Tag {
        /// The layout's folder.
        name: String,
        /// The tag that was asked for.
        tag: Option<String>,
        /// The tags that it has.
        tags: Vec<String>,
    },
    /// The user that the image runs as is not in its files.
    #[error("the image runs as {user:?}, and its {file} has no {name:?}")]
    User {
        /// The user as the image has it.
        user: String,
        /// Where names are looked up.
        file: &'static str,
        /// The name that is missing.
        name: String,
    },
    /// The container's folder holds another image.
    #[error("{folder:?} holds the bundle of another image; remove it, or give another id")]
    Taken {
        /// The folder.
        folder: String,
    },
    /// Others could change what is in the folder.
    #[error("{folder:?} is not a folder of this user alone")]
    Shared {
        /// The folder.
        folder: String,
    },
}

fn asked_for(tag: &Option<String>) -> String {
    match tag {
        Some(tag) => format!("{tag:?} for this kind of machine"),
        None => "\"latest\", and not just one".to_owned(),
    }
}

fn names(tags: &[String]) -> String {
    match tags {
        [] => "none has a name".to_owned(),
        _ => {
            let names: Vec<_> = tags.iter().map(|tag| format!("{tag:?}")).collect();
            format!("there are {}", names.join(", "))
        }
    }
}

impl ImageError {
    /// What is wrong with a file of a layout.
    pub(crate) fn layout(path: &Path, what: impl Into<String>) -> Self {
        ImageError::Layout {
            name: path.display().to_string(),
            what: what.into(),
        }
    }

    /// For errors of the operating system about a path.
    pub(crate) fn file(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let name = path.as_ref().display().to_string();
        |error| ImageError::File { name, error }
    }
}
