//! Where bundles that are made from images are kept: a folder for each container, by its
//! ID, in one that belongs to this user alone.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};
use std::process;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};

use crate::image::error::ImageError;

/// Says which image a bundle was made from.
const MARK: &str = "image-digest";

/// The folder of all bundles, by this name within `$XDG_RUNTIME_DIR` or the folder for
/// temporary files. It need not be there.
pub(crate) fn folder(name: &str) -> PathBuf {
    let of_user = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let of_user = of_user.filter(|path| path.is_absolute());
    let folder = of_user.unwrap_or_else(env::temp_dir).join(name);
    // Programs work in other folders than this process.
    absolute(&folder).unwrap_or(folder)
}

/// Makes the folder of all bundles, if it is not there.
///
/// # Errors
/// When it cannot be made, or others may write to it.
fn make(folder: &Path) -> Result<(), ImageError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(ImageError::file(folder)(error));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(folder).map_err(ImageError::file(folder))?;
    let is_own = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0;
    match is_own {
        true => Ok(()),
        false => Err(ImageError::Shared {
            folder: folder.display().to_string(),
        }),
    }
}

/// Whether the bundle at this path is there, from an earlier run.
///
/// # Errors
/// When it is one of another image than that of this digest.
pub(crate) fn is_made(bundle: &Path, digest: &str) -> Result<bool, ImageError> {
    if fs::symlink_metadata(bundle).is_err() {
        return Ok(false);
    }
    match fs::read_to_string(bundle.join(MARK)) {
        Ok(found) if found == digest => Ok(true),
        _ => Err(ImageError::Taken {
            folder: bundle.display().to_string(),
        }),
    }
}

/// A folder to work in, which is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Workshop(PathBuf);

impl Workshop {
    /// Makes an empty folder beside the bundles, for the bundle at this path.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new(bundle: &Path) -> Result<Self, ImageError> {
        let store = bundle.parent().unwrap_or(Path::new("/"));
        make(store)?;
        let id = bundle.file_name().unwrap_or_default().display();
        let path = store.join(format!(".{id}.{}", process::id()));
        remove_left_over(store).map_err(ImageError::file(store))?;
        fs::create_dir(&path).map_err(ImageError::file(&path))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives a folder in it its place as the bundle of an image, now that it is whole.
    ///
    /// # Errors
    /// When something else has got that place meanwhile.
    pub(crate) fn keep(self, made: &Path, bundle: &Path, digest: &str) -> Result<(), ImageError> {
        let mark = made.join(MARK);
        fs::write(&mark, digest).map_err(ImageError::file(&mark))?;
        fs::rename(made, bundle).map_err(ImageError::file(bundle))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = remove(&self.0);
    }
}

/// Removes the folders that processes worked in which have been killed.
fn remove_left_over(store: &Path) -> io::Result<()> {
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let id = name.rsplit_once('.').filter(|_| name.starts_with('.'));
        let Some(id) = id.and_then(|(_, id)| id.parse().ok()) else {
            continue;
        };
        let is_own = process::id().cast_signed() == id;
        if is_own || kill(Pid::from_raw(id), None) == Err(Errno::ESRCH) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder of this user, if it is there, with all that is in it.
fn remove(folder: &Path) -> io::Result<()> {
    let removed = match fs::remove_dir_all(folder) {
        // An image may have folders that not even their owner may write to.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_up(folder)?;
            fs::remove_dir_all(folder)
        }
        result => result,
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Gives this user all rights to a folder and those in it.
fn open_up(folder: &Path) -> io::Result<()> {
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(())
}
