//! Unix sockets by path or by abstract name: `unix://`, and `remote://` and `mock://` as the
//! Kata runtime writes them, with a port that means nothing. Hybrid vsock builds on it.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::SocketError;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrLike, UnixAddr, connect, getsockopt, socket,
};

use super::Attempt;
use super::address::AddressProblem;
use super::refusal::Refusal;
use crate::deadline::Deadline;
use crate::interrupt::Stop;

/// The longest path or name, in bytes: the system has 108, one of which is the
/// NUL that ends a path or begins an abstract name.
const LONGEST: usize = 107;

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
        if name.len() > LONGEST {
            return Err(AddressProblem::TooLong {
                length: name.len(),
                limit: LONGEST,
            });
        }
        if name.contains('\0') {
            return Err(AddressProblem::NulByte);
        }
        Ok(kind(name.to_owned()))
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
        let address = match self {
            SocketName::Path(path) => UnixAddr::new(path.as_str()),
            SocketName::Abstract(name) => UnixAddr::new_abstract(name.as_bytes()),
        };
        let address = address.map_err(Refusal::of_socket)?;
        open_stream(AddressFamily::Unix, &address, &attempt.deadline).map_err(|stop| match stop {
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
