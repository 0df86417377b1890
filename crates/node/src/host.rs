//! A host's files: below `/`, or below a folder where the host's root is mounted. Reading one
//! never waits, and never takes more memory than a file of its kind deserves.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use agent_client::Address;
use agent_client::transport::{AddressError, SocketName};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

/// The most that is read of a file, in bytes. A configuration with all of its annotations has
/// less than a tenth of it.
const LONGEST_FILE: u64 = 8 * 1024 * 1024;

/// The most folders that are looked at in one place.
const MOST_FOLDERS: usize = 10_000;

/// Where a host's files are.
#[derive(Debug, Clone)]
pub struct Host {
    root: PathBuf,
}

impl Host {
    /// The host whose root is this folder: `/`, or such as `/host` in a pod.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a file of the host is to be found from here. Below another root than `/`, links
    /// and `..` lead where they lead on the host, and never out of it.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        if self.root == Path::new("/") {
            return self.root.join(path);
        }
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::Normal(name) => plain.push(name),
                Component::ParentDir => {
                    plain.pop();
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        // The end of a path need not be there yet.
        for beginning in plain.ancestors() {
            if let Some(found) = self.resolved(beginning)
                && let Ok(rest) = plain.strip_prefix(beginning)
            {
                return match rest.as_os_str().is_empty() {
                    true => found,
                    false => found.join(rest),
                };
            }
        }
        self.root.join(plain)
    }

    /// Where a path below the root ends, with all links followed; `None` if nothing is there,
    /// or the system cannot tell.
    fn resolved(&self, path: &Path) -> Option<PathBuf> {
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let root = OpenOptions::new()
            .read(true)
            .custom_flags((flags | OFlag::O_DIRECTORY).bits())
            .open(&self.root)
            .ok()?;
        let how = OpenHow::new()
            .flags(flags)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let found = openat2(&root, path, how).ok()?;
        fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()
    }

    /// An agent's address as the host's own processes write it, to be used from here.
    ///
    /// # Errors
    /// When the text is not an address.
    pub(crate) fn address(&self, text: &str) -> Result<Address, AddressError> {
        let mut address = text.parse()?;
        if self.root != Path::new("/") {
            let socket = match &mut address {
                Address::Unix(socket) => Some(socket),
                Address::Hybrid(hybrid) => Some(&mut hybrid.socket),
                Address::Remote(plain) | Address::Mock(plain) => Some(&mut plain.socket),
                Address::Vsock(_) | Address::Sim => None,
            };
            if let Some(SocketName::Path(path)) = socket {
                *path = self.path(&*path).to_string_lossy().into_owned();
            }
        }
        Ok(address)
    }

    /// The names of the folders in a folder, sorted. Links are not followed, and names that are
    /// not text are left out: no ID is like that.
    pub(crate) fn folders(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)?.take(MOST_FOLDERS) {
            let entry = entry?;
            if entry.file_type().is_ok_and(|kind| kind.is_dir())
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What is in a regular file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // A named pipe is not waited for.
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut content = Vec::new();
        file.take(LONGEST_FILE + 1).read_to_end(&mut content)?;
        match content.len() as u64 > LONGEST_FILE {
            true => Err(io::Error::other("it is too large")),
            false => Ok(content),
        }
    }

    /// A JSON document; `None` if there is none that can be read. That this user may not read
    /// it is told in `unread`.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        path: &Path,
        unread: &mut Vec<Unread>,
    ) -> Option<T> {
        match self.read(path) {
            Ok(content) => serde_json::from_slice(&content).ok(),
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    unread.push(Unread::new(path, &error));
                }
                None
            }
        }
    }
}

/// A place that could not be read, so that sandboxes or containers may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The place.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
    /// Whether another user might.
    pub is_denied: bool,
}

impl Unread {
    pub(crate) fn new(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            reason: agent_text::reason(error),
            is_denied: error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_path_leads_out_of_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("host");
        fs::create_dir_all(root.join("run/vc")).unwrap();
        fs::write(folder.path().join("secret"), "").unwrap();
        symlink("/run", root.join("var")).unwrap();
        symlink("/var/vc/x", root.join("run/link")).unwrap();
        symlink("../../secret", root.join("run/out")).unwrap();
        symlink("loop", root.join("run/loop")).unwrap();
        let host = Host::new(&root);
        for (path, expected) in [
            ("/", ""),
            ("/run/vc/none.sock", "run/vc/none.sock"),
            ("run/vc", "run/vc"),
            ("/var/vc/none/more", "run/vc/none/more"),
            ("/../../secret", "secret"),
            ("/run/../../secret", "secret"),
            ("/run/out", "run/out"),
            ("/run/loop/x", "run/loop/x"),
        ] {
            let expected = match expected {
                "" => root.clone(),
                expected => root.join(expected),
            };
            assert_eq!(host.path(path), expected, "{path}");
        }
        let address = host.address("hvsock:///../../secret:1024").unwrap();
        let secret = root.join("secret");
        assert_eq!(
            address.to_string(),
            format!("hvsock://{}:1024", secret.display())
        );
        assert_eq!(Host::new("/").path("/a/../b"), Path::new("/a/../b"));
    }
}
