//! An OCI image layout: from a tag to one image's manifest, configuration and layers, as
//! the OCI image specification has them. The digests of all documents are checked here,
//! those of layers by the programs that read them.

use std::collections::BTreeSet;

use oci_spec::image::{
    ANNOTATION_REF_NAME, Arch, Descriptor, DigestAlgorithm, ImageConfiguration, ImageIndex,
    ImageManifest, MediaType, Os, ToDockerV2S2,
};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256, Sha384, Sha512};

use agent_text::hex;

use super::files::Files;
use crate::check;
use crate::image::error::ImageError;

const INDEX: &str = "index.json";
/// How deep indexes may lie in indexes.
const DEEPEST: usize = 4;
/// The types that an image's layers have where Docker made it, beside those of OCI.
const DOCKER_LAYERS: [&str; 3] = [
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

/// One image of a layout.
#[derive(Debug)]
pub(crate) struct Image {
    /// What its manifest is called by.
    pub(crate) descriptor: Descriptor,
    /// Its manifest, as it is written.
    pub(crate) manifest: Vec<u8>,
    /// Its configuration, as it is written, and what that is called by.
    pub(crate) config_text: (Descriptor, Vec<u8>),
    /// Its configuration.
    pub(crate) config: ImageConfiguration,
    /// Its layers, the lowest first.
    pub(crate) layers: Vec<Descriptor>,
    /// What of it has to be converted before it can be unpacked.
    pub(crate) conversion: Option<Conversion>,
}

/// Why an image has to be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    /// Its layers are compressed by zstd.
    Zstd,
    /// Its documents and layers are of the types that Docker gave them.
    Docker,
}

impl Image {
    /// The digest of its manifest.
    pub(crate) fn digest(&self) -> &str {
        self.descriptor.digest().as_ref()
    }

    /// The user that it runs as, in its own words.
    pub(crate) fn user(&self) -> &str {
        let settings = self.config.config().as_ref();
        let user = settings.and_then(|settings| settings.user().as_deref());
        user.unwrap_or_default()
    }

    /// Whether another one is the same image, perhaps with its layers compressed anew.
    pub(crate) fn is_same(&self, other: &Image) -> bool {
        self.config_text.0.digest() == other.config_text.0.digest()
    }
}

/// The image by this tag, for this kind of machine. Without a tag: the only one, or the
/// one that is called `latest`.
///
/// # Errors
/// When there is no such image or more than one, it is not what it should be by its
/// digest, or it is none that can run here.
pub(crate) fn image(files: &Files, tag: Option<&str>) -> Result<Image, ImageError> {
    let index: ImageIndex = parse(files, INDEX, &files.read(INDEX)?)?;
    let mut found = by_tag(files, index.manifests(), tag)?.clone();
    for _ in 0..DEEPEST {
        let name = blob(&found);
        let bytes = verified(files, &found)?;
        if !is(found.media_type(), &MediaType::ImageIndex) {
            return of_manifest(files, found, bytes);
        }
        let inner: ImageIndex = parse(files, &name, &bytes)?;
        let candidates = images(inner.manifests());
        let chosen = match candidates.as_slice() {
            [only] => Some(*only),
            _ => candidates.iter().find(|it| is_for_here(it)).copied(),
        };
        let chosen = chosen.ok_or_else(|| other_platform(files, &name, &candidates))?;
        found = chosen.clone();
    }
    let what = format!("has indexes within indexes, more than {DEEPEST} deep");
    Err(ImageError::layout(&files.path(INDEX), what))
}

