//! What goes wrong when the network is changed, worded as the agent and its
//! libraries do.

use std::io;
use std::net::AddrParseError;
use std::num::ParseIntError;

use nix::errno::Errno;

/// Why the network was not changed, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The kernel refuses.
    #[error("Received a netlink error message {}", io::Error::from(*.0))]
    Kernel(Errno),
    /// No number where one has to be.
    #[error(transparent)]
    Number(#[from] ParseIntError),
    /// No address of the kernel's: IPv4 and IPv6.
    #[error(transparent)]
    Address(#[from] AddrParseError),
    /// Too few parts for the address of a network card.
    #[error("Invalid MAC address {0}")]
    ShortMac(String),
    /// A prefix length that the address has not room for.
    #[error("invalid prefix")]
    Prefix,
    /// No address with or without a prefix length.
    #[error("invalid address: {0}")]
    Network(String),
    /// More than one `/`.
    #[error("invalid cidr format: {0}")]
    Cidr(String),
    /// A neighbour without an address.
    #[error("Unable to determine ip address of ARP neighbor")]
    NoAddress,
    /// A neighbour with a wrong one.
    #[error("Failed to parse IP {0}: {1:?}")]
    NeighbourAddress(String, AddrParseError),
    /// A route that the kernel refuses.
    #[error("Failed to add IP {family} route (src: {from}, dst: {to}, gtw: {gateway},Err: {})", io::Error::from(*.error))]
    Route {
        /// `v4` or `v6`.
        family: &'static str,
        /// The address to send from.
        from: String,
        /// Where it leads.
        to: String,
        /// The next hop.
        gateway: String,
        /// What the kernel says.
        error: Errno,
    },
    /// A step that the agent names, and what failed in it.
    #[error("{0}: {1}")]
    Step(String, Box<NetworkError>),
    /// The same, with the cause in a line of its own.
    #[error("{0}\n\nCaused by:\n    {1}")]
    Caused(String, Box<NetworkError>),
}

impl NetworkError {
    /// The same error as that of a step.
    pub(super) fn in_step(self, step: impl Into<String>) -> NetworkError {
        NetworkError::Step(step.into(), Box::new(self))
    }

    /// The same error as the cause of another.
    pub(super) fn causes(self, what: impl Into<String>) -> NetworkError {
        NetworkError::Caused(what.into(), Box::new(self))
    }
}
