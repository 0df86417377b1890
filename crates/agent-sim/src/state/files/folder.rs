//! Files below a folder of this machine. Every step begins at that folder and
//! goes from name to name without following links, so nothing outside of it is
//! ever touched, whatever was put into it before or at the same time.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nix::Result;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, fstatat, mkdirat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, geteuid, symlinkat, unlinkat};

use super::store::{FileKind, Owner, Room, Store, Usage};
use crate::root::Root;

/// What keeps a step within the folder, and from waiting for anybody.
const CAREFUL: OFlag = OFlag::O_NOFOLLOW
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY);

/// A folder with a guest's files.
#[derive(Debug)]
pub(super) struct Folder {
    root: Root,
    /// Others can give nothing away, and have to be able to enter what they make.
    is_root: bool,
}

impl Folder {
    pub(super) fn new(root: Root) -> Folder {
        Folder {
            root,
            is_root: geteuid().is_root(),
        }
    }

    /// Opens something without following any link.
    fn at(&self, path: &Path, flags: OFlag, mode: Mode) -> Result<OwnedFd> {
        let Some(name) = path.file_name() else {
            return openat(&self.root, c".", flags | CAREFUL, mode);
        };
        match self.folder_of(path)? {
            Some(folder) => openat(folder, name, flags | CAREFUL, mode),
            None => openat(&self.root, name, flags | CAREFUL, mode),
        }
    }

    /// The folder that a path is in. `None` for the root.
    fn folder_of(&self, path: &Path) -> Result<Option<OwnedFd>> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | CAREFUL;
        let mut folder: Option<OwnedFd> = None;
        for name in path.parent().unwrap_or(Path::new("")) {
            folder = Some(match &folder {
                Some(folder) => openat(folder, name, flags, Mode::empty())?,
                None => openat(&self.root, name, flags, Mode::empty())?,
            });
        }
        Ok(folder)
    }

    /// Does something to the entry of a folder.
    fn within<T>(
        &self,
        path: &Path,
        work: impl FnOnce(std::os::fd::BorrowedFd<'_>, &OsStr) -> Result<T>,
    ) -> Result<T> {
        let name = path.file_name().ok_or(Errno::EINVAL)?;
        match self.folder_of(path)? {
            Some(folder) => work(folder.as_fd(), name),
            None => work(self.root.as_fd(), name),
        }
    }

    fn entries(&self, path: &Path) -> Result<Vec<PathBuf>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let mut entries = Vec::new();
        for entry in Dir::from_fd(self.at(path, flags, Mode::empty())?)?.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                entries.push(path.join(name));
            }
        }
        Ok(entries)
    }

    /// Opens a regular file: nothing else may be read or written.
    fn file(&self, path: &Path, flags: OFlag, mode: Mode) -> Result<File> {
        let file = self.at(path, flags, mode)?;
        match SFlag::from_bits_truncate(fstat(&file)?.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => Ok(File::from(file)),
            SFlag::S_IFDIR => Err(Errno::EISDIR),
            _ => Err(Errno::EINVAL),
        }
    }
}

impl Store for Folder {
    fn kind(&self, path: &Path) -> Result<FileKind> {
        if path.file_name().is_none() {
            return Ok(FileKind::Folder);
        }
        self.within(path, |folder, name| {
            let status = fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            Ok(
                match SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT {
                    SFlag::S_IFDIR => FileKind::Folder,
                    SFlag::S_IFLNK => FileKind::Link(readlinkat(folder, name)?),
                    _ => FileKind::File,
                },
            )
        })
    }

    fn make_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.within(path, |folder, name| mkdirat(folder, name, Mode::S_IRWXU))?;
        self.set_mode(path, mode)
    }

    fn make_link(&mut self, path: &Path, target: &OsStr) -> Result<()> {
        self.within(path, |folder, name| symlinkat(target, folder, name))
    }

    fn set_mode(&mut self, path: &Path, mode: u32) -> Result<()> {
        let file = self.at(path, OFlag::O_RDONLY, Mode::empty())?;
        let mut mode = Mode::from_bits_truncate(mode);
        let is_folder = fstat(&file)?.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits();
        if is_folder && !self.is_root {
            mode |= Mode::S_IRWXU;
        }
        fchmod(file, mode)
    }

    fn set_owner(&mut self, path: &Path, owner: Owner) -> Result<()> {
        if !self.is_root {
            return Ok(());
        }
        let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
        let flag = AtFlags::AT_SYMLINK_NOFOLLOW;
        self.within(path, |folder, name| {
            fchownat(folder, name, Some(user), Some(group), flag)
        })
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        let mut left = vec![path.to_path_buf()];
        while let Some(next) = left.pop() {
            let remove = |flag| self.within(&next, |folder, name| unlinkat(folder, name, flag));
            match remove(UnlinkatFlags::NoRemoveDir) {
                Err(Errno::EISDIR) => {}
                // Somebody else was faster with what is in a folder.
                Err(Errno::ENOENT) if next != path => continue,
                other => {
                    other?;
                    continue;
                }
            }
            match remove(UnlinkatFlags::RemoveDir) {
                Err(Errno::ENOTEMPTY | Errno::EEXIST) => {
                    let entries = self.entries(&next)?;
                    left.push(next);
                    left.extend(entries);
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn open(&mut self, path: &Path, afresh: bool) -> Result<()> {
        let mut flags = OFlag::O_RDWR | OFlag::O_CREAT;
        flags.set(OFlag::O_TRUNC, afresh);
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        self.file(path, flags, mode).map(drop)
    }

    fn write(&mut self, path: &Path, offset: i64, bytes: &[u8]) -> Result<u64> {
        let file = self.file(path, OFlag::O_RDWR, Mode::empty())?;
        if !bytes.is_empty() {
            let offset = u64::try_from(offset).map_err(|_| Errno::EINVAL)?;
            file.write_all_at(bytes, offset).map_err(errno)?;
        }
        Ok(file.metadata().map_err(errno)?.len())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.within(from, |folder, name| {
            self.within(to, |other, new| renameat(folder, name, other, new))
        })
    }

    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        let file = self.file(path, OFlag::O_RDONLY, Mode::empty())?;
        let mut bytes = Vec::new();
        file.take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(errno)?;
        Ok(bytes)
    }

    fn is_program(&self, path: &Path) -> bool {
        let file = self.at(path, OFlag::O_PATH, Mode::empty());
        let status = file.and_then(fstat);
        status.is_ok_and(|status| {
            let mode = SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT;
            mode == SFlag::S_IFREG && status.st_mode & 0o111 != 0
        })
    }

    fn usage(&self, path: &Path) -> Result<Usage> {
        let there = self.at(path, OFlag::O_PATH, Mode::empty())?;
        let status = fstatfs(there)?;
        let size = u64::try_from(status.block_size()).unwrap_or_default();
        Ok(Usage {
            bytes: Room {
                total: status.blocks().saturating_mul(size),
                free: status.blocks_free().saturating_mul(size),
            },
            inodes: Room {
                total: status.files(),
                free: status.files_free(),
            },
        })
    }
}

fn errno(error: io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
