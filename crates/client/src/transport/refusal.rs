//! Why one attempt to connect failed, in words for a user, and whether another one may do
//! better.

use agent_text::excerpt::QuotedBytes;
use agent_text::reason;
use nix::errno::Errno;
use thiserror::Error;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The socket file is not there.
    #[error("there is no such socket file")]
    NoSuchFile,
    /// The socket is there, or may be, and nobody accepts connections.
    #[error("nothing listens on this socket")]
    NothingListens,
    /// Too many connections wait to be accepted.
    #[error("the listener does not accept connections: too many are waiting already")]
    QueueFull,
    /// The file is something else.
    #[error("the file is not a socket")]
    NotASocket,
    /// The socket is for datagrams, say.
    #[error("the socket is not a stream socket")]
    WrongSocketType,
    /// The system does not let this user.
    #[error("permission denied")]
    PermissionDenied,
    /// The hypervisor's socket closed the connection instead of an answer.
    #[error(
        "the hypervisor closed the connection without an answer: \
         nothing listens on this port of the guest, or the guest is not up"
    )]
    HandshakeClosed,
    /// The hypervisor's socket reset the connection.
    #[error("the hypervisor reset the connection: the guest is not up")]
    HandshakeReset,
    /// The hypervisor's socket stayed silent.
    #[error("the hypervisor took the connection and did not answer CONNECT")]
    HandshakeSilent,
    /// The answer is `OK` without the port that follows it.
    #[error("the hypervisor answered CONNECT with \"OK\" without a port after it")]
    HandshakeNoPort,
    /// The answer is not `OK`. The bytes are the line without its end.
    #[error("the hypervisor answered CONNECT with {} instead of OK", QuotedBytes(.0))]
    HandshakeRefused(Vec<u8>),
    /// The answer stopped before the end of its line.
    #[error("the hypervisor's answer to CONNECT stopped after {}", QuotedBytes(.0))]
    HandshakeCut(Vec<u8>),
    /// The answer has no line end within the limit.
    #[error("the hypervisor's answer to CONNECT has no end: {}", QuotedBytes(.0))]
    HandshakeTooLong(Vec<u8>),
    /// No guest has this context ID.
    #[error("no guest with this context ID is running")]
    NoGuest,
    /// The guest is there, and nobody accepts connections on the port.
    #[error("nothing listens on this port of the guest")]
    GuestPortClosed,
    /// The guest is there and does not react.
    #[error("the guest did not answer")]
    GuestSilent,
    /// There is no vsock on this host.
    #[error("this kernel does not support vsock")]
    NoVsock,
    /// No simulated agent was built in or handed in.
    #[error("there is no simulated agent here")]
    NoSim,
    /// The simulated agent could not be started.
    #[error("the simulated agent could not be started: {0}")]
    SimFailed(String),
    /// SIGINT or SIGTERM came.
    #[error("interrupted")]
    Interrupted,
    /// Something else, as the system names it.
    #[error("{}", reason(&(*.0).into()))]
    Other(Errno),
}

impl Refusal {
    /// The reason that the system gives for any socket.
    pub(super) fn of_socket(errno: Errno) -> Self {
        match errno {
            Errno::EACCES | Errno::EPERM => Refusal::PermissionDenied,
            Errno::ENOTSOCK => Refusal::NotASocket,
            Errno::EPROTOTYPE => Refusal::WrongSocketType,
            Errno::ECONNREFUSED => Refusal::NothingListens,
            Errno::EAGAIN => Refusal::QueueFull,
            other => Refusal::Other(other),
        }
    }

    /// Whether an agent that is still starting looks like this.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Refusal::NoSuchFile
            | Refusal::NothingListens
            | Refusal::QueueFull
            | Refusal::HandshakeClosed
            | Refusal::HandshakeReset
            | Refusal::NoGuest
            | Refusal::GuestPortClosed
            | Refusal::GuestSilent => true,
            Refusal::Other(errno) => matches!(errno, Errno::ECONNRESET | Errno::EPIPE),
            Refusal::NotASocket
            | Refusal::WrongSocketType
            | Refusal::PermissionDenied
            | Refusal::HandshakeSilent
            | Refusal::HandshakeNoPort
            | Refusal::HandshakeRefused(_)
            | Refusal::HandshakeCut(_)
            | Refusal::HandshakeTooLong(_)
            | Refusal::NoVsock
            | Refusal::NoSim
            | Refusal::SimFailed(_)
            | Refusal::Interrupted => false,
        }
    }
}
