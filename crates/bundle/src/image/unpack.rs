//! Layers, one over the other, as a root filesystem: what a layer has replaces
//! what is below it, and its whiteouts remove that. Nothing is ever touched
//! outside the root filesystem, whatever a layer says.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};
use tar::{Archive, Entry, EntryType, Header};

use super::inside::{self, Missing};
use crate::image::error::ImageError;
use crate::image::layout;

const WHITEOUT: &[u8] = b".wh.";
/// Hides all that lower layers have in its folder.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Puts a layer (a tar archive, as it is or compressed by gzip) over what is in
/// `root`, which must be a path without links. Owners are set where this user
/// may. Devices are left out, as the agent makes its own; returns their names.
///
/// # Errors
/// When the layer cannot be read or unpacked.
pub(crate) fn unpack(layer: &Path, root: &Path) -> Result<Vec<PathBuf>, ImageError> {
    let wrong = |error: io::Error| ImageError::layout(layer, in_full(&error));
    let archive = open(layer).map_err(wrong)?;
    Layer::new(root).unpack(archive).map_err(wrong)
}

fn open(layer: &Path) -> io::Result<Archive<Box<dyn Read>>> {
    let mut file = layout::open(layer)?;
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
    folders: Vec<Access>,
    devices: Vec<PathBuf>,
}

/// The mode and owner of what is made here and not by the tar crate.
struct Access {
    path: PathBuf,
    mode: u32,
    owner: (u32, u32),
}

impl Access {
    fn of(header: &Header, path: PathBuf) -> io::Result<Self> {
        let number = |id: u64| u32::try_from(id).map_err(io::Error::other);
        Ok(Self {
            mode: header.mode()? & 0o7777,
            owner: (number(header.uid()?)?, number(header.gid()?)?),
            path,
        })
    }

    fn set(self, owners: bool) -> io::Result<()> {
        if owners {
            let (uid, gid) = self.owner;
            lchown(&self.path, Some(uid), Some(gid))?;
        }
        fs::set_permissions(&self.path, Permissions::from_mode(self.mode))
    }
}

impl<'a> Layer<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            owners: geteuid().is_root(),
            own: BTreeSet::new(),
            folders: Vec::new(),
            devices: Vec::new(),
        }
    }

    fn unpack(mut self, mut archive: Archive<Box<dyn Read>>) -> io::Result<Vec<PathBuf>> {
        archive.set_preserve_permissions(true);
        archive.set_preserve_ownerships(self.owners);
        for entry in archive.entries()? {
            self.entry(entry?)?;
        }
        for folder in self.folders.into_iter().rev() {
            folder.set(self.owners)?;
        }
        Ok(self.devices)
    }

    fn entry(&mut self, mut entry: Entry<'_, Box<dyn Read>>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let name = relative(&entry.path()?)?;
        let Some(last) = name.file_name().map(OsStr::to_owned) else {
            if kind == EntryType::Directory {
                let root = Access::of(entry.header(), self.root.to_owned())?;
                self.folders.push(root);
            }
            return Ok(());
        };
        let above = name.parent().unwrap_or(Path::new(""));
        let parent = inside::follow(self.root, above, Missing::Make)?;
        if last.as_bytes() == OPAQUE {
            return self.hide_all(&parent, above);
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
                self.folders.push(Access::of(entry.header(), path)?);
            }
            EntryType::Char | EntryType::Block => {
                self.devices.push(name);
                return Ok(());
            }
            EntryType::Fifo => {
                remove(&path)?;
                mkfifo(&path, Mode::S_IRUSR)?;
                Access::of(entry.header(), path)?.set(self.owners)?;
            }
            EntryType::Link => {
                let target = self.linked(&entry)?;
                remove(&path)?;
                fs::hard_link(target, &path)?;
            }
            _ => {
                remove(&path)?;
                entry.unpack(&path)?;
            }
        }
        self.own.insert(name);
        Ok(())
    }

    /// What a hard link is another name of: it may be a symbolic link itself.
    fn linked(&self, entry: &Entry<'_, Box<dyn Read>>) -> io::Result<PathBuf> {
        let target = entry.link_name()?.unwrap_or_default();
        let target = relative(&target)?;
        let above = target.parent().unwrap_or(Path::new(""));
        let above = inside::follow(self.root, above, Missing::Refuse)?;
        let last = target.file_name();
        let last = last.ok_or_else(|| io::Error::other("a hard link to no file"))?;
        Ok(above.join(last))
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

/// Removes whatever there is at a path, without following it where it is a link.
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
