//! `remote://` and `mock://`: plain Unix sockets as the Kata runtime writes them,
//! with a port that means nothing.

use std::fmt;
use std::os::fd::OwnedFd;

use super::address::AddressProblem;
use super::refusal::Refusal;
use super::unix::SocketName;
use super::{Attempt, Transport};

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

impl Transport for PlainSocket {
    fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        self.socket.open(attempt)
    }
}
