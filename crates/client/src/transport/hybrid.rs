//! `hvsock://`: a port of a guest through the Unix socket of its hypervisor. One line tells
//! the hypervisor the port, and it answers with one before the guest's own bytes follow.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};

use super::Attempt;
use super::problem::AddressProblem;
use super::refusal::Refusal;
use super::unix::SocketName;
use super::vsock::guest_port;
use crate::deadline::Deadline;
use crate::interrupt::Stop;

/// The longest answer line that is read, in bytes.
const LONGEST_LINE: usize = 4096;

/// A hypervisor's socket and a port of its guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HybridSocket {
    /// The hypervisor's socket.
    pub socket: SocketName,
    /// The port in the guest.
    pub port: u32,
}

impl HybridSocket {
    /// Reads `/path:PORT`, split at the last colon.
    pub(super) fn parse(text: &str) -> Result<Self, AddressProblem> {
        if text.is_empty() {
            return Err(AddressProblem::EmptyPath);
        }
        let (socket, port) = text.rsplit_once(':').ok_or(AddressProblem::NoPort)?;
        Ok(HybridSocket {
            socket: SocketName::parse(socket)?,
            port: guest_port(port)?,
        })
    }
}

impl fmt::Display for HybridSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.socket, self.port)
    }
}

impl HybridSocket {
    pub(super) fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        let socket = self.socket.open(attempt)?;
        ask(&socket, self.port)?;
        await_ok(&socket, &attempt.deadline)?;
        Ok(socket)
    }
}

/// Sends the request line in one write, as some devices close the connection
/// when it comes in pieces.
fn ask(socket: &OwnedFd, port: u32) -> Result<(), Refusal> {
    let line = format!("CONNECT {port}\n");
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    match send(socket.as_raw_fd(), line.as_bytes(), flags) {
        Ok(count) if count == line.len() => Ok(()),
        // A new socket has room for these few bytes.
        Ok(_) => Err(Refusal::of_socket(Errno::EAGAIN)),
        Err(Errno::EPIPE | Errno::ECONNRESET) => Err(Refusal::HandshakeReset),
        Err(errno) => Err(Refusal::of_socket(errno)),
    }
}

/// Reads the answer line byte by byte, so that what follows it stays in the
/// socket for the call to read.
fn await_ok(socket: &OwnedFd, deadline: &Deadline) -> Result<(), Refusal> {
    let mut line = Vec::new();
    while line.len() < LONGEST_LINE {
        let byte = &mut [0];
        match read_byte(socket, byte, deadline) {
            Ok(0) if line.is_empty() => return Err(Refusal::HandshakeClosed),
            Ok(0) => return Err(Refusal::HandshakeCut(line)),
            Ok(_) if *byte == *b"\n" => {
                return match line.strip_prefix(b"OK ") {
                    Some(_) => Ok(()),
                    None if line == b"OK" => Err(Refusal::HandshakeNoPort),
                    None => Err(Refusal::HandshakeRefused(line)),
                };
            }
            Ok(_) => line.extend_from_slice(byte),
            Err(Stop::Interrupted) => return Err(Refusal::Interrupted),
            Err(Stop::Late) if line.is_empty() => return Err(Refusal::HandshakeSilent),
            Err(Stop::Late) => return Err(Refusal::HandshakeCut(line)),
            Err(Stop::Failed(Errno::ECONNRESET | Errno::EPIPE)) => {
                return Err(Refusal::HandshakeReset);
            }
            Err(Stop::Failed(errno)) => return Err(Refusal::of_socket(errno)),
        }
    }
    Err(Refusal::HandshakeTooLong(line))
}

fn read_byte(socket: &OwnedFd, byte: &mut [u8; 1], deadline: &Deadline) -> Result<usize, Stop> {
    loop {
        deadline.wait_readable(socket.as_fd())?;
        match recv(socket.as_raw_fd(), byte, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            outcome => return outcome.map_err(Stop::Failed),
        }
    }
}
