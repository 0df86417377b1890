//! One copying call: the steps that the agent takes for it, in its order, and
//! how it tells of one that fails. Nothing is made outside of the shared folder.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use nix::errno::Errno;

use super::resolve::{entry, make_folders};
use super::store::{FileKind, Owner, Store};
use super::{SHARED, SHARED_BASE};

/// The permissions of a folder without set-ID and sticky bits.
const PLAIN: u32 = 0o777;
/// All 12 bits of permissions.
const PERMISSIONS: u32 = 0o7777;
/// The bit of a mode that the agent knows folders by.
const FOLDER: u32 = 0o040_000;
/// The bits of a mode that the agent knows links by.
const LINK: u32 = 0o120_000;

/// What a call copies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// Where to, from the guest's root.
    pub(crate) path: &'a str,
    /// How many bytes the whole file has.
    pub(crate) file_size: i64,
    /// Its type and permissions, as in stat(2).
    pub(crate) file_mode: u32,
    /// The permissions of folders that are missing on the way.
    pub(crate) dir_mode: u32,
    /// The user it belongs to.
    pub(crate) user: u32,
    /// The group it belongs to.
    pub(crate) group: u32,
    /// Where in the file the bytes begin.
    pub(crate) offset: i64,
    /// The bytes, or a link's target.
    pub(crate) data: &'a [u8],
}

/// Why a call copied nothing, or not all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CopyError {
    /// The path is not within the shared folder.
    Outside(String),
    /// A step failed. It has a name where the agent gives it one.
    Step(&'static str, Errno),
}

impl fmt::Display for CopyError {
    /// As the agent words it: the step, and what was wrong in lines of its own.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CopyError::Outside(path) => write!(
                formatter,
                "removing {SHARED:?} prefix from {path}\n\nCaused by:\n    prefix not found"
            ),
            CopyError::Step("", error) => io::Error::from(*error).fmt(formatter),
            CopyError::Step(step, error) => {
                let error = io::Error::from(*error);
                write!(formatter, "{step}\n\nCaused by:\n    {error}")
            }
        }
    }
}

impl std::error::Error for CopyError {}

/// Names the step that an error comes from.
fn at<T>(step: &'static str, result: nix::Result<T>) -> Result<T, CopyError> {
    result.map_err(|error| CopyError::Step(step, error))
}

/// Takes the steps of a call.
pub(super) fn copy(store: &mut dyn Store, piece: &Piece<'_>) -> Result<(), CopyError> {
    let Ok(path) = Path::new(piece.path).strip_prefix(SHARED) else {
        return Err(CopyError::Outside(piece.path.to_owned()));
    };
    let base = Path::new(SHARED_BASE);
    at("", make_base(store, base))?;
    let owner = Owner {
        user: piece.user,
        group: piece.group,
    };

    if let Some(folder) = path.parent() {
        let made = make_folders(store, base, folder, piece.dir_mode & PLAIN);
        let folder = at("mkdir_all parent", made)?.path;
        at("fchown parent", store.set_owner(&folder, owner))?;
    }
    if piece.file_mode & FOLDER == FOLDER {
        return copy_folder(store, path, piece.file_mode, owner);
    }
    if piece.offset == 0 {
        let place = at("", entry(store, base, path))?;
        at("", unless_missing(store.remove(&place.path)))?;
    }
    if piece.file_mode & LINK == LINK {
        return copy_link(store, path, OsStr::from_bytes(piece.data), owner);
    }
    copy_file(store, path, piece, owner)
}

/// Makes the shared folder. On the way to it there are no links.
fn make_base(store: &mut dyn Store, base: &Path) -> nix::Result<()> {
    let mut path = std::path::PathBuf::new();
    for name in base {
        path.push(name);
        match store.kind(&path) {
            Ok(FileKind::Folder) => {}
            Ok(_) => return Err(Errno::ENOTDIR),
            Err(Errno::ENOENT) => store.make_folder(&path, 0o755)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn unless_missing(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ENOENT) => Ok(()),
        other => other,
    }
}

fn copy_folder(
    store: &mut dyn Store,
    path: &Path,
    mode: u32,
    owner: Owner,
) -> Result<(), CopyError> {
    let base = Path::new(SHARED_BASE);
    let place = at("", entry(store, base, path))?;
    // A folder that is there already is kept with what is in it.
    if matches!(
        store.kind(&place.path),
        Ok(FileKind::File | FileKind::Link(_))
    ) {
        at("", store.remove(&place.path))?;
    }
    let made = make_folders(store, base, path, mode & PLAIN);
    let folder = at("mkdir_all dir", made)?.path;
    at("", store.set_mode(&folder, mode & PERMISSIONS))?;
    at("fchown dir", store.set_owner(&folder, owner))
}

fn copy_link(
    store: &mut dyn Store,
    path: &Path,
    target: &OsStr,
    owner: Owner,
) -> Result<(), CopyError> {
    let place = at("create symlink", entry(store, Path::new(SHARED_BASE), path))?;
    at("create symlink", store.make_link(&place.path, target))?;
    // The agent does this step without regard to the shared folder.
    if place.left_base {
        return Err(CopyError::Step("fchownat", Errno::ENOENT));
    }
    at("fchownat", store.set_owner(&place.path, owner))
}

fn copy_file(
    store: &mut dyn Store,
    path: &Path,
    piece: &Piece<'_>,
    owner: Owner,
) -> Result<(), CopyError> {
    let base = Path::new(SHARED_BASE);
    let mut unfinished = path.to_path_buf();
    unfinished.set_extension("tmp");
    let place = at("create_file", entry(store, base, &unfinished))?;
    let unfinished = place.path;
    at("create_file", store.open(&unfinished, piece.offset == 0))?;
    let written = store.write(&unfinished, piece.offset, piece.data);
    let size = at("write_all_at", written)?;
    if i64::try_from(size) != Ok(piece.file_size) {
        return Ok(());
    }
    at("fchown", store.set_owner(&unfinished, owner))?;
    let mode = without_set_ids(piece.file_mode & PERMISSIONS);
    at("set_permissions", store.set_mode(&unfinished, mode))?;
    // The agent does this step without regard to the shared folder.
    if place.left_base {
        return Err(CopyError::Step("renameat", Errno::ENOENT));
    }
    let place = at("renameat", entry(store, base, path))?;
    at("renameat", store.rename(&unfinished, &place.path))
}

/// What is left of a file's permissions when it changes hands, see chown(2):
/// the agent gives it away last.
fn without_set_ids(mode: u32) -> u32 {
    match mode & 0o010 {
        0 => mode & !0o4000,
        _ => mode & !0o6000,
    }
}
