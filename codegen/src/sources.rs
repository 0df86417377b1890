//! The proto files of a folder, and what an import path stands for among them.
//!
//! An import is looked for as a path
//!
//! 1. below the folder of the protos;
//! 2. below each of the further folders to import from, in their order;
//! 3. among the files of `google/protobuf` that protox brings;
//! 4. below the folder of the protos again, without its first folders, one
//!    after the other. The last name alone is not enough: a `types.proto` may
//!    be another project's.
//!
//! One case of the last name is safe. Kata 2.0 imports
//! `github.com/.../protos/oci.proto` and, in the same file,
//! `github.com/.../protos/github.com/.../types.proto`. Where the second is found
//! by the fourth rule, `github.com/.../protos` is shown to be the folder itself,
//! and so the first is its `oci.proto`.
//!
//! A file found under a long path that has the name and the content of one
//! directly in the folder is taken for that one: its messages would be declared
//! twice otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use protox::file::{File, FileResolver as _, GoogleFileResolver};

use crate::error::{Error, Place};

/// The file that says what releases of the API changed.
const CHANGES: &str = "changes.txt";

/// The files of one folder.
#[derive(Debug)]
pub(crate) struct Sources {
    folder: PathBuf,
    /// Further folders to import from.
    imports: Vec<PathBuf>,
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
    /// Reads the `.proto` files directly in `folder`. `imports` are further
    /// folders to import from.
    pub(crate) fn open(folder: &Path, imports: &[PathBuf]) -> Result<Self, Error> {
        for import in imports {
            fs::read_dir(import).map_err(|cause| Error::io("read", &absolute(import), cause))?;
        }
        let shown = absolute(folder);
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
            let below = service_below(folder);
            return Err(Error::NoFiles {
                folder: shown,
                below,
            });
        }
        Ok(Sources {
            folder: folder.to_owned(),
            imports: imports.to_owned(),
            roots,
        })
    }

    /// The files directly in the folder, sorted by name.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Source> + '_ {
        self.roots.iter().map(|(name, text)| Source {
            name: name.clone(),
            text: text.clone(),
        })
    }

    /// What releases of the API changed: the text of a file beside the proto files, which need
    /// not be there.
    pub(crate) fn changes(&self) -> Result<String, Error> {
        let path = self.folder.join(CHANGES);
        match path.is_file() {
            true => read(CHANGES, &path),
            false => Ok(String::new()),
        }
    }

    /// The error for a folder whose files declare no service.
    pub(crate) fn without_service(&self) -> Error {
        Error::NoService {
            folder: absolute(&self.folder),
            below: service_below(&self.folder),
        }
    }

    /// The file that an import path stands for; `None` if it is not on disk. `all`
    /// are the import paths of the importing file.
    pub(crate) fn import(&self, path: &str, all: &[String]) -> Result<Option<Source>, Error> {
        let Some((folder, name)) = self.find(path, all) else {
            return Ok(None);
        };
        let text = read(name, &folder.join(name))?;
        let base = name.rsplit('/').next().unwrap_or(name);
        let is_root = self.roots.get(base).is_some_and(|root| *root == text);
        let name = if is_root { base } else { name }.to_owned();
        Ok(Some(Source { name, text }))
    }

    /// The folder that a path is found in, and its name there.
    fn find<'a>(&self, path: &'a str, all: &[String]) -> Option<(&PathBuf, &'a str)> {
        let exists = |(folder, name): &(&PathBuf, &str)| folder.join(name).is_file();
        let folders = std::iter::once(&self.folder).chain(&self.imports);
        let exact = folders.map(|folder| (folder, path)).find(exists);
        if exact.is_some() || is_built_in(path) {
            return exact;
        }
        let shorter = shortenings(path).chain(self.in_folder(path, all));
        shorter.map(|rest| (&self.folder, rest)).find(exists)
    }

    /// The last name of an import path, if another import of the same file shows
    /// that what is before it stands for the folder.
    fn in_folder<'a>(&self, path: &'a str, all: &[String]) -> Option<&'a str> {
        let (_, name) = path.rsplit_once('/')?;
        let prefix = path.strip_suffix(name)?;
        let mut rests = all.iter().filter_map(|other| other.strip_prefix(prefix));
        rests
            .any(|rest| rest.contains('/') && self.folder.join(rest).is_file())
            .then_some(name)
    }
}

