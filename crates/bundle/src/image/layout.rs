//! An OCI image layout on disk: from a tag to the image's configuration and its
//! layers, as the OCI image specification has them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oci_spec::image::{
    ANNOTATION_REF_NAME, Arch, Descriptor, ImageConfiguration, ImageIndex, ImageManifest,
    MediaType, Os, ToDockerV2S2,
};
use serde::de::DeserializeOwned;

use crate::check;
use crate::image::error::ImageError;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 8 << 20;
/// How deep indexes may lie in indexes.
const DEEPEST: usize = 4;

/// One image of a layout.
#[derive(Debug)]
pub(crate) struct Image {
    /// The digest of its manifest.
    pub(crate) digest: String,
    /// Its tag, if it has one.
    pub(crate) tag: Option<String>,
    /// Its configuration.
    pub(crate) config: ImageConfiguration,
    /// Where its layers are, the lowest first.
    pub(crate) layers: Vec<PathBuf>,
}

/// The image by this tag in the layout in `folder`, for this kind of machine.
/// Without a tag: the only one, or the one that is called `latest`.
///
/// # Errors
/// When there is no such image, or it cannot be read.
pub(crate) fn image(folder: &Path, tag: Option<&str>) -> Result<Image, ImageError> {
    let index = folder.join("index.json");
    let all: ImageIndex = read(&index)?;
    let all = all.manifests();
    let found = match (tag, all.as_slice()) {
        (None, [only]) => Some(only),
        _ => {
            let wanted = Some(tag.unwrap_or("latest"));
            choose(all.iter().filter(|it| tag_of(it) == wanted).collect())
        }
    };
    let found = found.ok_or_else(|| ImageError::Tag {
        name: folder.display().to_string(),
        tag: tag.map(str::to_owned),
        tags: all.iter().filter_map(tag_of).map(str::to_owned).collect(),
    })?;
    let tag = tag_of(found).map(str::to_owned);
    let mut found = found.clone();
    for _ in 0..DEEPEST {
        let path = blob(folder, &found)?;
        if is_index(found.media_type()) {
            let inner: ImageIndex = read(&path)?;
            let chosen = choose(inner.manifests().iter().collect());
            found = chosen.cloned().ok_or_else(|| {
                ImageError::layout(&path, "has no image for this kind of machine")
            })?;
            continue;
        }
        let manifest: ImageManifest = read(&path)?;
        let layers = manifest.layers().iter().map(|it| blob(folder, it));
        return Ok(Image {
            digest: found.digest().to_string(),
            tag,
            config: read(&blob(folder, manifest.config())?)?,
            layers: layers.collect::<Result<_, _>>()?,
        });
    }
    let what = format!("has indexes within indexes, more than {DEEPEST} deep");
    Err(ImageError::layout(&index, what))
}

/// Opens a file of a layout.
///
/// # Errors
/// When it cannot be opened, or is something else than a regular file: the opening of a
/// named pipe would wait for somebody to write to it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::other("not a regular file")),
    }
}

/// Reads a document.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ImageError> {
    let mut text = String::new();
    let file = open(path).map_err(ImageError::file(path))?;
    let read = file.take(LIMIT + 1).read_to_string(&mut text);
    if read.map_err(ImageError::file(path))? as u64 > LIMIT {
        let what = format!("is larger than {} MiB", LIMIT >> 20);
        return Err(ImageError::layout(path, what));
    }
    let document = check::read(&text);
    document.map_err(|wrong| ImageError::layout(path, wrong.to_string()))
}

/// Where a blob is, if it is as large as it is said to be.
fn blob(folder: &Path, descriptor: &Descriptor) -> Result<PathBuf, ImageError> {
    // The characters of a digest cannot lead out of the folder.
    let digest = descriptor.digest();
    let blobs = folder.join("blobs").join(digest.algorithm().as_ref());
    let path = blobs.join(digest.digest());
    let found = path.metadata().map_err(ImageError::file(&path))?.len();
    let expected = descriptor.size();
    match found == expected {
        true => Ok(path),
        false => {
            let what = format!("has {found} bytes, and should have {expected}");
            Err(ImageError::layout(&path, what))
        }
    }
}

fn tag_of(descriptor: &Descriptor) -> Option<&str> {
    let annotations = descriptor.annotations().as_ref()?;
    annotations.get(ANNOTATION_REF_NAME).map(String::as_str)
}

fn is_index(media_type: &MediaType) -> bool {
    let docker = MediaType::ImageIndex.to_docker_v2s2();
    *media_type == MediaType::ImageIndex || docker == Ok(media_type.as_ref())
}

/// The only one, or the first that is for this kind of machine.
fn choose(candidates: Vec<&Descriptor>) -> Option<&Descriptor> {
    match candidates.as_slice() {
        [only] => Some(only),
        _ => candidates.into_iter().find(|it| is_for_this_machine(it)),
    }
}

fn is_for_this_machine(descriptor: &Descriptor) -> bool {
    let platform = descriptor.platform().as_ref();
    platform.is_some_and(|it| *it.os() == Os::Linux && *it.architecture() == Arch::default())
}
