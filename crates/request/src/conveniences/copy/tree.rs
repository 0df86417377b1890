//! What there is to copy: a file, a link or a directory, or all that is in a tree, each
//! before what is in it, by name. Below the source, each part of a path is opened without
//! following links: a directory that becomes a link meanwhile leads nowhere.

use std::ffi::OsString;
use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use nix::dir::Dir;
use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::sys::stat::Mode;

use super::error::CopyError;
use agent_client::interrupt;
use agent_report::error::Error;

/// Where all that is copied is: the source, which stays open if it is a directory.
#[derive(Debug)]
pub(super) struct Tree {
    source: String,
    directory: Option<File>,
}

/// Something to copy.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it is, from the tree's source on.
    parts: Vec<String>,
    /// The same as a path to show.
    pub(super) source: String,
    /// Where its copy is to be.
    pub(super) target: String,
    /// What it is.
    pub(super) kind: EntryKind,
    /// Kind and permissions, as in `st_mode`.
    pub(super) mode: u32,
    /// Its owner.
    pub(super) uid: u32,
    /// Its group.
    pub(super) gid: u32,
}

/// What something to copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A regular file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A directory once more, when all that is in it has been sent: the agent
    /// gives the parent of everything it makes the owner of that.
    Filled,
    /// A symbolic link, with what it points to.
    Link(Vec<u8>),
}

impl Tree {
    /// The tree at a path. A link is one to copy, unless it has a `/` after it.
    ///
    /// # Errors
    /// When there is nothing.
    fn open(source: &str) -> Result<Self, CopyError> {
        let source = pointed_to(source)?;
        let failed = |error| CopyError::Read {
            name: source.clone(),
            error,
        };
        let mut tree = Self {
            source: source.clone(),
            directory: None,
        };
        let top = tree.open_part(&[], OFlag::O_PATH).map_err(failed)?;
        if top.metadata().map_err(failed)?.is_dir() {
            tree.directory = Some(top);
        }
        Ok(tree)
    }

    /// Opens what is at these parts of a path below the source.
    fn open_part(&self, parts: &[String], flags: OFlag) -> io::Result<File> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let (Some(top), [above @ .., last]) = (&self.directory, parts) else {
            let top = match &self.directory {
                Some(top) => openat(top, ".", flags, Mode::empty())?,
                None => openat(AT_FDCWD, self.source.as_str(), flags, Mode::empty())?,
            };
            return Ok(top.into());
        };
        let mut directory = openat(top, ".", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
        let walk = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        for part in above {
            directory = openat(&directory, part.as_str(), walk, Mode::empty())?;
        }
        Ok(openat(&directory, last.as_str(), flags, Mode::empty())?.into())
    }

    /// What is at these parts of a path, whose copy is `target`.
    fn entry(&self, parts: Vec<String>, target: String) -> Result<Entry, CopyError> {
        let source = parts
            .iter()
            .fold(self.source.clone(), |path, part| join(&path, part));
        let failed = |error| CopyError::Read {
            name: source.clone(),
            error,
        };
        let found = self.open_part(&parts, OFlag::O_PATH).map_err(failed)?;
        let metadata = found.metadata().map_err(failed)?;
        let file_type = metadata.file_type();
        let kind = if file_type.is_file() {
            EntryKind::File(metadata.size())
        } else if file_type.is_dir() {
            EntryKind::Directory
        } else if file_type.is_symlink() {
            let link = readlinkat(&found, "").map_err(|error| failed(error.into()))?;
            EntryKind::Link(link.into_vec())
        } else {
            let what = special(file_type);
            return Err(CopyError::Source {
                name: source,
                what: format!("is {what}; files, directories and symbolic links can be copied"),
            });
        };
        Ok(Entry {
            parts,
            source,
            target,
            kind,
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
        })
    }

    /// The names in a directory, sorted, but those that end in `.tmp` last: the agent makes
    /// `x.txt` as `x.tmp` first, and one that is there already would be lost.
    fn names(&self, directory: &Entry) -> Result<Vec<String>, CopyError> {
        let failed = |error| CopyError::Read {
            name: directory.source.clone(),
            error,
        };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let opened = self.open_part(&directory.parts, flags).map_err(failed)?;
        let listed = Dir::from_fd(opened.into()).map_err(|error| failed(error.into()))?;
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| failed(error.into()))?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            let name = name.into_string().map_err(|name| CopyError::Source {
                name: join(&directory.source, &name.to_string_lossy()),
                what: NOT_TEXT.to_owned(),
            })?;
            names.push(name);
        }
        names.sort_unstable_by_key(|name| (name.ends_with(".tmp"), name.clone()));
        Ok(names)
    }

    /// Opens a file for reading; what has become a link or a named pipe meanwhile is
    /// neither followed nor waited for.
    ///
    /// # Errors
    /// When it cannot be read, or is not a regular file.
    pub(super) fn read(&self, entry: &Entry) -> Result<(File, Metadata), CopyError> {
        let failed = |error| CopyError::Read {
            name: entry.source.clone(),
            error,
        };
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = self.open_part(&entry.parts, flags).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        match metadata.is_file() {
            true => Ok((file, metadata)),
            false => Err(CopyError::Changed {
                name: entry.source.clone(),
                how: "is not a regular file any more".to_owned(),
            }),
        }
    }
}

