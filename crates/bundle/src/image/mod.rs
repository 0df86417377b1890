//! From an OCI image to a bundle: one whose configuration says what the image's own does.
//! An image is an unpacked bundle already, a layout on disk, an archive, or something in a
//! registry. What can be checked of it is checked when it is found; the unpacking is a step
//! of its own, and not done here: skopeo and umoci are the programs for that.

mod archive;
mod error;
mod files;
mod inside;
mod layout;
mod reference;
mod spec;
mod store;
mod tools;
mod unpack;
mod user;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf, absolute};

pub use error::ImageError;
pub use tools::Limits;

use self::files::Files;
use self::layout::Conversion;
use self::reference::Reference;
use self::store::Workshop;
use self::unpack::{Policy, ROOT, Tools};
use self::user::User;

/// An archive's name while skopeo reads it: its own may hold what skopeo splits at.
const ARCHIVE: &str = "archive.tar";

/// What an image's name stands for.
#[derive(Debug)]
pub enum Found {
    /// An unpacked bundle, in this folder.
    Bundle(PathBuf),
    /// What has to be unpacked to become one.
    Image(Box<Image>),
}

/// An image that has to be unpacked.
#[derive(Debug)]
pub struct Image {
    /// What was given for it.
    name: String,
    /// Where its bundle is to be.
    bundle: PathBuf,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// One of a layout's.
    Layout { files: Files, image: layout::Image },
    /// One that skopeo makes a layout of.
    Fetched(Fetched),
}

#[derive(Debug)]
struct Fetched {
    /// What skopeo calls it.
    from: String,
    /// The archive that it is in, if it is in one.
    archive: Option<PathBuf>,
    /// What it is known to be.
    expected: Option<layout::Image>,
}

/// What is known of a bundle before it is unpacked.
#[derive(Debug)]
pub struct Preview {
    /// Where its configuration will be.
    pub config_file: PathBuf,
    /// What will be there; nothing if it has been unpacked before.
    pub planned: Option<Planned>,
}

/// What can be told of a bundle that is not there yet.
#[derive(Debug)]
pub struct Planned {
    /// The text of its configuration.
    pub config: String,
    /// What is not there yet, in words.
    pub note: String,
}

/// Finds an image for a container of this ID. Its bundle will be in a folder of the user's
/// own called `store`.
///
/// # Errors
/// When the ID cannot name a folder, or the image cannot be found, or is none that can run
/// here.
pub fn find(reference: &str, id: &str, store: &str) -> Result<Found, ImageError> {
    if !is_id(id) {
        return Err(ImageError::Id { id: id.to_owned() });
    }
    let bundle = store::folder(store).join(id);
    let source = match Reference::read(reference)? {
        Reference::Bundle(folder) => return Ok(Found::Bundle(folder)),
        Reference::Layout { folder, tag } => {
            let files = Files::Folder(folder);
            let image = layout::image(&files, tag.as_deref())?;
            store::is_made(&bundle, image.digest())?;
            Source::Layout { files, image }
        }
        Reference::Archive { file, tag, kind } => {
            let found = archive::find(&file, tag.as_deref(), kind)?;
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            Source::Fetched(Fetched {
                from: format!("{}:{ARCHIVE}{tag}", found.transport),
                archive: Some(file),
                expected: found.image,
            })
        }
        Reference::Registry(name) => Source::Fetched(Fetched {
            from: format!("docker://{name}"),
            archive: None,
            expected: None,
        }),
    };
    Ok(Found::Image(Box::new(Image {
        name: reference.to_owned(),
        bundle,
        source,
    })))
}

/// Whether this names a folder of its own. Agents take no other IDs either.
fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.len() <= 255
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

impl Image {
    /// What can be told of the bundle without unpacking or fetching anything.
    ///
    /// # Errors
    /// When nothing can, as the image has to be fetched first.
    pub fn preview(&self) -> Result<Preview, ImageError> {
        let Source::Layout { image, .. } = &self.source else {
            return Err(ImageError::NotFetched {
                name: self.name.clone(),
            });
        };
        let config_file = self.bundle.join("config.json");
        if store::is_made(&self.bundle, image.digest())? {
            return Ok(Preview {
                config_file,
                planned: None,
            });
        }
        let user = image.user();
        let known = User::without_files(user);
        let note = match known.is_ok() && user.contains(':') {
            true => "",
            false => "; the user's numbers are looked up in the image's files then",
        };
        let bundle = self.bundle.display().to_string();
        Ok(Preview {
            config_file,
            planned: Some(Planned {
                config: spec::spec(&image.config, &known.unwrap_or_default()),
                note: format!("{bundle:?} is not there yet: nothing is unpacked{note}"),
            }),
        })
    }

