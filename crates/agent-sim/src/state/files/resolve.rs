//! From a path as a request names it to one that is free of links and `..`,
//! without ever leaving a base folder: what leads out of it is taken as if the
//! base were `/`. It reads the store, and makes folders when asked to.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use nix::Result;
use nix::errno::Errno;

use super::store::{FileKind, Store};

/// How many links one path may lead through, as path_resolution(7) has it.
const MOST_LINKS: usize = 40;
/// The longest path in bytes, without its end.
const MOST_BYTES: usize = 4095;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// Free of links and `..`.
    pub(super) path: PathBuf,
    /// Whether it would have led out of the base.
    pub(super) left_base: bool,
}

/// Where `path` leads from `base` on. Everything on the way must be there.
pub(super) fn resolve(store: &dyn Store, base: &Path, path: &Path) -> Result<Resolved> {
    let mut walk = Walk::new(base, path)?;
    let mut links = 0;
    while let Some(step) = walk.step() {
        let Step::Name(name) = step else { continue };
        let next = walk.at.join(name);
        match store.kind(&next)? {
            FileKind::Link(target) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::ELOOP);
                }
                walk.follow(&target)?;
            }
            FileKind::File if !walk.left.is_empty() => return Err(Errno::ENOTDIR),
            FileKind::File | FileKind::Folder => walk.at = next,
        }
    }
    Ok(walk.place())
}

/// Where the last name of `path` stands: its folder must be there, what is at
/// the place itself need not, and is not followed.
pub(super) fn entry(store: &dyn Store, base: &Path, path: &Path) -> Result<Resolved> {
    let name = path.file_name().ok_or(Errno::EINVAL)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut place = resolve(store, base, folder)?;
    if store.kind(&place.path)? != FileKind::Folder {
        return Err(Errno::ENOTDIR);
    }
    place.path.push(name);
    Ok(place)
}

/// Makes the folder at `path` and those that are missing on the way, all with
/// the same permissions. A link on the way must lead to a folder.
pub(super) fn make_folders(
    store: &mut dyn Store,
    base: &Path,
    path: &Path,
    mode: u32,
) -> Result<Resolved> {
    let mut walk = Walk::new(base, path)?;
    let mut made = false;
    while let Some(step) = walk.step() {
        let name = match step {
            Step::Name(name) => name,
            // A folder that was just made may have been moved by somebody.
            Step::Up if made => return Err(Errno::ENOENT),
            Step::Up => continue,
        };
        let next = walk.at.join(name);
        match store.kind(&next) {
            Ok(FileKind::Folder) => walk.at = next,
            Ok(FileKind::File) => return Err(Errno::ENOTDIR),
            Ok(FileKind::Link(_)) => {
                let below = next.strip_prefix(base).unwrap_or(&next);
                let place = match resolve(store, base, below) {
                    Err(Errno::ENOENT) => return Err(Errno::ENOTDIR),
                    other => other?,
                };
                if store.kind(&place.path)? != FileKind::Folder {
                    return Err(Errno::ENOTDIR);
                }
                walk.left_base |= place.left_base;
                walk.at = place.path;
            }
            Err(Errno::ENOENT) => {
                store.make_folder(&next, mode)?;
                made = true;
                walk.at = next;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(walk.place())
}

/// A path on its way.
struct Walk {
    base: PathBuf,
    at: PathBuf,
    left: VecDeque<OsString>,
    left_base: bool,
}

/// What one name of a path does.
enum Step {
    /// It stands in the present folder.
    Name(OsString),
    /// It was `..`, and has been gone.
    Up,
}

impl Walk {
    fn new(base: &Path, path: &Path) -> Result<Walk> {
        if path.as_os_str().len() > MOST_BYTES {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(Walk {
            base: base.to_path_buf(),
            at: base.to_path_buf(),
            left: names(path).collect(),
            left_base: false,
        })
    }

    fn step(&mut self) -> Option<Step> {
        let name = self.left.pop_front()?;
        if name != ".." {
            return Some(Step::Name(name));
        }
        if self.at == self.base {
            self.left_base = true;
        } else {
            self.at.pop();
        }
        Some(Step::Up)
    }

    /// Goes on where a link points to.
    fn follow(&mut self, target: &OsString) -> Result<()> {
        let target = Path::new(target);
        if target.is_absolute() {
            self.left_base = true;
            self.at.clone_from(&self.base);
        }
        let rest = self.left.iter().map(|name| name.len() + 1).sum::<usize>();
        if target.as_os_str().len() + rest > MOST_BYTES {
            return Err(Errno::ENAMETOOLONG);
        }
        for name in names(target).collect::<Vec<_>>().into_iter().rev() {
            self.left.push_front(name);
        }
        Ok(())
    }

    fn place(self) -> Resolved {
        Resolved {
            path: self.at,
            left_base: self.left_base,
        }
    }
}

/// The names in a path, `..` among them.
fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}
