//! `vsock://`: a port of a guest by its context ID, through the host's kernel.

use std::fmt;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sys::socket::AddressFamily;
use vsock::{VMADDR_CID_ANY, VsockAddr};

use super::Attempt;
use super::problem::AddressProblem;
use super::refusal::Refusal;
use super::unix::open_stream;
use crate::interrupt::Stop;

/// A vsock address. The context ID 4294967295 is any; it is written -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VsockPort {
    /// The context ID of the guest.
    pub cid: u32,
    /// The port in the guest.
    pub port: u32,
}

impl VsockPort {
    /// Reads `CID:PORT`, where `-1` and nothing are any context ID.
    pub(super) fn parse(text: &str) -> Result<Self, AddressProblem> {
        let (cid, port) = text.split_once(':').ok_or(AddressProblem::NoPort)?;
        let cid = match cid {
            "" | "-1" => VMADDR_CID_ANY,
            number => {
                parse_number(number).ok_or_else(|| AddressProblem::BadCid(number.to_owned()))?
            }
        };
        Ok(VsockPort {
            cid,
            port: guest_port(port)?,
        })
    }
}

/// Reads the port of a guest.
///
/// # Errors
/// When it is not a 32-bit number.
pub fn guest_port(text: &str) -> Result<u32, AddressProblem> {
    if text.is_empty() {
        return Err(AddressProblem::NoPort);
    }
    parse_number(text).ok_or_else(|| AddressProblem::BadPort(text.to_owned()))
}

/// Digits alone: the standard library would take a plus sign as well.
fn parse_number(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

impl fmt::Display for VsockPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cid {
            VMADDR_CID_ANY => write!(f, "-1:{}", self.port),
            cid => write!(f, "{cid}:{}", self.port),
        }
    }
}

impl VsockPort {
    pub(super) fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        let address = VsockAddr::new(self.cid, self.port);
        open_stream(AddressFamily::Vsock, &address, &attempt.deadline).map_err(|stop| match stop {
            Stop::Late | Stop::Failed(Errno::ETIMEDOUT) => Refusal::GuestSilent,
            Stop::Interrupted => Refusal::Interrupted,
            Stop::Failed(Errno::ENODEV | Errno::EHOSTUNREACH | Errno::ENETUNREACH) => {
                Refusal::NoGuest
            }
            Stop::Failed(Errno::ECONNRESET | Errno::ECONNREFUSED) => Refusal::GuestPortClosed,
            Stop::Failed(Errno::EAFNOSUPPORT) => Refusal::NoVsock,
            Stop::Failed(errno) => Refusal::of_socket(errno),
        })
    }
}