const NOT_TEXT: &str = "is not UTF-8 text, as paths in requests must be";

/// What there is at `source`, and with `recursive` in it; its copy is `target`. Everything
/// is looked at, and files and directories that are to be read are opened once, to see that
/// they can be.
///
/// # Errors
/// When something cannot be looked at or cannot be copied, or a signal came.
pub(super) fn scan(
    source: &str,
    target: &str,
    recursive: bool,
) -> Result<(Tree, Vec<Entry>), Error> {
    /// What is left to do.
    enum Visit {
        /// To look at what is at these parts of a path, with the path of its copy.
        Enter(Vec<String>, String),
        /// To come back to a directory.
        Leave(Entry),
    }
    let tree = Tree::open(source)?;
    let mut found = Vec::new();
    let mut left = vec![Visit::Enter(Vec::new(), target.to_owned())];
    while let Some(visit) = left.pop() {
        interrupt::check()?;
        let entry = match visit {
            Visit::Enter(parts, target) => tree.entry(parts, target)?,
            Visit::Leave(directory) => directory,
        };
        match entry.kind {
            EntryKind::Directory if recursive => {
                let names = tree.names(&entry)?;
                if !names.is_empty() {
                    left.push(Visit::Leave(entry.filled()));
                }
                // The last one is taken first.
                for name in names.into_iter().rev() {
                    let target = join(&entry.target, &name);
                    let parts = entry.parts.iter().cloned().chain([name]);
                    left.push(Visit::Enter(parts.collect(), target));
                }
            }
            EntryKind::File(_) => drop(tree.read(&entry)?),
            EntryKind::Directory | EntryKind::Filled | EntryKind::Link(_) => {}
        }
        found.push(entry);
    }
    Ok((tree, found))
}

/// The path to what there is to copy: to the system, a link to a file with a `/`
/// after it leads nowhere.
fn pointed_to(source: &str) -> Result<String, CopyError> {
    let link = source.trim_end_matches('/');
    let is_link = link != source && fs::symlink_metadata(link).is_ok_and(|it| it.is_symlink());
    if !is_link || fs::metadata(source).is_ok() {
        return Ok(source.to_owned());
    }
    let path = fs::canonicalize(link).map_err(|error| CopyError::Read {
        name: source.to_owned(),
        error,
    })?;
    let text = path.into_os_string().into_string();
    text.map_err(|path| CopyError::Source {
        name: path.to_string_lossy().into_owned(),
        what: NOT_TEXT.to_owned(),
    })
}

impl Entry {
    /// A directory as it is sent when all that is in it is there.
    fn filled(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            source: self.source.clone(),
            target: self.target.clone(),
            kind: EntryKind::Filled,
            ..*self
        }
    }

    /// How many bytes of content there are.
    pub(super) fn size(&self) -> u64 {
        match &self.kind {
            EntryKind::File(size) => *size,
            EntryKind::Directory | EntryKind::Filled => 0,
            EntryKind::Link(target) => target.len() as u64,
        }
    }
}

fn special(file_type: FileType) -> &'static str {
    if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// A name in a directory, as a path.
pub(super) fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_has_one_slash_before_a_name() {
        for (directory, path) in [("/", "/x"), ("a", "a/x"), ("a/", "a/x"), ("/a//", "/a/x")] {
            assert_eq!(join(directory, "x"), path);
        }
    }

    /// Whatever takes the place of a directory after the scan, nothing outside is read.
    #[test]
    fn a_directory_that_becomes_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["outside/deep", "tree/sub/deep"] {
            fs::create_dir_all(path(name)).unwrap();
            fs::write(path(name).join("file"), name).unwrap();
        }
        let source = path("tree");
        let (tree, entries) = scan(source.to_str().unwrap(), "/g", true).unwrap();
        let file = entries
            .iter()
            .find(|entry| entry.source.ends_with("/file"))
            .unwrap();
        assert!(tree.read(file).is_ok());
        fs::rename(path("tree/sub"), path("tree/old")).unwrap();
        symlink(path("outside"), path("tree/sub")).unwrap();
        assert!(matches!(tree.read(file), Err(CopyError::Read { .. })));
        assert!(tree.entry(file.parts.clone(), String::new()).is_err());
        fs::remove_file(path("tree/sub")).unwrap();
        fs::create_dir(path("tree/sub")).unwrap();
        symlink(path("outside/deep"), path("tree/sub/deep")).unwrap();
        assert!(matches!(tree.read(file), Err(CopyError::Read { .. })));
        fs::remove_file(path("tree/sub/deep")).unwrap();
        fs::create_dir(path("tree/sub/deep")).unwrap();
        symlink(path("outside/deep/file"), path("tree/sub/deep/file")).unwrap();
        assert!(matches!(tree.read(file), Err(CopyError::Read { .. })));
        // The tree itself is the one that was looked at, whatever is in its place.
        fs::rename(path("tree"), path("moved")).unwrap();
        symlink(path("outside"), path("tree")).unwrap();
        fs::remove_dir_all(path("moved/sub")).unwrap();
        fs::rename(path("moved/old"), path("moved/sub")).unwrap();
        assert!(tree.read(file).is_ok());
    }
}
