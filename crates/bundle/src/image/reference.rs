//! What `image=REF` names: a folder here or something in a registry. It looks
//! at folders and reads nothing in them.

use std::path::{Path, PathBuf};

use crate::image::error::ImageError;

/// What an image is taken from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// An unpacked bundle.
    Bundle(PathBuf),
    /// An OCI image layout, and which of its images.
    Layout {
        /// The folder.
        folder: PathBuf,
        /// The image's name in it.
        tag: Option<String>,
    },
    /// A reference that a registry resolves.
    Registry(String),
}

impl Reference {
    /// Reads `FOLDER`, `FOLDER:TAG`, `oci:FOLDER[:TAG]` or a registry reference,
    /// which may begin with `docker://`.
    ///
    /// # Errors
    /// When it is none of them.
    pub(crate) fn read(text: &str) -> Result<Self, ImageError> {
        let name = || text.to_owned();
        if let Some(path) = text.strip_prefix("oci:") {
            return layout(path).ok_or_else(|| ImageError::NoImage { name: name() });
        }
        if Path::new(text).join("config.json").is_file() {
            return Ok(Reference::Bundle(text.into()));
        }
        if let Some(layout) = layout(text) {
            return Ok(layout);
        }
        let reference = text.strip_prefix("docker://").unwrap_or(text);
        if reference.starts_with(['/', '.']) || Path::new(text).exists() {
            return Err(ImageError::NoImage { name: name() });
        }
        match is_reference(reference) {
            true => Ok(Reference::Registry(reference.to_owned())),
            false => Err(ImageError::Reference { name: name() }),
        }
    }
}

fn layout(text: &str) -> Option<Reference> {
    let is_layout = |path: &str| Path::new(path).join("oci-layout").is_file();
    let found = |folder: &str, tag: Option<&str>| {
        Some(Reference::Layout {
            folder: folder.into(),
            tag: tag.map(str::to_owned),
        })
    };
    if is_layout(text) {
        return found(text, None);
    }
    // A tag may hold colons itself, so each of them may end the path.
    let mut splits = text.match_indices(':').map(|(at, _)| text.split_at(at));
    let (folder, tag) = splits.find(|(folder, _)| !folder.is_empty() && is_layout(folder))?;
    found(folder, tag.strip_prefix(':'))
}

/// Whether these are the characters of a registry reference.
fn is_reference(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn registry_references_by_their_characters() {
        for good in ["busybox", "localhost:5000/a_b/c-d:1.2", "a@sha256:00ff"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "-x", "a b", "a?b", "ä", ":x", "a\n"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
