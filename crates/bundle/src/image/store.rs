//! Where bundles that are made from images are kept: a folder for each
//! container, by its ID, in one that belongs to this user alone.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process;

use nix::unistd::geteuid;

use crate::image::error::ImageError;

/// Says which image a bundle was made from.
const MARK: &str = "image-digest";

/// The folder of all bundles, by this name within `$XDG_RUNTIME_DIR` or the folder for
/// temporary files. It is made if it is not there.
///
/// # Errors
/// When it cannot be made, or others may write to it.
pub(crate) fn folder(name: &str) -> Result<PathBuf, ImageError> {
    let of_user = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let of_user = of_user.filter(|path| path.is_absolute());
    let folder = of_user.unwrap_or_else(env::temp_dir).join(name);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(ImageError::file(&folder)(error));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(&folder).map_err(ImageError::file(&folder))?;
    let is_own = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0;
    match is_own {
        true => Ok(folder),
        false => Err(ImageError::Shared {
            folder: folder.display().to_string(),
        }),
    }
}

/// A folder that is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes an empty folder beside the bundles, for this process and purpose.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new(folder: &Path, purpose: &str) -> Result<Self, ImageError> {
        let path = folder.join(format!(".{purpose}.{}", process::id()));
        // What a process of the same number left behind.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(ImageError::file(&path))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After it was given its final name there is nothing here.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The bundle of a container in this folder, made by `make` in an empty folder unless it is
/// there from an earlier run; tells whether it is new. It has its name only
/// once it is whole.
///
/// # Errors
/// What `make` fails with, or when there is a bundle of another image.
pub(crate) fn bundle(
    folder: &Path,
    id: &str,
    digest: &str,
    make: impl FnOnce(&Path) -> Result<(), ImageError>,
) -> Result<(PathBuf, bool), ImageError> {
    let path = folder.join(id);
    if fs::symlink_metadata(&path).is_ok() {
        return match fs::read_to_string(path.join(MARK)) {
            Ok(found) if found == digest => Ok((path, false)),
            _ => Err(ImageError::Taken {
                folder: path.display().to_string(),
            }),
        };
    }
    let temporary = Temporary::new(folder, id)?;
    make(temporary.path())?;
    let mark = temporary.path().join(MARK);
    fs::write(&mark, digest).map_err(ImageError::file(&mark))?;
    fs::rename(temporary.path(), &path).map_err(ImageError::file(&path))?;
    Ok((path, true))
}
