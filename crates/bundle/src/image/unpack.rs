//! From an image's layers to a root filesystem, by umoci. It knows images by their tags
//! alone, and takes OCI's own types with layers as they are or compressed by gzip: so it
//! gets a layout with one image in it, which skopeo converts first where it has to.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf, absolute};

use nix::unistd::geteuid;
use oci_spec::image::{ANNOTATION_REF_NAME, Descriptor};
use serde_json::json;

use super::files::Files;
use super::layout::{self, Image};
use super::tools::{Limits, Program};
use crate::image::error::ImageError;

/// The folder of the root filesystem in a bundle.
pub(crate) const ROOT: &str = "rootfs";
/// The tag of an image in a layout that is there for this image alone.
const TAG: &str = "image";

/// The programs for images that are not unpacked yet.
#[derive(Debug)]
pub(crate) struct Tools {
    umoci: Program,
    /// Where something has to be fetched or converted.
    skopeo: Option<Program>,
}

impl Tools {
    /// Finds umoci, and skopeo if it is needed. `purpose` says for what, after the
    /// image's name.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn find(
        name: &str,
        purpose: &'static str,
        with_skopeo: bool,
    ) -> Result<Self, ImageError> {
        let umoci = Program::find("umoci");
        let skopeo = Program::find("skopeo").filter(|_| with_skopeo);
        let missing = [
            ("umoci", umoci.is_none()),
            ("skopeo", with_skopeo && skopeo.is_none()),
        ];
        let missing = missing.iter().filter(|(_, is_missing)| *is_missing);
        let missing: Vec<_> = missing.map(|(program, _)| *program).collect();
        match umoci {
            Some(umoci) if missing.is_empty() => Ok(Self { umoci, skopeo }),
            _ => Err(ImageError::NoTool {
                name: name.to_owned(),
                purpose,
                missing,
            }),
        }
    }

    /// Copies an image, by skopeo's name for it, into a layout in a folder of its own
    /// within `folder`, as what umoci takes; gives that layout.
    ///
    /// # Errors
    /// When skopeo fails, is stopped, or makes more than it may.
    pub(crate) fn copy(
        &self,
        from: &str,
        policy: Policy,
        folder: &Path,
        limits: &Limits<'_>,
    ) -> Result<(Files, Image), ImageError> {
        let mut arguments = vec!["copy", "--dest-compress-format", "gzip"];
        if policy == Policy::None {
            arguments.push("--insecure-policy");
        }
        let to = format!("oci:fetched:{TAG}");
        arguments.extend([from, &to]);
        if let Some(skopeo) = &self.skopeo {
            skopeo.run(folder, &arguments, folder, limits)?;
        }
        let files = Files::Folder(folder.join("fetched"));
        let image = layout::image(&files, Some(TAG))?;
        Ok((files, image))
    }

    /// Unpacks an image to a root filesystem in the folder `bundle`, which is not there
    /// yet, within `folder`; gives that folder's path, and the image that was unpacked.
    ///
    /// # Errors
    /// When a program fails, is stopped, or makes more than it may.
    pub(crate) fn unpack(
        &self,
        files: &Files,
        image: &Image,
        folder: &Path,
        limits: &Limits<'_>,
    ) -> Result<PathBuf, ImageError> {
        let source = folder.join("layout");
        place(files, image, &source).map_err(ImageError::file(&source))?;
        let bundle = folder.join("bundle");
        fs::create_dir(&bundle).map_err(ImageError::file(&bundle))?;
        let (from, to) = (format!("layout:{TAG}"), format!("bundle/{ROOT}"));
        let mut arguments = vec!["raw", "unpack", "--image", &from];
        if !geteuid().is_root() {
            arguments.push("--rootless");
        }
        arguments.push(&to);
        self.umoci.run(folder, &arguments, &bundle, limits)?;
        // Of a whiteout of "..", umoci makes the end of what is there.
        let root = fs::symlink_metadata(bundle.join(ROOT));
        if !root.is_ok_and(|root| root.is_dir()) {
            return Err(ImageError::NoRoot);
        }
        Ok(bundle)
    }

    /// Converts an image to what umoci takes; gives the layout that it is in.
    ///
    /// # Errors
    /// When skopeo fails, is stopped, or makes more than it may.
    pub(crate) fn convert(
        &self,
        files: &Files,
        image: &Image,
        folder: &Path,
        limits: &Limits<'_>,
    ) -> Result<(Files, Image), ImageError> {
        // Not as a layout, from which skopeo takes OCI's types alone.
        let source = folder.join("source");
        place_plainly(files, image, &source).map_err(ImageError::file(&source))?;
        self.copy("dir:source", Policy::None, folder, limits)
    }
}

/// What is asked whether an image may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// This machine's policy for where it comes from.
    Machine,
    /// Nothing, as it has come already.
    None,
}

/// Makes a layout of one image. The documents are those that have been checked; layers stay
/// where they are.
fn place(files: &Files, image: &Image, folder: &Path) -> io::Result<()> {
    let (config, text) = &image.config_text;
    for (descriptor, text) in [(&image.descriptor, &image.manifest), (config, text)] {
        fs::write(place_of(descriptor, folder)?, text)?;
    }
    for layer in &image.layers {
        link(files, layer, &place_of(layer, folder)?)?;
    }
    let mut descriptor = image.descriptor.clone();
    let tag = (ANNOTATION_REF_NAME.to_owned(), TAG.to_owned());
    descriptor.set_annotations(Some(HashMap::from([tag])));
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor] });
    fs::write(folder.join("index.json"), index.to_string())?;
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    fs::write(folder.join("oci-layout"), version.to_string())
}

/// The path of a blob in a layout, whose folder is made.
fn place_of(descriptor: &Descriptor, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(layout::blob(descriptor));
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    Ok(path)
}

/// Makes a folder of one image as skopeo's transport `dir` has it.
fn place_plainly(files: &Files, image: &Image, folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::write(folder.join("manifest.json"), &image.manifest)?;
    let (config, text) = &image.config_text;
    fs::write(folder.join(config.digest().digest()), text)?;
    for layer in &image.layers {
        link(files, layer, &folder.join(layer.digest().digest()))?;
    }
    Ok(())
}

/// Makes a link to a blob; an image may have the same layer more than once.
fn link(files: &Files, descriptor: &Descriptor, path: &Path) -> io::Result<()> {
    let blob = absolute(files.path(&layout::blob(descriptor)))?;
    match symlink(blob, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}
