//! Layers, one over the other, as a root filesystem: what a layer has replaces
//! what is below it, and its whiteouts remove that. Nothing is ever touched
//! outside the root filesystem, whatever a layer says.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use nix::unistd::geteuid;
use tar::{Archive, Entry, EntryType};

use super::error::ImageError;

const WHITEOUT: &[u8] = b".wh.";
/// Hides all that lower layers have in its folder.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Puts a layer (a tar archive, as it is or compressed by gzip) over what is in
/// `root`, which must be a path without links. Owners are set where this user
/// may; devices and named pipes are left out, as the agent makes its own.
///
/// # Errors
/// When the layer cannot be read or unpacked.
pub fn unpack(layer: &Path, root: &Path) -> Result<(), ImageError> {
    let wrong = |error: io::Error| ImageError::layout(layer, in_full(&error));
    let archive = open(layer).map_err(wrong)?;
    Layer::new(root).unpack(archive).map_err(wrong)
}

fn open(layer: &Path) -> io::Result<Archive<Box<dyn Read>>> {
    let mut file = File::open(layer)?;
    let mut magic = Vec::new();
    (&file).take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    let file = BufReader::new(file);
    let reader: Box<dyn Read> = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let what =
                "is compressed by zstd, which only umoci can unpack; there is none on the PATH";
            return Err(io::Error::other(what));
        }
        _ => Box::new(file),
    };
    Ok(Archive::new(reader))
}

/// One layer on its way.
struct Layer<'a> {
    root: &'a Path,
    owners: bool,
    /// What this layer has: its whiteouts do not hide that.
    own: BTreeSet<PathBuf>,
    /// Folders get their mode at the end, as it may forbid to write to them.
    folders: Vec<Folder>,
}

struct Folder {
    path: PathBuf,
    mode: u32,
    owner: (u32, u32),
}

impl<'a> Layer<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            owners: geteuid().is_root(),
            own: BTreeSet::new(),
            folders: Vec::new(),
        }
    }

    fn unpack(mut self, mut archive: Archive<Box<dyn Read>>) -> io::Result<()> {
        archive.set_preserve_permissions(true);
        archive.set_preserve_ownerships(self.owners);
        for entry in archive.entries()? {
            self.entry(entry?)?;
        }
        for folder in self.folders.into_iter().rev() {
            if self.owners {
                let (uid, gid) = folder.owner;
                lchown(&folder.path, Some(uid), Some(gid))?;
            }
            fs::set_permissions(&folder.path, Permissions::from_mode(folder.mode))?;
        }
        Ok(())
    }

    fn entry(&mut self, mut entry: Entry<'_, Box<dyn Read>>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        let name = relative(&entry.path()?)?;
        let Some(last) = name.file_name().map(OsStr::to_owned) else {
            // The root itself, or a header about the entries to come.
            return Ok(());
        };
        let parent = self.parent(&name)?;
        if last.as_bytes() == OPAQUE {
            return self.hide_all(&parent, name.parent().unwrap_or(Path::new("")));
        }
        if let Some(hidden) = last.as_bytes().strip_prefix(WHITEOUT) {
            let hidden = OsStr::from_bytes(hidden);
            // Such a name would stand for a folder above.
            if hidden.is_empty() || hidden == "." || hidden == ".." {
                return Err(io::Error::other(format!("{last:?} hides no name")));
            }
            return self.hide(&parent.join(hidden), &name.with_file_name(hidden));
        }
        let path = parent.join(&last);
        match kind {
            EntryType::Directory => {
                if !fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir()) {
                    remove(&path)?;
                    fs::create_dir(&path)?;
                }
                let header = entry.header();
                let number = |id: u64| u32::try_from(id).map_err(io::Error::other);
                self.folders.push(Folder {
                    mode: header.mode()? & 0o7777,
                    owner: (number(header.uid()?)?, number(header.gid()?)?),
                    path,
                });
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => return Ok(()),
            _ => {
                remove(&path)?;
                entry.unpack_in(self.root)?;
            }
        }
        self.own.insert(name);
        Ok(())
    }

    /// The folder that an entry is in, made where it is missing, without links
    /// and within the root.
    fn parent(&self, name: &Path) -> io::Result<PathBuf> {
        let mut path = self.root.to_owned();
        for part in name.parent().into_iter().flat_map(Path::components) {
            path.push(part);
            if fs::symlink_metadata(&path).is_err() {
                fs::create_dir(&path)?;
            }
            path = path.canonicalize()?;
            if !path.starts_with(self.root) {
                let what = format!("{name:?} lies behind a link that leads out of the image");
                return Err(io::Error::other(what));
            }
        }
        Ok(path)
    }

    fn hide(&self, path: &Path, name: &Path) -> io::Result<()> {
        let mut above = self.own.range(name.to_owned()..);
        match above.next() {
            Some(own) if own.starts_with(name) => Ok(()),
            _ => remove(path),
        }
    }

    fn hide_all(&self, folder: &Path, name: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            self.hide(&entry.path(), &name.join(entry.file_name()))?;
        }
        Ok(())
    }
}

/// An entry's path from the root on.
fn relative(path: &Path) -> io::Result<PathBuf> {
    let mut relative = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => relative.push(part),
            Component::ParentDir => {
                let what = format!("{path:?} leads out of the image");
                return Err(io::Error::other(what));
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Ok(relative)
}

/// Removes whatever there is at a path, which is no link's target.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// An error with its causes, which the tar crate keeps to itself.
fn in_full(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.get_ref().and_then(|inner| inner.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