/// The entry of an index that a tag stands for.
fn by_tag<'a>(
    files: &Files,
    all: &'a [Descriptor],
    tag: Option<&str>,
) -> Result<&'a Descriptor, ImageError> {
    let all = images(all);
    if let (None, [only]) = (tag, all.as_slice()) {
        return Ok(only);
    }
    let wanted = tag.unwrap_or("latest");
    let tagged: Vec<_> = all.iter().filter(|it| tag_of(it) == Some(wanted)).collect();
    let here: Vec<_> = match tagged.as_slice() {
        [] => {
            let tags: BTreeSet<_> = all.iter().filter_map(|it| tag_of(it)).collect();
            return Err(ImageError::Tag {
                name: files.name(),
                tag: tag.map(str::to_owned),
                count: all.len(),
                tags: tags.into_iter().map(str::to_owned).collect(),
            });
        }
        [only] => return Ok(only),
        // A tag may stand for one image in several builds, each for its kind of machine.
        many if many.iter().all(|it| it.platform().is_some()) => {
            many.iter().filter(|it| is_for_here(it)).collect()
        }
        many => many.iter().collect(),
    };
    match here.as_slice() {
        [] => Err(other_platform(files, INDEX, &all)),
        [only] => Ok(only),
        _ => Err(ImageError::Twice {
            name: files.name(),
            tag: wanted.to_owned(),
            digests: here.iter().map(|it| it.digest().to_string()).collect(),
        }),
    }
}

/// The entries of an index that are images: each once, and no notes about others, which
/// are said to be for no platform.
fn images(all: &[Descriptor]) -> Vec<&Descriptor> {
    let mut seen = Vec::new();
    for it in all {
        let platform = it.platform().as_ref();
        let is_note = platform.is_some_and(|it| it.os().to_string() == "unknown");
        let is_same =
            |other: &&Descriptor| it.digest() == other.digest() && tag_of(it) == tag_of(other);
        if !is_note && !seen.iter().any(is_same) {
            seen.push(it);
        }
    }
    seen
}

fn of_manifest(files: &Files, descriptor: Descriptor, bytes: Vec<u8>) -> Result<Image, ImageError> {
    let name = blob(&descriptor);
    let path = files.path(&name);
    let manifest: ImageManifest = parse(files, &name, &bytes)?;
    let config = manifest.config();
    let kind = manifest
        .artifact_type()
        .as_ref()
        .unwrap_or(config.media_type());
    if !is(kind, &MediaType::ImageConfig) {
        let kind = kind.to_string();
        return Err(ImageError::Artifact {
            name: path.display().to_string(),
            kind,
        });
    }
    // The first reason is told.
    let mut conversion = match *descriptor.media_type() == MediaType::ImageManifest
        && *config.media_type() == MediaType::ImageConfig
    {
        true => None,
        false => Some(Conversion::Docker),
    };
    for layer in manifest.layers() {
        conversion = conversion.or(of_layer(layer)?);
    }
    let config_bytes = verified(files, config)?;
    let image = Image {
        config: parse(files, &blob(config), &config_bytes)?,
        config_text: (config.clone(), config_bytes),
        layers: manifest.layers().clone(),
        manifest: bytes,
        conversion,
        descriptor,
    };
    let (os, architecture) = (image.config.os(), image.config.architecture());
    if *os != Os::Linux || *architecture != Arch::default() {
        return Err(ImageError::Platform {
            name: path.display().to_string(),
            found: format!("{os}/{architecture}"),
            here: here(),
        });
    }
    let (layers, named) = (image.layers.len(), image.config.rootfs().diff_ids().len());
    if layers != named {
        let what = format!("has {layers} layers, and its configuration names {named}");
        return Err(ImageError::layout(&path, what));
    }
    for layer in &image.layers {
        checked_size(files, layer)?;
    }
    Ok(image)
}

