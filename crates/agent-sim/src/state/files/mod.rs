//! The guest's files, as far as calls make or look at them: in memory, or below
//! a folder of this machine. It knows the agent's shared folder, and no message.

mod folder;
mod memory;
mod piece;
mod resolve;
mod store;

#[cfg(test)]
mod tests;

use std::path::Path;

use nix::Result;

use self::folder::Folder;
use self::memory::Memory;
use self::store::Store;
use crate::root::Root;

pub(crate) use piece::{CopyError, Piece};
pub(crate) use store::{Room, Usage};

/// The folder that files may be copied into, as the agent writes it.
const SHARED: &str = "/run/kata-containers/shared/containers/";

/// The same from the guest's root on.
const SHARED_BASE: &str = "run/kata-containers/shared/containers";

/// The folder that a new sandbox empties, from the guest's root on.
const CONTAINERS: &str = "run/kata-containers";

/// All files of a guest.
#[derive(Debug)]
pub(crate) struct Files {
    store: Box<dyn Store>,
}

/// Something in the guest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// It is a file that somebody may execute.
    pub(crate) can_run: bool,
}

impl Files {
    /// Files below `root`, or else in memory.
    pub(crate) fn new(root: Option<&Root>) -> Files {
        Files {
            store: match root {
                Some(root) => Box::new(Folder::new(root.clone())),
                None => Box::new(Memory::default()),
            },
        }
    }

    /// Writes a piece of a file, or makes a folder or a link.
    ///
    /// # Errors
    /// The step that failed, as the agent tells it.
    pub(crate) fn copy(&mut self, piece: &Piece<'_>) -> std::result::Result<(), CopyError> {
        piece::copy(self.store.as_mut(), piece)
    }

    /// The room of the file system that a path of the guest is on.
    ///
    /// # Errors
    /// `ENOENT` when there is nothing at the path, and others of open(2).
    pub(crate) fn usage(&self, path: &Path) -> Result<Usage> {
        let store = self.store.as_ref();
        let place = resolve::resolve(store, Path::new(""), path)?;
        store.usage(&place.path)
    }

    /// What is at a path within a folder of the guest, from which no link leads out.
    pub(crate) fn find(&self, folder: &Path, path: &Path) -> Option<Found> {
        let base = folder.strip_prefix("/").unwrap_or(folder);
        let store = self.store.as_ref();
        let place = resolve::resolve(store, base, path).ok()?;
        let can_run = store.is_program(&place.path);
        Some(Found { can_run })
    }

    /// Makes a folder of the guest, with those on the way to it.
    ///
    /// # Errors
    /// `ENOTDIR` when something else is in the way, and others of mkdir(2).
    pub(crate) fn make_folders(&mut self, path: &Path) -> Result<()> {
        let base = Path::new("");
        resolve::make_folders(self.store.as_mut(), base, path, 0o755).map(drop)
    }

    /// Removes what was copied into the guest, and all else of containers. What
    /// cannot be removed stays, as the agent goes on then too.
    pub(crate) fn empty(&mut self) {
        let (base, path) = (Path::new(""), Path::new(CONTAINERS));
        let store = self.store.as_mut();
        if let Ok(place) = resolve::entry(store, base, path) {
            let _ = store.remove(&place.path);
        }
        let _ = resolve::make_folders(store, base, path, 0o755);
    }

    /// The first bytes of a file of the guest, at most `limit`.
    ///
    /// # Errors
    /// `ENOENT` when there is none, `EISDIR` for a folder, and others of open(2).
    pub(crate) fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        let store = self.store.as_ref();
        let place = resolve::resolve(store, Path::new(""), path)?;
        store.read(&place.path, limit)
    }
}
