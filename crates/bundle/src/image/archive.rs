//! A tar archive of images: which kind it is, and that the image asked for is one and no
//! other. skopeo reads the rest; of two images by one tag it would take the first, and it
//! does not check a manifest by its digest.

use std::path::Path;

use serde::Deserialize;

use super::files::Files;
use super::layout::{self, Image};
use super::reference::Archive;
use crate::check;
use crate::image::error::ImageError;

/// The document of an archive that `docker save` made.
const DOCKER: &str = "manifest.json";

/// An archive and what is known of the image in it.
pub(crate) struct Found {
    /// What skopeo calls its kind.
    pub(crate) transport: &'static str,
    /// The image, where the archive has digests to tell it by.
    pub(crate) image: Option<Image>,
}

/// One image of an archive that `docker save` made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    repo_tags: Option<Vec<String>>,
}

/// Looks into an archive.
///
/// # Errors
/// When it is none, or has no such image or more than one.
pub(crate) fn find(
    file: &Path,
    tag: Option<&str>,
    kind: Option<Archive>,
) -> Result<Found, ImageError> {
    let files = Files::of_archive(file)?;
    // docker save adds a layout to its own documents, of types that skopeo does not take.
    let kind = kind.or(match (files.has(DOCKER), files.has("index.json")) {
        (true, _) => Some(Archive::Docker),
        (false, true) => Some(Archive::Oci),
        (false, false) => None,
    });
    match kind {
        Some(Archive::Oci) => {
            let image = layout::image(&files, tag)?;
            if image.conversion == Some(layout::Conversion::Docker) {
                let what = "holds an image of Docker's media types, which skopeo does not take \
                            from an archive: unpack the archive into a folder, and give that";
                return Err(ImageError::layout(file, what));
            }
            Ok(Found {
                transport: "oci-archive",
                image: Some(image),
            })
        }
        Some(Archive::Docker) => {
            let text = files.read(DOCKER)?;
            let wrong = |what: String| ImageError::layout(&files.path(DOCKER), what);
            let text = std::str::from_utf8(&text).map_err(|error| wrong(error.to_string()))?;
            let saved: Vec<Saved> = check::read(text).map_err(|error| wrong(error.to_string()))?;
            check_tags(file, &saved, tag)?;
            Ok(Found {
                transport: "docker-archive",
                image: None,
            })
        }
        None => Err(ImageError::NoImage {
            name: file.display().to_string(),
        }),
    }
}

/// Whether a tag stands for one image. It may leave out what Docker adds to it.
fn check_tags(file: &Path, saved: &[Saved], tag: Option<&str>) -> Result<(), ImageError> {
    let name = || file.display().to_string();
    let tags: Vec<_> = saved
        .iter()
        .flat_map(|it| it.repo_tags.iter().flatten())
        .collect();
    let count = match tag {
        None => saved.len(),
        Some(tag) => {
            let is_it = |it: &&&String| in_full(it) == in_full(tag);
            tags.iter().filter(is_it).count()
        }
    };
    match (count, tag) {
        (1, _) => Ok(()),
        (2.., Some(tag)) => Err(ImageError::Twice {
            name: name(),
            tag: tag.to_owned(),
            digests: Vec::new(),
        }),
        _ => Err(ImageError::Tag {
            name: name(),
            tag: tag.map(str::to_owned),
            count: saved.len(),
            tags: tags.into_iter().cloned().collect(),
        }),
    }
}

/// A name with the registry, the folder and the tag that Docker takes it to have.
fn in_full(name: &str) -> String {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let name = match first {
        "" => format!("docker.io/library/{name}"),
        first if first.contains(['.', ':']) || first == "localhost" => format!("{first}/{rest}"),
        _ => format!("docker.io/{name}"),
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    match last.contains(':') {
        true => name,
        false => format!("{name}:latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_full;

    #[test]
    fn names_as_docker_takes_them() {
        for (name, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1", "docker.io/library/busybox:1"),
            ("a/b", "docker.io/a/b:latest"),
            ("quay.io/a/b:2", "quay.io/a/b:2"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
        ] {
            assert_eq!(in_full(name), full);
        }
    }
}
