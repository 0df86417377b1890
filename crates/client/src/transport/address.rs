//! An agent's address as a user writes it. The schemes stand in one table; each transport
//! reads what follows `://` itself.

use std::fmt;
use std::os::fd::OwnedFd;
use std::str::FromStr;

use agent_text::escape::is_unprintable;
use thiserror::Error;

use super::Attempt;
use super::hybrid::HybridSocket;
use super::problem::AddressProblem;
use super::refusal::Refusal;
use super::unix::{PlainSocket, SocketName};
use super::vsock::VsockPort;

/// The port that a Kata agent listens on in its guest.
pub const AGENT_PORT: u32 = 1024;

/// The names of the hybrid vsock sockets of Cloud Hypervisor, with each of the runtimes, and
/// of Firecracker and Dragonball.
const HYBRID_SOCKETS: [&str; 3] = ["clh.sock", "ch-vm.sock", "kata.hvsock"];

/// Where an agent listens. It is read from a URI and written as the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `unix:///path` or `unix://@name`: a Unix socket.
    Unix(SocketName),
    /// `vsock://CID:PORT`: a port of a guest, by the kernel's vsock.
    Vsock(VsockPort),
    /// `hvsock:///path:PORT`: a port of a guest, by its hypervisor's Unix socket.
    Hybrid(HybridSocket),
    /// `remote:///path`: a plain Unix socket, as the remote hypervisor writes it.
    Remote(PlainSocket),
    /// `mock:///path`: a plain Unix socket, as the runtime's tests write it.
    Mock(PlainSocket),
    /// `sim://`: the simulated agent in this process.
    Sim,
}

/// A scheme: its name, what an address with it looks like, and how the part
/// behind `://` is read.
struct Scheme {
    name: &'static str,
    form: &'static str,
    parse: fn(&str) -> Result<Address, AddressProblem>,
}

/// Every scheme there is.
const SCHEMES: &[Scheme] = &[
    Scheme {
        name: "unix",
        form: "unix:///PATH or unix://@NAME",
        parse: |rest| SocketName::parse(rest).map(Address::Unix),
    },
    Scheme {
        name: "vsock",
        form: "vsock://CID:PORT",
        parse: |rest| VsockPort::parse(rest).map(Address::Vsock),
    },
    Scheme {
        name: "hvsock",
        form: "hvsock:///PATH:PORT",
        parse: |rest| HybridSocket::parse(rest).map(Address::Hybrid),
    },
    Scheme {
        name: "remote",
        form: "remote:///PATH or remote:///PATH:PORT",
        parse: |rest| PlainSocket::parse(rest).map(Address::Remote),
    },
    Scheme {
        name: "mock",
        form: "mock:///PATH or mock:///PATH:PORT",
        parse: |rest| PlainSocket::parse(rest).map(Address::Mock),
    },
    Scheme {
        name: "sim",
        form: "sim://",
        parse: |rest| match rest {
            "" => Ok(Address::Sim),
            rest => Err(AddressProblem::Trailing(rest.to_owned())),
        },
    },
];

impl Address {
    /// This Unix socket taken for a hypervisor's hybrid vsock socket, with the
    /// agent on guest port `port`.
    ///
    /// # Errors
    /// When the address is not of the scheme `unix`.
    pub fn with_hybrid_vsock(self, port: u32) -> Result<Self, AddressError> {
        match self {
            Address::Unix(socket) => Ok(Address::Hybrid(HybridSocket { socket, port })),
            other => Err(AddressError::NotUnix {
                address: other.to_string(),
            }),
        }
    }

    /// Whether this is a Unix socket with the name of a hypervisor's hybrid vsock socket.
    pub fn has_hybrid_name(&self) -> bool {
        let Address::Unix(socket) = self else {
            return false;
        };
        let path = socket.to_string();
        HYBRID_SOCKETS.contains(&path.rsplit('/').next().unwrap_or_default())
    }

    /// Makes one attempt to connect.
    pub(super) fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        match self {
            Address::Unix(socket) => socket.open(attempt),
            Address::Vsock(port) => port.open(attempt),
            Address::Hybrid(hybrid) => hybrid.open(attempt),
            Address::Remote(plain) | Address::Mock(plain) => plain.socket.open(attempt),
            Address::Sim => {
                let connect = attempt.sim.ok_or(Refusal::NoSim)?;
                connect()
                    .map(OwnedFd::from)
                    .map_err(|error| Refusal::SimFailed(agent_text::reason(&error)))
            }
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |problem, form: &dyn fmt::Display| AddressError::Malformed {
            address: text.to_owned(),
            problem,
            form: form.to_string(),
        };
        let unknown = |problem| match meant(text) {
            Some(meant) => malformed(problem, &meant),
            None => malformed(problem, &AllForms),
        };
        let Some((name, rest)) = text.split_once("://") else {
            return Err(unknown(AddressProblem::NoScheme));
        };
        let Some(scheme) = SCHEMES.iter().find(|scheme| scheme.name == name) else {
            return Err(unknown(AddressProblem::UnknownScheme(name.to_owned())));
        };
        (scheme.parse)(rest).map_err(|problem| malformed(problem, &scheme.form))
    }
}

/// The address that a text without a scheme, or with one in another case, is likely to mean: a
/// path, one as gRPC has it (`unix:/path`), or a context ID and a port.
fn meant(text: &str) -> Option<String> {
    // What cannot be shown cannot be copied from an error either.
    if text.chars().any(is_unprintable) {
        return None;
    }
    let scheme = |text: &str| SCHEMES.iter().find(|it| it.name.eq_ignore_ascii_case(text));
    let meant = match text.split_once(':') {
        _ if text.starts_with(['/', '.', '@']) => format!("unix://{text}"),
        Some((name, rest)) if let Some(scheme) = scheme(name) => {
            format!(
                "{}://{}",
                scheme.name,
                rest.strip_prefix("//").unwrap_or(rest)
            )
        }
        Some(_) => format!("vsock://{text}"),
        None => return None,
    };
    Address::from_str(&meant).is_ok().then_some(meant)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(socket) => write!(f, "unix://{socket}"),
            Address::Vsock(port) => write!(f, "vsock://{port}"),
            Address::Hybrid(hybrid) => write!(f, "hvsock://{hybrid}"),
            Address::Remote(plain) => write!(f, "remote://{plain}"),
            Address::Mock(plain) => write!(f, "mock://{plain}"),
            Address::Sim => f.write_str("sim://"),
        }
    }
}

/// A text that is not an agent's address, or an address that does not fit an option.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The text is not an address.
    #[error("{address:?} is not an agent's address: {problem}, write {form}")]
    Malformed {
        /// The text.
        address: String,
        /// What is wrong with it.
        problem: AddressProblem,
        /// What a right one looks like.
        form: String,
    },
    /// Hybrid vsock was asked for, and the address is of another scheme.
    #[error("hybrid vsock needs a unix:// address, not {address:?}")]
    NotUnix {
        /// The address.
        address: String,
    },
}

/// What an address of any scheme looks like.
struct AllForms;

impl fmt::Display for AllForms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scheme) in SCHEMES.iter().enumerate() {
            let separator = match place {
                0 => "",
                _ if place + 1 == SCHEMES.len() => " or ",
                _ => ", ",
            };
            // The first of a scheme's forms is enough here.
            let form = scheme.form.split(" or ").next().unwrap_or(scheme.form);
            write!(f, "{separator}{form}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
