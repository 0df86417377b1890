//! From an OCI image to a bundle: one whose configuration says what the image's own
//! does. An image is an unpacked bundle already, an OCI image layout on disk, or
//! something in a registry; the last two are unpacked.

mod error;
mod inside;
mod layout;
mod reference;
mod spec;
mod store;
mod tools;
mod unpack;
mod user;

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

pub use error::ImageError;

use self::layout::Image;
use self::reference::Reference;
use self::store::Temporary;
use self::tools::Program;
use self::user::User;

/// The folder of the root filesystem in a bundle.
const ROOT: &str = "rootfs";
/// The tag of an image in a layout that is there for this image alone.
const FETCHED: &str = "latest";

/// The bundle of an image for a container of this ID. One that has to be unpacked goes
/// into a folder of the user's own called `store`, and is used again by the next call
/// for the same container and image. `tell` gets a line of words before what takes
/// long, and on what was done.
///
/// # Errors
/// When the ID cannot name a folder, or the image cannot be found, fetched or unpacked.
pub fn bundle(
    reference: &str,
    id: &str,
    store: &str,
    tell: &mut dyn FnMut(String),
) -> Result<PathBuf, ImageError> {
    if !is_id(id) {
        return Err(ImageError::Id { id: id.to_owned() });
    }
    let mut unpacking = Unpacking { id, store, tell };
    match Reference::read(reference)? {
        Reference::Bundle(folder) => Ok(folder),
        Reference::Layout { folder, tag } => {
            let image = layout::image(&folder, tag.as_deref())?;
            unpacking.image(&folder, &image, Program::find("umoci").as_ref())
        }
        Reference::Registry(name) => unpacking.registry(&name),
    }
}

/// Whether this names a folder of its own. Agents take no other IDs either.
fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.len() <= 255
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// An image on its way to a bundle.
struct Unpacking<'a> {
    /// The container's ID.
    id: &'a str,
    /// The name of the folder of all bundles.
    store: &'a str,
    tell: &'a mut dyn FnMut(String),
}

impl Unpacking<'_> {
    /// The bundle of an image in a registry.
    fn registry(&mut self, name: &str) -> Result<PathBuf, ImageError> {
        let (skopeo, umoci) = (Program::find("skopeo"), Program::find("umoci"));
        let (Some(skopeo), Some(umoci)) = (&skopeo, umoci.as_ref()) else {
            let tools = [("skopeo", skopeo.is_none()), ("umoci", umoci.is_none())];
            let missing = tools.iter().filter(|(_, missing)| *missing);
            let missing: Vec<_> = missing.map(|(tool, _)| *tool).collect();
            return Err(ImageError::NoTool {
                name: name.to_owned(),
                missing: missing.join(" or "),
            });
        };
        let purpose = format!("{}.layout", self.id);
        let temporary = Temporary::new(&store::folder(self.store)?, &purpose)?;
        let folder = temporary.path();
        (self.tell)(format!("fetching {name:?} with skopeo"));
        let target = format!("oci:{}:{FETCHED}", folder.display());
        skopeo.run(["copy", &format!("docker://{name}"), &target])?;
        let image = layout::image(folder, Some(FETCHED))?;
        self.image(folder, &image, Some(umoci))
    }

    /// The bundle of an image in a layout.
    fn image(
        &mut self,
        folder: &Path,
        image: &Image,
        umoci: Option<&Program>,
    ) -> Result<PathBuf, ImageError> {
        let store = store::folder(self.store)?;
        let (bundle, is_new) = store::bundle(&store, self.id, &image.digest, |bundle| {
            match (umoci, &image.tag) {
                // It finds images by their tags alone.
                (Some(umoci), Some(tag)) => unpack_with(umoci, folder, tag, bundle)?,
                _ => self.unpack(image, bundle)?,
            }
            let root = bundle.join(ROOT);
            let root = root.canonicalize().map_err(ImageError::file(&root))?;
            let settings = image.config.config().as_ref();
            let user = settings.and_then(|settings| settings.user().as_deref());
            let user = User::find(user.unwrap_or_default(), &root)?;
            let path = bundle.join("config.json");
            fs::write(&path, spec::spec(&image.config, &user)).map_err(ImageError::file(&path))
        })?;
        let how = if is_new {
            "unpacked to"
        } else {
            "unpacked before, in"
        };
        let shown = bundle.display().to_string();
        (self.tell)(format!("the image is {how} {shown:?}"));
        Ok(bundle)
    }

    fn unpack(&mut self, image: &Image, bundle: &Path) -> Result<(), ImageError> {
        let root = bundle.join(ROOT);
        fs::create_dir(&root).map_err(ImageError::file(&root))?;
        let root = root.canonicalize().map_err(ImageError::file(&root))?;
        let mut devices = Vec::new();
        for layer in &image.layers {
            devices.extend(unpack::unpack(layer, &root)?);
        }
        if let Some(first) = devices.first() {
            (self.tell)(format!(
                "devices in the image that are left out, as the agent makes its own: {}, the \
                 first is {:?}",
                devices.len(),
                first.display().to_string()
            ));
        }
        Ok(())
    }
}

fn unpack_with(umoci: &Program, folder: &Path, tag: &str, bundle: &Path) -> Result<(), ImageError> {
    let image = format!("{}:{tag}", folder.display());
    let bundle = bundle.display().to_string();
    let mut arguments = vec!["unpack", "--image", &image];
    if !geteuid().is_root() {
        arguments.push("--rootless");
    }
    arguments.push(&bundle);
    umoci.run(arguments)
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
