//! What is asked of a place that holds the guest's files: one step at a time,
//! on paths that are already free of links.

use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::path::Path;

use nix::Result;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A folder.
    Folder,
    /// A symbolic link, and where it points to.
    Link(OsString),
    /// A file, or whatever else has no entries.
    File,
}

/// Who something belongs to. An ID that is `u32::MAX` is left as it is, as
/// chown(2) does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// How much room there is for something, and how much of it is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// In all.
    pub(crate) total: u64,
    /// Not in use.
    pub(crate) free: u64,
}

/// The room of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// In bytes.
    pub(crate) bytes: Room,
    /// In files and folders.
    pub(crate) inodes: Room,
}

/// A place that holds files. Paths begin at the guest's `/` without having it,
/// hold names only (no `..`), and no step follows a link. Errors are those of
/// the system calls of the same name.
pub(super) trait Store: Debug + Send {
    /// What stands there: `ENOENT` if nothing does.
    fn kind(&self, path: &Path) -> Result<FileKind>;
    /// Makes a folder where nothing is yet.
    fn make_folder(&mut self, path: &Path, mode: u32) -> Result<()>;
    /// Makes a link where nothing is yet.
    fn make_link(&mut self, path: &Path, target: &OsStr) -> Result<()>;
    /// Sets the permissions, 12 bits, of a folder or a file.
    fn set_mode(&mut self, path: &Path, mode: u32) -> Result<()>;
    /// Gives something to an owner, where that is possible at all.
    fn set_owner(&mut self, path: &Path, owner: Owner) -> Result<()>;
    /// Removes something with all that is in it.
    fn remove(&mut self, path: &Path) -> Result<()>;
    /// Makes the file at a path if there is none, for nobody but its owner;
    /// with `afresh` empties it.
    fn open(&mut self, path: &Path, afresh: bool) -> Result<()>;
    /// Writes into a file that is open. Returns its new size.
    fn write(&mut self, path: &Path, offset: i64, bytes: &[u8]) -> Result<u64>;
    /// Puts a file in another place, instead of the file that is there.
    fn rename(&mut self, from: &Path, to: &Path) -> Result<()>;
    /// The first bytes of a file, at most `limit`.
    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>>;
    /// Whether it is a file that somebody may execute.
    fn is_program(&self, path: &Path) -> bool;
    /// The room of the file system that a path is on.
    fn usage(&self, path: &Path) -> Result<Usage>;
}
