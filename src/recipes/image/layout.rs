//! An OCI image layout on disk: from a tag to the image's configuration and its
//! layers, as the OCI image specification has them. What they are made into is
//! not known here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ImageError;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 8 << 20;
/// How deep indexes may lie in indexes.
const DEEPEST: usize = 4;
/// The annotation that holds an image's tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// Where a blob is. What it is shows in itself, as old indexes do not say.
#[derive(Debug, Clone, Deserialize)]
pub struct Descriptor {
    /// What it is found by: `algorithm:digits`.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    platform: Option<Platform>,
}

#[derive(Debug, Clone, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// An index has manifests; a manifest has a configuration and layers.
#[derive(Debug, Deserialize)]
struct Document {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

/// The image's configuration, as far as a container is made from it.
#[derive(Debug, Deserialize)]
pub struct ImageConfig {
    /// The processor it is for.
    #[serde(default)]
    pub architecture: String,
    /// The operating system it is for.
    #[serde(default)]
    pub os: String,
    /// Who made it.
    pub author: Option<String>,
    /// When it was made.
    pub created: Option<String>,
    /// What a container of it runs.
    #[serde(default)]
    pub config: Option<Settings>,
}

/// What a container of an image runs, and how, by the image specification's
/// names. A `null` is nothing given.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Settings {
    pub user: Option<String>,
    pub env: Option<Vec<String>>,
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub stop_signal: Option<String>,
}

/// One image of a layout.
#[derive(Debug)]
pub struct Image {
    /// The digest of its manifest.
    pub digest: String,
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// Its configuration.
    pub config: ImageConfig,
    /// Its layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// A folder with an image layout.
#[derive(Debug)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout in a folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The image by this tag, for this kind of machine. Without a tag: the only
    /// one, or the one that is called `latest`.
    ///
    /// # Errors
    /// When there is no such image, or it cannot be read.
    pub fn image(&self, tag: Option<&str>) -> Result<Image, ImageError> {
        let path = self.folder.join("index.json");
        let index: Document = read(&path)?;
        let all = index.manifests.unwrap_or_default();
        let by = |tag: &str| all.iter().filter(|it| it.tag() == Some(tag)).collect();
        let candidates: Vec<&Descriptor> = match tag {
            Some(tag) => by(tag),
            None if all.len() == 1 => all.iter().collect(),
            None => by("latest"),
        };
        let mut found = choose(candidates).ok_or_else(|| ImageError::Tag {
            name: self.folder.display().to_string(),
            tag: tag.map(str::to_owned),
            tags: all
                .iter()
                .filter_map(Descriptor::tag)
                .map(str::to_owned)
                .collect(),
        })?;
        let tag = found.tag().map(str::to_owned);
        for _ in 0..DEEPEST {
            let path = self.blob(&found)?;
            let document: Document = read(&path)?;
            if let Some(manifests) = document.manifests {
                let chosen = choose(manifests.iter().collect());
                found = chosen.ok_or_else(|| wrong(&path, "no image for this kind of machine"))?;
                continue;
            }
            let (Some(config), Some(layers)) = (document.config, document.layers) else {
                return Err(wrong(&path, "neither an image's manifest nor an index"));
            };
            return Ok(Image {
                digest: found.digest,
                tag,
                config: read(&self.blob(&config)?)?,
                layers,
            });
        }
        Err(wrong(&path, "indexes lie too deep in indexes"))
    }

    /// Where a blob is, if it is as large as it is said to be.
    ///
    /// # Errors
    /// When it is not there, or of another size.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<PathBuf, ImageError> {
        let index = self.folder.join("index.json");
        let is_plain = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "+_-=".contains(c);
            !text.is_empty() && text.chars().all(plain)
        };
        let parts = descriptor.digest.split_once(':');
        let Some((algorithm, digits)) = parts.filter(|(a, b)| is_plain(a) && is_plain(b)) else {
            let what = format!("{:?} is no digest", descriptor.digest);
            return Err(wrong(&index, what));
        };
        let path = self.folder.join("blobs").join(algorithm).join(digits);
        let found = path.metadata().map_err(ImageError::file(&path))?;
        match found.len() == descriptor.size {
            true => Ok(path),
            false => {
                let what = format!(
                    "has {} bytes, and should have {}",
                    found.len(),
                    descriptor.size
                );
                Err(wrong(&path, what))
            }
        }
    }
}

impl Descriptor {
    fn tag(&self) -> Option<&str> {
        self.annotations.get(TAG).map(String::as_str)
    }

    fn is_for_this_machine(&self) -> bool {
        let platform = self.platform.as_ref();
        platform.is_some_and(|it| it.os == "linux" && it.architecture == architecture())
    }
}

/// The only one, or the first that is for this kind of machine.
fn choose(candidates: Vec<&Descriptor>) -> Option<Descriptor> {
    let found = match candidates.as_slice() {
        [only] => Some(*only),
        _ => candidates.into_iter().find(|it| it.is_for_this_machine()),
    };
    found.cloned()
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

fn wrong(path: &Path, what: impl Into<String>) -> ImageError {
    ImageError::Layout {
        name: path.display().to_string(),
        what: what.into(),
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ImageError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(ImageError::file(path))?;
    let count = file.take(LIMIT + 1).read_to_end(&mut bytes);
    if count.map_err(ImageError::file(path))? as u64 > LIMIT {
        return Err(wrong(path, format!("is larger than {} MiB", LIMIT >> 20)));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong(path, error.to_string()))
}
