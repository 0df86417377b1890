//! The folder of this machine that holds a guest's files, held open: what
//! happens below it can be told from what happens elsewhere, whatever its path
//! comes to mean later.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

/// An open folder. Clones are the same folder.
#[derive(Debug, Clone)]
pub struct Root(Arc<OwnedFd>);

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the folder {path:?} cannot be used: {}", agent_text::reason(.reason))]
pub struct RootError {
    path: PathBuf,
    reason: io::Error,
}

impl Root {
    /// Opens a folder, which must exist.
    ///
    /// # Errors
    /// When it does not, or is not a folder.
    pub fn open(path: &Path) -> Result<Root, RootError> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        match open(path, flags, Mode::empty()) {
            Ok(folder) => Ok(Root(Arc::new(folder))),
            Err(reason) => Err(RootError {
                path: path.to_path_buf(),
                reason: reason.into(),
            }),
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
