//! Sockets that this tool listens on, for a simulated agent or a proxy.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType};
use nix::sys::stat::{Mode, fchmod};
use vsock::VsockListener;

use crate::transport::{self, Address, SocketName, VsockPort};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// An agent is reached at such an address by its own process only.
    #[error(
        "it is within a process; write unix:///PATH, unix://@NAME, hvsock:///PATH:PORT or vsock://-1:PORT"
    )]
    Scheme,
    /// Another process listens there.
    #[error("another process is already listening there")]
    Live,
    /// The machine has another context ID, or none.
    #[error(
        "this machine does not have the context ID {0}; write vsock://-1:PORT to be reached by \
         any that it has"
    )]
    NotOurs(u32),
    /// There is something that is not a socket.
    #[error("there is a {0} at this path, and it is not replaced")]
    NotASocket(&'static str),
    /// Any other refusal by the system.
    #[error("{}", crate::input::reason(.0))]
    System(#[from] io::Error),
}

impl From<Errno> for BindError {
    fn from(error: Errno) -> BindError {
        BindError::System(error.into())
    }
}

/// A socket that connections can be made to from now on.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: OwnedFd,
    file: Option<SocketFile>,
}

impl Listener {
    /// Listens at an address. A stale socket file is replaced.
    ///
    /// # Errors
    /// As [`BindError`] lists them.
    pub(crate) fn bind(address: &Address) -> Result<Listener, BindError> {
        let (socket, file) = match address {
            // What a client of hybrid vsock says first is understood on any of them.
            Address::Unix(name) => bind_unix(name)?,
            Address::Hybrid(hybrid) => bind_unix(&hybrid.socket)?,
            Address::Remote(plain) | Address::Mock(plain) => bind_unix(&plain.socket)?,
            Address::Vsock(VsockPort { cid, port }) => {
                let listener = VsockListener::bind_with_cid_port(*cid, *port);
                let listener = listener.map_err(|error| match error.kind() {
                    io::ErrorKind::AddrNotAvailable => BindError::NotOurs(*cid),
                    _ => in_use_is_live(error),
                })?;
                listener.set_nonblocking(true)?;
                (listener.into(), None)
            }
            Address::Sim => return Err(BindError::Scheme),
        };
        Ok(Listener { socket, file })
    }

    /// The socket, which does not block, and what removes its file when it is
    /// dropped.
    pub(crate) fn into_parts(self) -> (OwnedFd, Option<SocketFile>) {
        (self.socket, self.file)
    }
}

/// The file of a socket of this process, removed on drop.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    id: FileId,
}

/// Device and inode.
type FileId = (u64, u64);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may have been replaced by somebody else's.
        if file_id(&self.path).is_ok_and(|id| id == self.id) {
            // It is in nobody's way: the next agent replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn file_id(path: &Path) -> io::Result<FileId> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn in_use_is_live(error: io::Error) -> BindError {
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::Live,
        _ => BindError::System(error),
    }
}

fn bind_unix(name: &SocketName) -> Result<(OwnedFd, Option<SocketFile>), BindError> {
    match name {
        SocketName::Path(path) => {
            let (socket, file) = bind_file(Path::new(path))?;
            Ok((socket, Some(file)))
        }
        SocketName::Abstract(name) => {
            let name = SocketAddr::from_abstract_name(name)?;
            let listener = UnixListener::bind_addr(&name).map_err(in_use_is_live)?;
            listener.set_nonblocking(true)?;
            Ok((listener.into(), None))
        }
    }
}

fn bind_file(path: &Path) -> Result<(OwnedFd, SocketFile), BindError> {
    let _lock = lock_folder_of(path);
    let socket = new_socket()?;
    // On Linux the file gets the socket's own mode, so that there is no moment
    // at which others may connect. (The umask can only take from it.)
    fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let address = transport::SocketFile::new(path)?;
    match socket::bind(socket.as_raw_fd(), address.address()) {
        Err(Errno::EADDRINUSE) => {
            remove_stale(path)?;
            socket::bind(socket.as_raw_fd(), address.address())?;
        }
        other => other?,
    }
    let file = SocketFile {
        path: path.to_path_buf(),
        id: file_id(path)?,
    };
    socket::listen(&socket, Backlog::MAXCONN)?;
    Ok((socket, file))
}

/// Removes the socket file of a process that is gone.
fn remove_stale(path: &Path) -> Result<(), BindError> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if !kind.is_socket() {
        return Err(BindError::NotASocket(if kind.is_dir() {
            "folder"
        } else if kind.is_symlink() {
            "symbolic link"
        } else {
            "file"
        }));
    }
    match try_connect(path) {
        Err(Errno::ECONNREFUSED) => Ok(fs::remove_file(path)?),
        // Its queue is full, or it is a socket of another type.
        Ok(()) | Err(Errno::EAGAIN | Errno::EPROTOTYPE) => Err(BindError::Live),
        Err(error) => Err(error.into()),
    }
}

fn try_connect(path: &Path) -> nix::Result<()> {
    let socket = new_socket()?;
    let address = transport::SocketFile::new(path)?;
    socket::connect(socket.as_raw_fd(), address.address())
}

fn new_socket() -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)
}

/// Keeps two agents that start at the same time from taking each other's new
/// socket for a stale one. Where the folder cannot be locked, or is locked for
/// long by something else, that small risk is taken.
fn lock_folder_of(path: &Path) -> Option<Flock<File>> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = File::open(folder).ok()?;
    for _ in 0..50 {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Some(lock),
            Err((unlocked, Errno::EWOULDBLOCK)) => file = unlocked,
            Err(_) => return None,
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Allows this process all the files that it may allow itself.
pub(crate) fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is not allowed, there is room for fewer connections at once.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

#[cfg(test)]
mod tests;