/// Why a layer has to be converted.
///
/// # Errors
/// When it is none that can be unpacked.
fn of_layer(layer: &Descriptor) -> Result<Option<Conversion>, ImageError> {
    let wrong = |what: String| ImageError::Layer {
        digest: layer.digest().to_string(),
        what,
    };
    let kind = layer.media_type();
    let urls = layer.urls().as_deref().unwrap_or_default();
    match kind.as_ref() {
        name if name.ends_with("+encrypted") => Err(wrong(
            "is encrypted; \"skopeo copy --decryption-key\" makes an image of it that is not"
                .to_owned(),
        )),
        name if name.contains(".nondistributable.") || name.contains(".foreign.") => {
            let from = match urls {
                [] => String::new(),
                urls => format!(", from {}", urls.join(" or ")),
            };
            Err(wrong(format!(
                "is a foreign one, which is not part of the image and has to be fetched elsewhere{from}"
            )))
        }
        name if DOCKER_LAYERS.contains(&name) => Ok(Some(Conversion::Docker)),
        _ => match kind {
            MediaType::ImageLayer | MediaType::ImageLayerGzip => Ok(None),
            MediaType::ImageLayerZstd => Ok(Some(Conversion::Zstd)),
            other => Err(wrong(format!(
                "is of the type \"{other}\", which is not one of a container image"
            ))),
        },
    }
}

/// Reads what a descriptor stands for, a document, and checks it by its digest.
fn verified(files: &Files, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
    checked_size(files, descriptor)?;
    let bytes = files.read(&blob(descriptor))?;
    let digest = descriptor.digest();
    let found = match digest.algorithm() {
        DigestAlgorithm::Sha256 => hex::digits(&Sha256::digest(&bytes)),
        DigestAlgorithm::Sha384 => hex::digits(&Sha384::digest(&bytes)),
        DigestAlgorithm::Sha512 => hex::digits(&Sha512::digest(&bytes)),
        other => format!("that by {other}, which is not known here"),
    };
    match found == digest.digest() {
        true => Ok(bytes),
        false => {
            let what = format!("is not what its name says: its digest is {found}");
            Err(ImageError::layout(&files.path(&blob(descriptor)), what))
        }
    }
}

/// Checks that a blob has the size that it is said to have.
fn checked_size(files: &Files, descriptor: &Descriptor) -> Result<(), ImageError> {
    let name = blob(descriptor);
    let (found, expected) = (files.size(&name)?, descriptor.size());
    match found == expected {
        true => Ok(()),
        false => {
            let what = format!("has {found} bytes, and should have {expected}");
            Err(ImageError::layout(&files.path(&name), what))
        }
    }
}

/// The name of the file that a descriptor stands for. The characters of a digest cannot
/// lead out of the folder.
pub(crate) fn blob(descriptor: &Descriptor) -> String {
    let digest = descriptor.digest();
    format!("blobs/{}/{}", digest.algorithm(), digest.digest())
}

fn parse<T: DeserializeOwned>(files: &Files, name: &str, bytes: &[u8]) -> Result<T, ImageError> {
    let wrong = |what: String| ImageError::layout(&files.path(name), what);
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
    check::read(text).map_err(|error| wrong(error.to_string()))
}

fn tag_of(descriptor: &Descriptor) -> Option<&str> {
    let annotations = descriptor.annotations().as_ref()?;
    annotations.get(ANNOTATION_REF_NAME).map(String::as_str)
}

/// Whether a type is this one, by OCI's name or Docker's.
fn is(found: &MediaType, expected: &MediaType) -> bool {
    found == expected || expected.to_docker_v2s2() == Ok(found.as_ref())
}

fn is_for_here(descriptor: &Descriptor) -> bool {
    let platform = descriptor.platform().as_ref();
    platform.is_some_and(|it| *it.os() == Os::Linux && *it.architecture() == Arch::default())
}

fn other_platform(files: &Files, name: &str, found: &[&Descriptor]) -> ImageError {
    let platforms = found.iter().filter_map(|it| it.platform().as_ref());
    let platforms: Vec<_> = platforms
        .map(|it| format!("{}/{}", it.os(), it.architecture()))
        .collect();
    if platforms.is_empty() {
        let what = match found {
            [] => "has no images".to_owned(),
            _ => format!("does not say which of its images is for {}", here()),
        };
        return ImageError::layout(&files.path(name), what);
    }
    ImageError::Platform {
        name: files.path(name).display().to_string(),
        found: platforms.join(", "),
        here: here(),
    }
}

/// What images for this kind of machine are called.
fn here() -> String {
    format!("{}/{}", Os::Linux, Arch::default())
}
