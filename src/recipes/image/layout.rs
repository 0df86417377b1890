//! An OCI image layout on disk: from a tag to the image's configuration and its
//! layers, as the OCI image specification has them. What they are made into is
//! not known here.

use std::path::{Path, PathBuf};

use super::document::{Document, Object};
use super::error::ImageError;

/// How deep indexes may lie in indexes.
const DEEPEST: usize = 4;
/// The annotation that holds an image's tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// Where a blob is. What it is shows in itself, as old indexes do not say.
#[derive(Debug, Clone)]
struct Descriptor {
    /// What it is found by: `algorithm:digits`.
    digest: String,
    /// Its size in bytes.
    size: u64,
    tag: Option<String>,
    is_for_this_machine: bool,
}

/// One image of a layout.
#[derive(Debug)]
pub struct Image {
    /// The digest of its manifest.
    pub digest: String,
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// Its configuration.
    pub config: Document,
    /// Where its layers are, the lowest first.
    pub layers: Vec<PathBuf>,
}

/// The image by this tag in the layout in `folder`, for this kind of machine.
/// Without a tag: the only one, or the one that is called `latest`.
///
/// # Errors
/// When there is no such image, or it cannot be read.
pub fn image(folder: &Path, tag: Option<&str>) -> Result<Image, ImageError> {
    let index = Document::read(&folder.join("index.json"))?;
    let all = index.object().objects("manifests")?;
    let all = descriptors(all.unwrap_or_default())?;
    let candidates = match tag {
        None if all.len() == 1 => all.clone(),
        _ => {
            let tag = tag.unwrap_or("latest");
            let has_tag = |it: &&Descriptor| it.tag.as_deref() == Some(tag);
            all.iter().filter(has_tag).cloned().collect()
        }
    };
    let mut found = choose(candidates).ok_or_else(|| ImageError::Tag {
        name: folder.display().to_string(),
        tag: tag.map(str::to_owned),
        tags: all.into_iter().filter_map(|it| it.tag).collect(),
    })?;
    let tag = found.tag.take();
    for _ in 0..DEEPEST {
        let path = blob(folder, &found)?;
        let document = Document::read(&path)?;
        let object = document.object();
        if let Some(manifests) = object.objects("manifests")? {
            let what = "no image for this kind of machine";
            let chosen = choose(descriptors(manifests)?);
            found = chosen.ok_or_else(|| ImageError::layout(&path, what))?;
            continue;
        }
        let Some(layers) = object.objects("layers")? else {
            let what = "neither an image's manifest nor an index";
            return Err(ImageError::layout(&path, what));
        };
        let config = Descriptor::of(object.within("config")?)?;
        let layers = descriptors(layers)?;
        return Ok(Image {
            digest: found.digest,
            tag,
            config: Document::read(&blob(folder, &config)?)?,
            layers: layers
                .iter()
                .map(|it| blob(folder, it))
                .collect::<Result<_, _>>()?,
        });
    }
    let what = "indexes lie too deep in indexes";
    Err(ImageError::layout(index.object().path(), what))
}

/// Where a blob is, if it is as large as it is said to be.
fn blob(folder: &Path, descriptor: &Descriptor) -> Result<PathBuf, ImageError> {
    // A digest that is none has been refused.
    let path = folder
        .join("blobs")
        .join(descriptor.digest.replace(':', "/"));
    let found = path.metadata().map_err(ImageError::file(&path))?;
    match found.len() == descriptor.size {
        true => Ok(path),
        false => {
            let what = format!(
                "has {} bytes, and should have {}",
                found.len(),
                descriptor.size
            );
            Err(ImageError::layout(&path, what))
        }
    }
}

impl Descriptor {
    fn of(object: Object<'_>) -> Result<Self, ImageError> {
        let digest = object.text("digest")?.unwrap_or_default();
        let is_plain = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "+_-=".contains(c);
            !text.is_empty() && text.chars().all(plain)
        };
        let parts = digest.split_once(':');
        if !parts.is_some_and(|(algorithm, digits)| is_plain(algorithm) && is_plain(digits)) {
            let what = format!("{digest:?} is no digest");
            return Err(ImageError::layout(object.path(), what));
        }
        let platform = object.within("platform")?;
        Ok(Self {
            digest: digest.to_owned(),
            size: object.count("size")?.unwrap_or_default(),
            tag: object.within("annotations")?.text(TAG)?.map(str::to_owned),
            is_for_this_machine: platform.text("os")? == Some("linux")
                && platform.text("architecture")? == Some(architecture()),
        })
    }
}

fn descriptors(objects: Vec<Object<'_>>) -> Result<Vec<Descriptor>, ImageError> {
    objects.into_iter().map(Descriptor::of).collect()
}

/// The only one, or the first that is for this kind of machine.
fn choose(mut candidates: Vec<Descriptor>) -> Option<Descriptor> {
    match candidates.len() {
        1 => candidates.pop(),
        _ => candidates.into_iter().find(|it| it.is_for_this_machine),
    }
}

/// This machine's processor as images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}
