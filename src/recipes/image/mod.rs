//! `CreateContainer image=REF id=ID`: a container of an image, with an OCI
//! configuration made from the image's own. An image is an unpacked bundle, an
//! OCI image layout, or something in a registry; the last two are unpacked
//! first. This file says what happens in which order; it knows no formats.

mod document;
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
use std::sync::Arc;

use nix::unistd::geteuid;

pub use error::ImageError;

use self::layout::Image;
use self::reference::Reference;
use self::store::Temporary;
use self::tools::Program;
use self::user::User;
use super::spec::SPEC;
use super::{Draft, Given, Recipe, RecipeError};
use crate::auto::oci::Config;
use crate::log::say;
use crate::schema::Scalar;
use crate::schema::describe::Parameter;

pub(super) const IMAGE: &str = "image";
const ID: &str = "id";
const CONTAINER_ID: &str = "container_id";

/// The folder of the root filesystem in a bundle.
const ROOT: &str = "rootfs";
/// The tag of an image in a layout that is there for this image alone.
const FETCHED: &str = "latest";

pub(super) const RECIPE: Recipe = Recipe {
    rpc: "CreateContainer",
    parameters: &[
        Parameter {
            name: IMAGE,
            ty: Scalar::String,
            value: "REF",
            doc: "a folder with an OCI bundle or image layout (FOLDER:TAG for one image of several), \
                  or a registry reference, which skopeo fetches and umoci unpacks; fills OCI where \
                  the command does not say otherwise",
        },
        Parameter {
            name: ID,
            ty: Scalar::String,
            value: "ID",
            doc: "the container's ID",
        },
    ],
    example: &[(IMAGE, "/tmp/image"), (ID, "example-id")],
    needs: &[(CONTAINER_ID, Scalar::String)],
    needs_config: true,
    apply,
};

fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), RecipeError> {
    let missing = |parameter| ImageError::Missing { parameter };
    let own_id = draft.takes(given, ID, CONTAINER_ID)?;
    let id = given.text(ID).filter(|_| own_id).map(str::to_owned);
    let id = id.or_else(|| draft.text(CONTAINER_ID));
    if given.level(SPEC) > given.level(IMAGE) && given.text(IMAGE).is_some() {
        // The configuration beats the image of the document, and not its ID.
        id.into_iter()
            .for_each(|id| draft.set_text(CONTAINER_ID, id));
        return Ok(());
    }
    let reference = given.text(IMAGE).ok_or(missing(IMAGE))?;
    let id = id.ok_or(missing(ID))?;
    if !is_id(&id) {
        return Err(ImageError::Id { id }.into());
    }
    let bundle = match Reference::read(reference)? {
        Reference::Bundle(folder) => folder,
        Reference::Layout { folder, tag } => {
            let image = layout::image(&folder, tag.as_deref())?;
            of_image(&id, &folder, &image, Program::find("umoci").as_ref())?
        }
        Reference::Registry(name) => fetched(&id, &name)?,
    };
    let config = bundle.join("config.json");
    let config = Config::read(&config.to_string_lossy(), draft.inputs);
    draft.config = Some(Arc::new(config.map_err(ImageError::Config)?));
    draft.set_text(CONTAINER_ID, id);
    Ok(())
}

/// Whether this names a folder of its own. Agents take no other IDs either.
fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.len() <= 255
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// The bundle of an image in a registry.
fn fetched(id: &str, name: &str) -> Result<PathBuf, ImageError> {
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
    let temporary = Temporary::new(&store::folder()?, &format!("{id}.layout"))?;
    let folder = temporary.path();
    say(format_args!("fetching {name:?} with skopeo"));
    let target = format!("oci:{}:{FETCHED}", folder.display());
    skopeo.run(["copy", &format!("docker://{name}"), &target])?;
    let image = layout::image(folder, Some(FETCHED))?;
    of_image(id, folder, &image, Some(umoci))
}

/// The bundle of an image in a layout.
fn of_image(
    id: &str,
    folder: &Path,
    image: &Image,
    umoci: Option<&Program>,
) -> Result<PathBuf, ImageError> {
    let (bundle, is_new) = store::bundle(id, &image.digest, |bundle| {
        match (umoci, &image.tag) {
            // It finds images by their tags alone.
            (Some(umoci), Some(tag)) => unpack_with(umoci, folder, tag, bundle)?,
            _ => unpack(image, bundle)?,
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
    say(format_args!(
        "the image is {how} {:?}",
        bundle.display().to_string()
    ));
    Ok(bundle)
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

fn unpack(image: &Image, bundle: &Path) -> Result<(), ImageError> {
    let root = bundle.join(ROOT);
    fs::create_dir(&root).map_err(ImageError::file(&root))?;
    let root = root.canonicalize().map_err(ImageError::file(&root))?;
    let mut devices = Vec::new();
    for layer in &image.layers {
        devices.extend(unpack::unpack(layer, &root)?);
    }
    if let Some(first) = devices.first() {
        say(format_args!(
            "devices in the image that are left out, as the agent makes its own: {}, the first is {:?}",
            devices.len(),
            first.display().to_string()
        ));
    }
    Ok(())
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
