//! Files that are kept in memory, up to a total: beyond it the guest's disk is
//! full. It knows plain paths, and follows no link.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::Result;
use nix::errno::Errno;

use super::store::{FileKind, Owner, Room, Store, Usage};

/// How many bytes all files take at most, with their paths.
const LIMIT: u64 = 256 << 20;
/// What a file takes beside its content and its path.
const ENTRY: u64 = 256;
/// The longest name of a file.
const MOST_NAME: usize = 255;
/// The longest path of a file, and the longest target of a link.
const MOST_PATH: usize = 4095;

/// All files, by path.
#[derive(Debug)]
pub(super) struct Memory {
    nodes: BTreeMap<PathBuf, Node>,
    used: u64,
}

#[derive(Debug)]
struct Node {
    content: Content,
    mode: u32,
}

#[derive(Debug)]
enum Content {
    Folder,
    File(Vec<u8>),
    Link(OsString),
}

impl Default for Memory {
    /// An empty guest: just `/`.
    fn default() -> Memory {
        let root = Node::new(Content::Folder, 0o755);
        Memory {
            nodes: BTreeMap::from([(PathBuf::new(), root)]),
            used: 0,
        }
    }
}

impl Node {
    fn new(content: Content, mode: u32) -> Node {
        Node { content, mode }
    }

    fn size(&self, path: &Path) -> u64 {
        let content = match &self.content {
            Content::Folder => 0,
            Content::File(bytes) => bytes.len(),
            Content::Link(target) => target.len(),
        };
        ENTRY + (path.as_os_str().len() + content) as u64
    }
}

impl Memory {
    fn node(&self, path: &Path) -> Result<&Node> {
        self.nodes.get(path).ok_or(Errno::ENOENT)
    }

    fn node_mut(&mut self, path: &Path) -> Result<&mut Node> {
        self.nodes.get_mut(path).ok_or(Errno::ENOENT)
    }

    /// Puts something where nothing is yet.
    fn add(&mut self, path: &Path, node: Node) -> Result<()> {
        if path.file_name().is_some_and(|name| name.len() > MOST_NAME)
            || path.as_os_str().len() > MOST_PATH
        {
            return Err(Errno::ENAMETOOLONG);
        }
        let folder = self.node(path.parent().ok_or(Errno::EEXIST)?)?;
        if !matches!(folder.content, Content::Folder) {
            return Err(Errno::ENOTDIR);
        }
        if self.nodes.contains_key(path) {
            return Err(Errno::EEXIST);
        }
        self.take(node.size(path))?;
        self.nodes.insert(path.to_path_buf(), node);
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<()> {
        let used = self.used.saturating_add(bytes);
        if used > LIMIT {
            return Err(Errno::ENOSPC);
        }
        self.used = used;
        Ok(())
    }
}

impl Store for Memory {
    fn kind(&self, path: &Path) -> Result<FileKind> {
        Ok(match &self.node(path)?.content {
            Content::Folder => FileKind::Folder,
            Content::File(_) => FileKind::File,
            Content::Link(target) => FileKind::Link(target.clone()),
        })
    }

    fn make_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.add(path, Node::new(Content::Folder, mode))
    }

    fn make_link(&mut self, path: &Path, target: &OsStr) -> Result<()> {
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        if target.as_bytes().contains(&0) {
            return Err(Errno::EINVAL);
        }
        if target.len() > MOST_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        self.add(path, Node::new(Content::Link(target.to_owned()), 0o777))
    }

    fn set_mode(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.node_mut(path)?.mode = mode;
        Ok(())
    }

    fn set_owner(&mut self, path: &Path, _: Owner) -> Result<()> {
        // Nobody can ask for it.
        self.node(path).map(drop)
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        self.node(path)?;
        let below = self.nodes.range(path.to_path_buf()..);
        let gone: Vec<PathBuf> = below
            .map(|(each, _)| each)
            .take_while(|each| each.starts_with(path))
            .cloned()
            .collect();
        for each in gone {
            if let Some(node) = self.nodes.remove(&each) {
                self.used -= node.size(&each).min(self.used);
            }
        }
        Ok(())
    }

    fn open(&mut self, path: &Path, afresh: bool) -> Result<()> {
        match self.nodes.get_mut(path).map(|node| &mut node.content) {
            None => self.add(path, Node::new(Content::File(Vec::new()), 0o600)),
            Some(Content::File(bytes)) if afresh => {
                self.used -= (bytes.len() as u64).min(self.used);
                *bytes = Vec::new();
                Ok(())
            }
            Some(Content::File(_)) => Ok(()),
            Some(Content::Folder) => Err(Errno::EISDIR),
            Some(Content::Link(_)) => Err(Errno::ELOOP),
        }
    }

    fn write(&mut self, path: &Path, offset: i64, bytes: &[u8]) -> Result<u64> {
        let Content::File(content) = &self.node(path)?.content else {
            return Err(Errno::EBADF);
        };
        let old = content.len();
        if bytes.is_empty() {
            return Ok(old as u64);
        }
        let start = usize::try_from(offset).map_err(|_| Errno::EINVAL)?;
        let end = start.checked_add(bytes.len()).ok_or(Errno::EFBIG)?;
        self.take(end.saturating_sub(old) as u64)?;
        let Content::File(content) = &mut self.node_mut(path)?.content else {
            return Err(Errno::EBADF);
        };
        if end > old {
            // Exactly, so that the total says how much memory there is in use.
            let room = content.try_reserve_exact(end - old);
            room.map_err(|_| Errno::ENOSPC)?;
            content.resize(end, 0);
        }
        if let Some(slot) = content.get_mut(start..end) {
            slot.copy_from_slice(bytes);
        }
        Ok(content.len() as u64)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        if matches!(self.kind(to), Ok(FileKind::Folder)) {
            return Err(Errno::EISDIR);
        }
        if from == to {
            return self.kind(from).map(drop);
        }
        let node = self.nodes.remove(from).ok_or(Errno::ENOENT)?;
        self.used -= node.size(from).min(self.used);
        if self.nodes.contains_key(to) {
            self.remove(to)?;
        }
        self.add(to, node)
    }

    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>> {
        match &self.node(path)?.content {
            Content::File(bytes) => Ok(bytes.iter().take(limit).copied().collect()),
            Content::Folder => Err(Errno::EISDIR),
            Content::Link(_) => Err(Errno::ELOOP),
        }
    }

    fn is_program(&self, path: &Path) -> bool {
        self.node(path)
            .is_ok_and(|node| matches!(node.content, Content::File(_)) && node.mode & 0o111 != 0)
    }

    fn usage(&self, path: &Path) -> Result<Usage> {
        self.node(path)?;
        let most = LIMIT / ENTRY;
        Ok(Usage {
            bytes: Room {
                total: LIMIT,
                free: LIMIT - self.used.min(LIMIT),
            },
            inodes: Room {
                total: most,
                free: most.saturating_sub(self.nodes.len() as u64),
            },
        })
    }
}
