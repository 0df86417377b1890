//! A host's files: below `/`, or below a folder where the host's root is mounted. Reading one
//! never waits, and never takes more memory than a file of its kind deserves.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use agent_client::Address;
use agent_client::transport::{AddressError, SocketName};
use nix::fcntl::OFlag;

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

    /// Where a file of the host is to be found from here.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// An agent's address as the host's own processes write it, to be used from here.
    ///
    /// # Errors
    /// When the text is not an address.
    pub fn address(&self, text: &str) -> Result<Address, AddressError> {
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

    /// A JSON document; `None` if there is none that can be read.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, path: &Path) -> Option<T> {
        serde_json::from_slice(&self.read(path).ok()?).ok()
    }
}
