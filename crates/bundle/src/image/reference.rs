//! What `image=REF` names: something on disk or in a registry. It looks at folders and
//! files, and reads nothing in them.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

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
    /// A tar archive, and which of its images.
    Archive {
        /// The file.
        file: PathBuf,
        /// The image's name in it.
        tag: Option<String>,
        /// What kind of archive it is said to be.
        kind: Option<Archive>,
    },
    /// A reference that a registry resolves.
    Registry(String),
}

/// The kinds of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    /// An OCI image layout.
    Oci,
    /// What `docker save` writes.
    Docker,
}

impl Reference {
    /// Reads a folder, a file or either with a tag, with or without what skopeo has before
    /// it; or a registry reference, which may begin with `docker://`.
    ///
    /// # Errors
    /// When it is none of them.
    pub(crate) fn read(text: &str) -> Result<Self, ImageError> {
        let name = || text.to_owned();
        let no_image = |path: &str| match split(path, |path| path.symlink_metadata().is_ok()) {
            Some(_) => ImageError::NoImage { name: name() },
            None => ImageError::file(text)(Errno::ENOENT.into()),
        };
        for (prefix, kind) in [
            ("oci-archive:", Archive::Oci),
            ("docker-archive:", Archive::Docker),
        ] {
            if let Some(path) = text.strip_prefix(prefix) {
                return archive(path, Some(kind)).ok_or_else(|| no_image(path));
            }
        }
        if let Some(path) = text.strip_prefix("oci:") {
            return layout(path).ok_or_else(|| no_image(path));
        }
        if is_elsewhere(text) {
            return Err(ImageError::Elsewhere { name: name() });
        }
        if Path::new(text).join("config.json").is_file() {
            return Ok(Reference::Bundle(text.into()));
        }
        if let Some(found) = layout(text).or_else(|| archive(text, None)) {
            return Ok(found);
        }
        let reference = text.strip_prefix("docker://").unwrap_or(text);
        if reference.starts_with(['/', '.']) || fs::symlink_metadata(text).is_ok() {
            return Err(no_image(text));
        }
        match is_reference(reference) {
            true => Ok(Reference::Registry(reference.to_owned())),
            false => Err(ImageError::Reference { name: name() }),
        }
    }
}

fn layout(text: &str) -> Option<Reference> {
    let (folder, tag) = split(text, |path| path.join("oci-layout").is_file())?;
    Some(Reference::Layout { folder, tag })
}

fn archive(text: &str, kind: Option<Archive>) -> Option<Reference> {
    let (file, tag) = split(text, Path::is_file)?;
    Some(Reference::Archive { file, tag, kind })
}

/// A path and the tag after it: either may hold colons itself, so each may end the path.
fn split(text: &str, is_it: impl Fn(&Path) -> bool) -> Option<(PathBuf, Option<String>)> {
    if is_it(Path::new(text)) {
        return Some((text.into(), None));
    }
    let mut splits = text.match_indices(':').map(|(at, _)| text.split_at(at));
    let (path, tag) = splits.find(|(path, _)| !path.is_empty() && is_it(Path::new(path)))?;
    Some((path.into(), tag.strip_prefix(':').map(str::to_owned)))
}

/// Whether this is one of skopeo's names for what is neither a layout nor an archive nor in a
/// registry. Some of them could be the names of images too, with what follows as a tag.
fn is_elsewhere(text: &str) -> bool {
    let Some((transport, rest)) = text.split_once(':') else {
        return false;
    };
    match transport {
        "containers-storage" | "docker-daemon" => true,
        "dir" | "ostree" | "sif" | "tarball" => rest.starts_with(['/', '.']),
        _ => false,
    }
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
    use super::{is_elsewhere, is_reference};

    #[test]
    fn what_only_skopeo_knows() {
        for name in [
            "docker-daemon:a:b",
            "containers-storage:a",
            "dir:/a",
            "dir:./a",
            "sif:/a",
        ] {
            assert!(is_elsewhere(name), "{name}");
        }
        for name in [
            "dir:1.0",
            "busybox",
            "localhost:5000/a",
            "docker://a",
            "/dir:/a",
        ] {
            assert!(!is_elsewhere(name), "{name}");
        }
    }

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
