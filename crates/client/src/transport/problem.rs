//! What can be wrong with an address, of whichever scheme.

use thiserror::Error;

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressProblem {
    /// There is no `://`.
    #[error("it has no scheme")]
    NoScheme,
    /// No transport has this scheme.
    #[error("the scheme {0:?} is unknown")]
    UnknownScheme(String),
    /// Nothing names the socket.
    #[error("the path is empty")]
    EmptyPath,
    /// Only the `@` of an abstract name is there.
    #[error("the name after the @ is empty")]
    EmptyName,
    /// The system takes no name of this many bytes.
    #[error("{length} bytes are too long for the name of a Unix socket, which has at most {limit}")]
    TooLong {
        /// Bytes of the name, without a path's folders.
        length: usize,
        /// The most that fit.
        limit: usize,
    },
    /// A byte that ends a path early.
    #[error("it has a NUL byte")]
    NulByte,
    /// The port is missing.
    #[error("it has no port")]
    NoPort,
    /// This is not a port.
    #[error("{0:?} is not a port, a number from 0 to 4294967295")]
    BadPort(String),
    /// This is not a context ID.
    #[error("{0:?} is not a context ID, a number from 0 to 4294967295, or -1 for any")]
    BadCid(String),
    /// The scheme takes nothing more.
    #[error("nothing may follow the scheme, but {0:?} does")]
    Trailing(String),
}
