//! How to reach an agent: its address as a URI, and a connected socket to it.
//! It knows nothing of ttRPC. A new transport is a file here, a variant of
//! [`Address`] and a row of the table of schemes.

mod address;
mod connect;
mod hybrid;
mod plain;
mod refusal;
mod sim;
mod unix;
mod vsock;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

pub use self::address::{AGENT_PORT, Address, AddressError, AddressProblem};
pub(crate) use self::connect::connect;
pub use self::connect::{ConnectError, ConnectOptions};
pub use self::hybrid::HybridSocket;
pub use self::plain::PlainSocket;
pub use self::refusal::Refusal;
pub use self::unix::SocketName;
pub use self::vsock::{VsockPort, guest_port};

use crate::deadline::Deadline;

/// Makes a connection to the simulated agent in this process.
pub type SimConnector = fn() -> io::Result<UnixStream>;

/// What one attempt to connect may use.
pub(crate) struct Attempt {
    /// When the attempt must be over.
    pub(crate) deadline: Deadline,
    /// The way to the simulated agent, where there is one.
    pub(crate) sim: Option<SimConnector>,
}

/// A way to reach an agent.
pub(crate) trait Transport {
    /// Makes one attempt to connect.
    fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal>;
}
