//! Unix sockets by path or by abstract name: `unix://`, and `remote://` and `mock://` as the
//! Kata runtime writes them, with a port that means nothing. Hybrid vsock builds on it.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::sockopt::SocketError;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrLike, UnixAddr, connect, getsockopt, socket,
};
use nix::sys::stat::Mode;

use super::Attempt;
use super::problem::AddressProblem;
use super::refusal::Refusal;
use crate::deadline::Deadline;
use crate::interrupt::Stop;

/// The longest path or name that an address of the system has, in bytes: of 108 one is the NUL
/// that ends a path or begins an abstract name.
const LONGEST: usize = 107;

/// The longest name of a socket file in a folder, in bytes: it must fit behind the folder's
/// descriptor where the path itself is too long.
const LONGEST_NAME: usize = LONGEST - "/proc/self/fd/2147483647/".len();

/// The address of a socket file. A path that is too long for an address goes through a
/// descriptor of its folder, so that sockets at any depth can be reached.
#[derive(Debug)]
pub struct SocketFile {
    address: UnixAddr,
    /// What the address names, as long as it is used.
    _folder: Option<OwnedFd>,
}

impl SocketFile {
    /// The address for this path.
    ///
    /// # Errors
    /// When the folder of a long path cannot be opened, or the file's name is too long.
    pub fn new(path: &Path) -> Result<Self, Errno> {
        if path.as_os_str().len() <= LONGEST {
            let address = UnixAddr::new(path)?;
            let _folder = None;
            return Ok(Self { address, _folder });
        }
        let name = path.file_name().ok_or(Errno::EINVAL)?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = open(folder.unwrap_or(Path::new(".")), flags, Mode::empty())?;
        let descriptor = folder.as_raw_fd();
        let through = Path::new("/proc/self/fd").join(descriptor.to_string());
        Ok(Self {
            address: UnixAddr::new(&through.join(name))?,
            _folder: Some(folder),
        })
    }

    /// The address, which is good while this lives.
    pub fn address(&self) -> &UnixAddr {
        &self.address
    }
}

/// What a Unix socket goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketName {
    /// The path of a socket file, absolute or relative.
    Path(String),
    /// A name in the abstract namespace, without the `@`.
    Abstract(String),
}

impl SocketName {
    /// Reads `/path`, `./path` or `@name`.
    pub(super) fn parse(text: &str) -> Result<Self, AddressProblem> {
        let (name, kind): (_, fn(String) -> SocketName) = match text.strip_prefix('@') {
            Some("") => return Err(AddressProblem::EmptyName),
            Some(name) => (name, SocketName::Abstract),
            None if text.is_empty() => return Err(AddressProblem::EmptyPath),
            None => (text, SocketName::Path),
        };
        if name.contains('\0') {
            return Err(AddressProblem::NulByte);
        }
        let name = kind(name.to_owned());
        match name.excess() {
            Some(too_long) => Err(too_long),
            None => Ok(name),
        }
    }

    /// What is too long in it. Folders may be as deep as they like.
    fn excess(&self) -> Option<AddressProblem> {
        let (length, limit) = match self {
            SocketName::Abstract(name) => (name.len(), LONGEST),
            SocketName::Path(path) if path.len() <= LONGEST => return None,
            SocketName::Path(path) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                (name.len(), LONGEST_NAME)
            }
        };
        (length > limit).then_some(AddressProblem::TooLong { length, limit })
    }

    /// Why a connection to this name failed with `errno`.
    fn refusal(&self, errno: Errno) -> Refusal {
        let SocketName::Path(path) = self else {
            return match errno {
                Errno::ECONNREFUSED => Refusal::NothingListens,
                other => Refusal::of_socket(other),
            };
        };
        match errno {
            // The system also says so of a file that is not a socket.
            Errno::ECONNREFUSED => match std::fs::metadata(path) {
                Ok(metadata) if !is_socket(&metadata) => Refusal::NotASocket,
                _ => Refusal::NothingListens,
            },
            Errno::ENOENT => Refusal::NoSuchFile,
            other => Refusal::of_socket(other),
        }
    }
}

fn is_socket(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_socket()
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketName::Path(path) => f.write_str(path),
            SocketName::Abstract(name) => write!(f, "@{name}"),
        }
    }
}

impl SocketName {
    pub(super) fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        let connect =
            |address: &UnixAddr| open_stream(AddressFamily::Unix, address, &attempt.deadline);
        let connected = match self {
            SocketName::Path(path) => match SocketFile::new(Path::new(path)) {
                Ok(file) => connect(file.address()),
                Err(errno) => Err(Stop::Failed(errno)),
            },
            SocketName::Abstract(name) => match UnixAddr::new_abstract(name.as_bytes()) {
                Ok(address) => connect(&address),
                Err(errno) => Err(Stop::Failed(errno)),
            },
        };
        connected.map_err(|stop| match stop {
            Stop::Late => Refusal::QueueFull,
            Stop::Interrupted => Refusal::Interrupted,
            Stop::Failed(errno) => self.refusal(errno),
        })
    }
}

/// A Unix socket with a port that is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainSocket {
    /// The socket.
    pub socket: SocketName,
    /// The digits after the last colon, if there are any.
    pub port: Option<String>,
}

impl PlainSocket {
    /// Reads `/path` or `/path:PORT`; a colon that no digits follow is part of
    /// the path.
    pub(super) fn parse(text: &str) -> Result<Self, AddressProblem> {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let (socket, port) = match text.rsplit_once(':') {
            Some((socket, port)) if is_port(port) => (socket, Some(port.to_owned())),
            _ => (text, None),
        };
        Ok(PlainSocket {
            socket: SocketName::parse(socket)?,
            port,
        })
    }
}

impl fmt::Display for PlainSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(f, "{}:{port}", self.socket),
            None => write!(f, "{}", self.socket),
        }
    }
}

/// A stream socket of `family` that is connected to `address`, by `deadline`.
pub(super) fn open_stream(
    family: AddressFamily,
    address: &dyn SockaddrLike,
    deadline: &Deadline,
) -> Result<OwnedFd, Stop> {
    // Nothing but a socket that does not block can be connected under a deadline.
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None).map_err(Stop::Failed)?;
    match connect(socket.as_raw_fd(), address) {
        Ok(()) => return Ok(socket),
        Err(Errno::EINPROGRESS | Errno::EINTR) => {}
        Err(errno) => return Err(Stop::Failed(errno)),
    }
    deadline.wait_writable(socket.as_fd())?;
    match getsockopt(&socket, SocketError).map_err(Stop::Failed)? {
        0 => Ok(socket),
        errno => Err(Stop::Failed(Errno::from_raw(errno))),
    }
}
