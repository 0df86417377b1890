//! The stages between an address and an open connection.

use std::os::fd::OwnedFd;
use std::path::Path;

use agent_node::Host;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{AccessFlags, access};

use super::{Examination, Stages};
use crate::client::{ConnectError, Connection};
use crate::transport::{Address, Refusal, SocketName};

/// The device of the module by which QEMU gives its guest vsock.
const VHOST_VSOCK: &str = "/dev/vhost-vsock";

/// Goes through them; gives the connection, if there is one. `host` is where the sandbox is, if
/// that is known.
pub(super) fn examine(
    address: &Address,
    host: Option<&Host>,
    examination: &Examination,
    stages: &mut Stages,
) -> Option<Connection> {
    if let Err((found, advice)) = permissions(address, host, stages) {
        stages.failed(found, advice);
        return None;
    }
    let refusal = match Connection::connect(address, &examination.connect) {
        Ok(connection) => {
            stages.ok(format!("{address} takes a connection"));
            match address {
                Address::Hybrid(hybrid) => {
                    stages.ok(format!("the hypervisor has connected port {}", hybrid.port));
                }
                _ => stages.skipped("this is not hybrid vsock"),
            }
            return Some(connection);
        }
        Err(ConnectError::Refused { refusal, .. } | ConnectError::NotInTime { refusal, .. }) => {
            refusal
        }
        Err(ConnectError::Interrupted) => Refusal::Interrupted,
    };
    let (is_handshake, advice) = advice(&refusal);
    if is_handshake {
        stages.ok(format!("{address} takes a connection"));
    }
    stages.failed(refusal.to_string(), advice);
    None
}

/// What is wrong, and what to do.
type Problem = (String, String);

/// The rights and the modules that this address needs.
fn permissions(address: &Address, host: Option<&Host>, stages: &mut Stages) -> Result<(), Problem> {
    match address {
        Address::Vsock(_) => vsock(host)?,
        Address::Unix(name) => may_connect(name)?,
        Address::Hybrid(hybrid) => may_connect(&hybrid.socket)?,
        Address::Remote(plain) | Address::Mock(plain) => may_connect(&plain.socket)?,
        Address::Sim => {}
    }
    stages.ok(match address {
        Address::Vsock(_) => "the kernel has vsock",
        Address::Sim => "the simulated agent needs none",
        _ => "nothing forbids this user to connect",
    });
    Ok(())
}

fn vsock(host: Option<&Host>) -> Result<(), Problem> {
    let made: Result<OwnedFd, Errno> = socket(
        AddressFamily::Vsock,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    );
    if made.is_err() {
        return Err((
            "this kernel has no vsock".to_owned(),
            "load the module: modprobe vsock".to_owned(),
        ));
    }
    // Only for a guest of this host must the host's side be there.
    let device = host.map(|host| host.path(VHOST_VSOCK));
    match device.filter(|device| !device.exists()) {
        None => Ok(()),
        Some(device) => Err((
            format!("there is no {}", device.display()),
            "load the module: modprobe vhost_vsock".to_owned(),
        )),
    }
}

fn may_connect(name: &SocketName) -> Result<(), Problem> {
    let SocketName::Path(path) = name else {
        return Ok(());
    };
    match access(Path::new(path), AccessFlags::W_OK) {
        Err(Errno::EACCES | Errno::EPERM) => Err((
            format!("permission denied for {path}"),
            "run this as root".to_owned(),
        )),
        // What else there is to say, a connection will.
        _ => Ok(()),
    }
}

/// Whether a refusal came after a connection, in the handshake of hybrid vsock, and what to do.
fn advice(refusal: &Refusal) -> (bool, &'static str) {
    match refusal {
        Refusal::NoSuchFile => (
            false,
            "see that the guest runs: its hypervisor makes the socket",
        ),
        Refusal::NothingListens => (
            false,
            "the process that made the socket has ended: have the pod deleted, and see why in \
             the log of the runtime",
        ),
        Refusal::QueueFull => (false, "whoever listens there hangs: see its log"),
        Refusal::NotASocket | Refusal::WrongSocketType => (
            false,
            "give the path of a hypervisor's or an agent's socket",
        ),
        Refusal::PermissionDenied => (false, "run this as root"),
        Refusal::NoVsock => (false, "load the module: modprobe vsock"),
        Refusal::NoGuest => (
            false,
            "no guest has this context ID: see that the guest runs",
        ),
        Refusal::GuestPortClosed => (
            false,
            "the guest runs and its agent does not: see the guest's console for why it ended",
        ),
        Refusal::GuestSilent => (
            false,
            "no guest with this context ID reacts: see that it runs, and whether its console says \
             that it is still booting",
        ),
        Refusal::HandshakeClosed => (
            true,
            "the guest runs and its agent does not listen on this port: see the guest's console \
             for whether it is booting or has ended",
        ),
        Refusal::HandshakeReset => (
            true,
            "the hypervisor has no running guest: see the log of the runtime for why",
        ),
        Refusal::HandshakeSilent => (true, "the hypervisor hangs: see its log"),
        Refusal::HandshakeRefused(_)
        | Refusal::HandshakeNoPort
        | Refusal::HandshakeCut(_)
        | Refusal::HandshakeTooLong(_) => (
            true,
            "the socket is not that of a hypervisor with hybrid vsock: if an agent listens on it, \
             write unix:// in place of hvsock://",
        ),
        Refusal::NoSim => (false, "use a build with the simulated agent"),
        Refusal::Interrupted => (false, "let it finish"),
        Refusal::SimFailed(_) | Refusal::Other(_) => {
            (false, "see that the address is that of a running guest")
        }
    }
}
