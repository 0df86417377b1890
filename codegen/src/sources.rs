//! The proto files of a folder: which are there, what an import path stands for
//! among them, and their fingerprint. This module knows no proto syntax.
//!
//! Old releases of the agent import files by long paths
//! (`github.com/org/repo/types.proto`) that exist in some checkouts, and in
//! others only without their first folders. So an import that is not on disk is
//! tried again without its first folder, until it is found. And where one file
//! is there twice, as a root and under such a path, it would declare its
//! messages twice; a copy of a root (same base name, same content) is therefore
//! taken for that root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Place};

/// The files of one folder.
#[derive(Debug)]
pub(crate) struct Sources {
    folder: PathBuf,
    roots: BTreeMap<String, String>,
}

/// One proto file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Path relative to the folder, with `/` between its parts.
    pub name: String,
    pub text: String,
}

impl Sources {
    /// Reads the `.proto` files directly in `folder`.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        // A relative folder says little without what it is relative to.
        let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let failed = |cause| Error::io("read", &shown, cause);
        let mut roots = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_proto = path.extension().is_some_and(|suffix| suffix == "proto");
            let (true, true, Some(name)) = (is_proto, path.is_file(), path.file_name()) else {
                continue;
            };
            let Some(name) = name.to_str() else {
                let name = name.to_string_lossy();
                return Err(Error::at(Place::file(&name), "the name is not UTF-8"));
            };
            roots.insert(name.to_owned(), read(name, &path)?);
        }
        if roots.is_empty() {
            return Err(Error::NoFiles(shown));
        }
        Ok(Sources {
            folder: folder.to_owned(),
            roots,
        })
    }

    /// The files directly in the folder, sorted by name.
    pub fn roots(&self) -> impl Iterator<Item = Source> + '_ {
        self.roots.iter().map(|(name, text)| Source {
            name: name.clone(),
            text: text.clone(),
        })
    }

    /// The file at exactly this path below the folder.
    pub fn find(&self, name: &str) -> Result<Option<Source>, Error> {
        if let Some(text) = self.roots.get(name) {
            let (name, text) = (name.to_owned(), text.clone());
            return Ok(Some(Source { name, text }));
        }
        let path = self.folder.join(name);
        if !path.is_file() {
            return Ok(None);
        }
        let text = read(name, &path)?;
        let base = name.rsplit('/').next().unwrap_or(name);
        let name = match self.roots.get(base) {
            Some(root) if *root == text => base.to_owned(),
            _ => name.to_owned(),
        };
        Ok(Some(Source { name, text }))
    }
}

/// An import path, then the same without its first folder, and so on.
pub(crate) fn shortenings(import: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(import), |path| {
        path.split_once('/').map(|(_, rest)| rest)
    })
}

/// A hash (FNV-1a, 64 bits, as 16 hex digits) over names and contents.
pub(crate) fn fingerprint<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (name, text) in files {
        for part in [name, text] {
            add(&(part.len() as u64).to_le_bytes());
            add(part.as_bytes());
        }
    }
    format!("{hash:016x}")
}

/// What some editors begin a UTF-8 file with; it is not part of the text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn read(name: &str, path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path).map_err(|cause| Error::io("read", path, cause))?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let valid = String::from_utf8_lossy(valid);
            let place = Place::offset(name, &valid, valid.len());
            Err(Error::at(place, "the text is not UTF-8"))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn an_import_loses_its_first_folders_one_by_one() {
        let tried: Vec<&str> = shortenings("a/b/c.proto").collect();
        assert_eq!(tried, ["a/b/c.proto", "b/c.proto", "c.proto"]);
    }

    #[test]
    fn a_copy_of_a_root_is_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let nested = folder.path().join("long/path");
        fs::create_dir_all(&nested).unwrap();
        fs::write(folder.path().join("types.proto"), "one").unwrap();
        fs::write(nested.join("types.proto"), "one").unwrap();
        fs::write(nested.join("other.proto"), "one").unwrap();
        let sources = Sources::open(folder.path()).unwrap();
        let name = |import| sources.find(import).unwrap().map(|source| source.name);
        assert_eq!(name("long/path/types.proto").unwrap(), "types.proto");
        assert_eq!(
            name("long/path/other.proto").unwrap(),
            "long/path/other.proto"
        );
        assert_eq!(name("path/types.proto"), None);

        fs::write(nested.join("types.proto"), "two").unwrap();
        assert_eq!(
            name("long/path/types.proto").unwrap(),
            "long/path/types.proto"
        );
    }

    #[test]
    fn the_fingerprint_tells_names_from_contents() {
        let of = |files: &[(&'static str, &'static str)]| fingerprint(files.iter().copied());
        assert_eq!(of(&[]), "cbf29ce484222325");
        assert_ne!(of(&[("ab", "c")]), of(&[("a", "bc")]));
        assert_ne!(of(&[("a", "b")]), of(&[("a", "c")]));
        assert_eq!(of(&[("a", "b")]), of(&[("a", "b")]));
    }
}
