//! The files of an image layout, which is a folder or a tar archive of one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tar::Archive;

use crate::image::error::ImageError;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 8 << 20;

/// Where the files of a layout are.
#[derive(Debug)]
pub(crate) enum Files {
    /// In a folder.
    Folder(PathBuf),
    /// In an archive.
    Archive {
        /// Its path.
        path: PathBuf,
        /// Where its regular files begin, and how many bytes they have.
        members: BTreeMap<PathBuf, (u64, u64)>,
    },
}

impl Files {
    /// The files of an archive.
    ///
    /// # Errors
    /// When it is not a tar archive, or is compressed.
    pub(crate) fn of_archive(path: &Path) -> Result<Self, ImageError> {
        let name = || path.display().to_string();
        let members = members(path).map_err(|error| match compression(path) {
            Some(by) => ImageError::Compressed { name: name(), by },
            None => ImageError::Archive {
                name: name(),
                error,
            },
        })?;
        Ok(Files::Archive {
            path: path.to_owned(),
            members,
        })
    }

    /// Whether there is a regular file of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.size(name).is_ok()
    }

    /// The size of a file in bytes.
    ///
    /// # Errors
    /// When there is no such file, or it is not a regular one.
    pub(crate) fn size(&self, name: &str) -> Result<u64, ImageError> {
        let size = match self {
            Files::Folder(folder) => {
                fs::metadata(folder.join(name)).and_then(|it| match it.is_file() {
                    true => Ok(it.len()),
                    // To open a named pipe would be to wait for somebody to write to it.
                    false => Err(io::Error::other("not a regular file")),
                })
            }
            Files::Archive { members, .. } => match members.get(Path::new(name)) {
                Some((_, size)) => Ok(*size),
                None => Err(io::ErrorKind::NotFound.into()),
            },
        };
        size.map_err(ImageError::file(self.path(name)))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it cannot be read, or is too large for one.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let size = self.size(name)?;
        if size > LIMIT {
            let what = format!("is larger than {} MiB", LIMIT >> 20);
            return Err(ImageError::layout(&self.path(name), what));
        }
        let read = || {
            let mut file = match self {
                Files::Folder(folder) => File::open(folder.join(name))?,
                Files::Archive { path, members } => {
                    let mut file = File::open(path)?;
                    let start = members.get(Path::new(name)).map_or(0, |(start, _)| *start);
                    file.seek(SeekFrom::Start(start))?;
                    file
                }
            };
            let mut bytes = Vec::new();
            file.by_ref().take(size).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(ImageError::file(self.path(name)))
    }

    /// The folder or archive itself, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Files::Folder(path) | Files::Archive { path, .. } => path.display().to_string(),
        }
    }

    /// The path of a file, for messages.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match self {
            Files::Folder(path) | Files::Archive { path, .. } => path.join(name),
        }
    }
}

/// The program that has compressed a file, by its first bytes.
fn compression(path: &Path) -> Option<&'static str> {
    let mut first = [0; 6];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    let marks: [(&str, &[u8]); 4] = [
        ("gzip", b"\x1f\x8b"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("xz", b"\xfd7zXZ\0"),
        ("bzip2", b"BZh"),
    ];
    let mut found = marks.iter().filter(|(_, mark)| first.starts_with(mark));
    read.ok().and(found.next().map(|(by, _)| *by))
}

/// The regular files of a tar archive.
fn members(path: &Path) -> io::Result<BTreeMap<PathBuf, (u64, u64)>> {
    let mut members = BTreeMap::new();
    let mut archive = Archive::new(File::open(path)?);
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            let name = entry.path()?;
            let name = name.strip_prefix(".").unwrap_or(&name).to_owned();
            members.insert(name, (entry.raw_file_position(), entry.size()));
        }
    }
    Ok(members)
}