/// Whether protox brings a file of this name.
fn is_built_in(path: &str) -> bool {
    GoogleFileResolver::new().open_file(path).is_ok()
}

/// An import path without its first folder, without its first two, and so on,
/// as long as there is a folder.
fn shortenings(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.split_once('/')?.1;
        rest.contains('/').then_some(rest)
    })
}

/// The first file below the subfolders of a folder that declares a service.
/// What cannot be read there is not asked for, and does not matter.
fn service_below(folder: &Path) -> Option<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).ok()?.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "proto") {
                found.extend(path.strip_prefix(folder).map(Path::to_owned));
            }
        }
    }
    let declares = |name: &PathBuf| {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let file = File::from_source("", &text);
        file.is_ok_and(|file| !file.file_descriptor_proto().service.is_empty())
    };
    let name = found.into_iter().find(declares)?;
    Some(name.display().to_string())
}

/// A relative folder says little without what it is relative to.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
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

    /// A folder with these files, each holding its own name.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    #[test]
    fn an_import_is_found_by_its_path_and_never_by_its_last_name() {
        let protos = folder(&[
            "types.proto",
            "v2/types.proto",
            "a/one.proto",
            "protobuf/any.proto",
        ]);
        let first = folder(&["a/one.proto", "b/two.proto", "x/v2/types.proto"]);
        let second = folder(&["b/two.proto", "c/three.proto"]);
        let imports = [first.path().to_owned(), second.path().to_owned()];
        let sources = Sources::open(protos.path(), &imports).unwrap();
        for (path, expected) in [
            ("types.proto", Some((&protos, "types.proto"))),
            ("a/one.proto", Some((&protos, "a/one.proto"))),
            ("b/two.proto", Some((&first, "b/two.proto"))),
            ("c/three.proto", Some((&second, "c/three.proto"))),
            ("x/v2/types.proto", Some((&first, "x/v2/types.proto"))),
            ("y/x/v2/types.proto", Some((&protos, "v2/types.proto"))),
            ("v1/types.proto", None),
            ("one.proto", None),
            ("y/b/two.proto", None),
            ("google/protobuf/any.proto", None),
        ] {
            let found = sources.find(path, &[]);
            let found = found.map(|(folder, name)| (folder.as_path(), name));
            let expected = expected.map(|(folder, name)| (folder.path(), name));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn a_long_path_to_the_folder_is_known_by_another_import() {
        let protos = folder(&["oci.proto", "github.com/agent/types.proto"]);
        let sources = Sources::open(protos.path(), &[]).unwrap();
        let name = |path: &str, all: &[&str]| {
            let all: Vec<String> = all.iter().map(|&other| other.to_owned()).collect();
            sources.find(path, &all).map(|(_, name)| name.to_owned())
        };
        let oci = "github.com/kata/protos/oci.proto";
        let types = "github.com/kata/protos/github.com/agent/types.proto";
        assert_eq!(name(types, &[]).unwrap(), "github.com/agent/types.proto");
        assert_eq!(name(oci, &[oci, types]).unwrap(), "oci.proto");
        assert_eq!(name(oci, &[oci]), None);
        let missing = "github.com/kata/protos/github.com/agent/missing.proto";
        let elsewhere = "github.com/agent/types.proto";
        assert_eq!(name(oci, &[oci, missing, elsewhere]), None);
    }

    #[test]
    fn a_copy_of_a_root_is_the_root() {
        let protos = folder(&["types.proto", "long/path/types.proto", "long/other.proto"]);
        let name = |path: &str| {
            let sources = Sources::open(protos.path(), &[]).unwrap();
            sources.import(path, &[]).unwrap().unwrap().name
        };
        assert_eq!(name("long/other.proto"), "long/other.proto");
        assert_eq!(name("long/path/types.proto"), "long/path/types.proto");
        fs::write(protos.path().join("long/path/types.proto"), "types.proto").unwrap();
        assert_eq!(name("long/path/types.proto"), "types.proto");
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
