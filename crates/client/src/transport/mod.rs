//! How to reach an agent: its address as a URI, and a connected socket to it. What is said
//! over the socket is not this module's business. A new transport is a file here, a variant of
//! [`Address`] and a row of the table of schemes.

mod address;
mod connect;
mod hybrid;
mod problem;
mod refusal;
mod unix;
mod vsock;

use std::io;
use std::os::unix::net::UnixStream;

use crate::deadline::Deadline;

pub use self::address::{AGENT_PORT, Address, AddressError};
pub use self::connect::{ConnectError, ConnectOptions, connect};
pub use self::hybrid::HybridSocket;
pub use self::problem::AddressProblem;
pub use self::refusal::Refusal;
pub use self::unix::{PlainSocket, SocketFile, SocketName};
pub use self::vsock::{VsockPort, guest_port};

/// Makes a connection to the simulated agent in this process.
pub type SimConnector = fn() -> io::Result<UnixStream>;

/// What one attempt to connect may use.
struct Attempt {
    /// When the attempt must be over.
    deadline: Deadline,
    /// The way to the simulated agent, where there is one.
    sim: Option<SimConnector>,
}
