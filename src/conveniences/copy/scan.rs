//! What there is to copy: a file, a link or a directory, or all that is in a
//! tree, each before what is in it, by name. Everything is looked at here, and
//! nothing is read.

use std::fs::{self, FileType, Metadata};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use super::error::CopyError;
use super::source::Source;
use crate::error::Error;
use crate::interrupt;

/// Something to copy.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it is.
    pub(super) source: String,
    /// Where its copy is to be.
    pub(super) target: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Kind and permissions, as in `st_mode`.
    pub(super) mode: u32,
    /// Its owner.
    pub(super) uid: u32,
    /// Its group.
    pub(super) gid: u32,
}

/// What something to copy is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
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

/// What there is at `source`, and with `recursive` in it; its copy is `target`.
/// Links are not followed, unless `source` is one with a `/` after it. Files and
/// directories that are to be read are opened once, to see that they can be.
///
/// # Errors
/// When something cannot be looked at or cannot be copied, or a signal came.
pub(super) fn scan(source: &str, target: &str, recursive: bool) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    let mut left = vec![Visit::Enter(pointed_to(source)?, target.to_owned())];
    while let Some(visit) = left.pop() {
        interrupt::check()?;
        let entry = match visit {
            Visit::Enter(source, target) => entry(source, target)?,
            Visit::Leave(directory) => directory,
        };
        match entry.kind {
            Kind::Directory if recursive => {
                let names = names(&entry.source)?;
                if !names.is_empty() {
                    left.push(Visit::Leave(entry.filled()));
                }
                // The last one is taken first.
                for name in names.into_iter().rev() {
                    let source = join(&entry.source, &name);
                    left.push(Visit::Enter(source, join(&entry.target, &name)));
                }
            }
            Kind::File(_) => drop(Source::open(&entry.source)?),
            Kind::Directory | Kind::Filled | Kind::Link(_) => {}
        }
        found.push(entry);
    }
    Ok(found)
}

/// What is left to do for a scan.
enum Visit {
    /// To look at what is at a path, with the path of its copy.
    Enter(String, String),
    /// To come back to a directory.
    Leave(Entry),
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
    text.map_err(|path| CopyError::NotText {
        name: path.to_string_lossy().into_owned(),
    })
}

fn entry(source: String, target: String) -> Result<Entry, CopyError> {
    let failed = |error| CopyError::Read {
        name: source.clone(),
        error,
    };
    let metadata = fs::symlink_metadata(&source).map_err(failed)?;
    let file_type = metadata.file_type();
    let kind = if file_type.is_file() {
        Kind::File(metadata.size())
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Link(
            fs::read_link(&source)
                .map_err(failed)?
                .into_os_string()
                .into_vec(),
        )
    } else {
        return Err(CopyError::Special {
            kind: special(file_type),
            name: source,
        });
    };
    Ok(Entry::new(source, target, kind, &metadata))
}

impl Entry {
    fn new(source: String, target: String, kind: Kind, metadata: &Metadata) -> Self {
        Self {
            source,
            target,
            kind,
            mode: metadata.mode(),
            uid: metadata.uid(),
            gid: metadata.gid(),
        }
    }

    /// A directory as it is sent when all that is in it is there.
    fn filled(&self) -> Self {
        Self {
            source: self.source.clone(),
            target: self.target.clone(),
            kind: Kind::Filled,
            ..*self
        }
    }

    /// How many bytes of content there are.
    pub(super) fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(size) => *size,
            Kind::Directory | Kind::Filled => 0,
            Kind::Link(target) => target.len() as u64,
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

/// The names in a directory, sorted, but those that end in `.tmp` last: the agent
/// makes `x.txt` as `x.tmp` first, and one that is there already would be lost.
fn names(directory: &str) -> Result<Vec<String>, CopyError> {
    let failed = |error| CopyError::Read {
        name: directory.to_owned(),
        error,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.into_string().map_err(|name| CopyError::NotText {
            name: join(directory, &name.to_string_lossy()),
        })?;
        names.push(name);
    }
    names.sort_unstable();
    let (passing, mut names): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.ends_with(".tmp"));
    names.extend(passing);
    Ok(names)
}

/// A name in a directory, as a path.
pub(super) fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn a_path_has_one_slash_before_a_name() {
        for (directory, path) in [("/", "/x"), ("a", "a/x"), ("a/", "a/x"), ("/a//", "/a/x")] {
            assert_eq!(join(directory, "x"), path);
        }
    }
}