    /// Whether the programs that the unpacking needs are there.
    ///
    /// # Errors
    /// When one is not.
    pub fn check_tools(&self) -> Result<(), ImageError> {
        match &self.source {
            Source::Layout { image, .. } if store::is_made(&self.bundle, image.digest())? => Ok(()),
            _ => self.tools().map(drop),
        }
    }

    fn tools(&self) -> Result<Tools, ImageError> {
        let (purpose, with_skopeo) = match &self.source {
            Source::Layout { image, .. } => match image.conversion {
                None => ("is unpacked by umoci", false),
                Some(Conversion::Zstd) => (
                    "has layers compressed by zstd, which skopeo compresses anew and umoci unpacks",
                    true,
                ),
                Some(Conversion::Docker) => (
                    "is of Docker's media types, which skopeo converts and umoci unpacks",
                    true,
                ),
            },
            Source::Fetched(Fetched {
                archive: Some(_), ..
            }) => ("is an archive, which skopeo reads and umoci unpacks", true),
            Source::Fetched(_) => (
                "is not on this disk; skopeo fetches it and umoci unpacks it",
                true,
            ),
        };
        Tools::find(&self.name, purpose, with_skopeo)
    }

    /// Makes the bundle, unless it is there from an earlier run for the same image, and
    /// gives its folder. `tell` gets a line of words before what takes long, and on what
    /// was done.
    ///
    /// # Errors
    /// When the image cannot be fetched or unpacked, a signal came, or it takes more than
    /// it may. Nothing is left behind then.
    pub fn unpack(
        &self,
        limits: &Limits<'_>,
        tell: &mut dyn FnMut(String),
    ) -> Result<PathBuf, ImageError> {
        if let Source::Layout { image, .. } = &self.source
            && self.is_made(image, tell)?
        {
            return Ok(self.bundle.clone());
        }
        let tools = self.tools()?;
        let workshop = Workshop::new(&self.bundle)?;
        let fetched;
        let (files, image) = match &self.source {
            Source::Layout { files, image } => (files, image),
            Source::Fetched(source) => {
                let what = match &source.archive {
                    Some(_) => "reading",
                    None => "fetching",
                };
                tell(format!("{what} {:?} with skopeo", self.name));
                fetched = source.fetch(&self.name, &tools, workshop.path(), limits)?;
                if self.is_made(&fetched.1, tell)? {
                    return Ok(self.bundle.clone());
                }
                (&fetched.0, &fetched.1)
            }
        };
        let folder = workshop.path();
        let converted;
        let (from, unpacked) = match image.conversion {
            None => (files, image),
            Some(_) => {
                converted = tools.convert(files, image, folder, limits)?;
                (&converted.0, &converted.1)
            }
        };
        let made = tools.unpack(from, unpacked, folder, limits)?;
        let root = made.join(ROOT);
        let user = User::find(unpacked.user(), &root)?;
        let config = made.join("config.json");
        fs::write(&config, spec::spec(&unpacked.config, &user))
            .map_err(ImageError::file(&config))?;
        workshop.keep(&made, &self.bundle, image.digest())?;
        let shown = self.bundle.display().to_string();
        tell(format!("the image is unpacked to {shown:?}"));
        Ok(self.bundle.clone())
    }

    /// Whether the bundle is there from an earlier run, which is told then.
    fn is_made(
        &self,
        image: &layout::Image,
        tell: &mut dyn FnMut(String),
    ) -> Result<bool, ImageError> {
        let is_made = store::is_made(&self.bundle, image.digest())?;
        if is_made {
            let shown = self.bundle.display().to_string();
            tell(format!("the image was unpacked before, to {shown:?}"));
        }
        Ok(is_made)
    }
}

impl Fetched {
    /// Fetches the image, or reads its archive; gives a layout with it. `name` is what was
    /// given for it.
    fn fetch(
        &self,
        name: &str,
        tools: &Tools,
        folder: &Path,
        limits: &Limits<'_>,
    ) -> Result<(Files, layout::Image), ImageError> {
        if let Some(archive) = &self.archive {
            let link = folder.join(ARCHIVE);
            let linked = absolute(archive).and_then(|archive| symlink(archive, &link));
            linked.map_err(ImageError::file(&link))?;
        }
        let (files, image) = tools.copy(&self.from, Policy::Machine, folder, limits)?;
        match &self.expected {
            Some(expected) if !expected.is_same(&image) => Err(ImageError::Mistaken {
                name: name.to_owned(),
            }),
            _ => Ok((files, image)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids_name_folders() {
        for good in ["a", "0", "web-1.2_x", &"a".repeat(64)] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "ä"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
