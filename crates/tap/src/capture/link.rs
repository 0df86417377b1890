//! The link that the kernel copies the packets of vsock to, made for one capture and removed
//! with it, and the socket that they are read from.

use std::io::{self, IoSliceMut};
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    self, AddressFamily, ControlMessageOwned, MsgFlags, NetlinkAddr, SockFlag, SockProtocol,
    SockType, recvmsg, setsockopt, sockopt,
};

/// Room for packets that were not read yet. The kernel's default loses some of a file's.
const BUFFER: usize = 64 << 20;
/// All protocols, in the order of bytes that the kernel wants.
const ALL: u16 = 3_u16.to_be();

/// Messages of the kernel's network configuration, and the attributes of a link.
const NEW_LINK: u16 = 16;
const REMOVE_LINK: u16 = 17;
const NAME: u16 = 3;
const LINK_INFO: u16 = 18;
const INFO_KIND: u16 = 1;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const EXCLUSIVE: u16 = 0x200;
const CREATE: u16 = 0x400;
const UP: u32 = 1;
/// What a link of this kind is called.
const KIND: &[u8] = b"vsockmon\0";

/// Why the packets of vsock cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// Only root may.
    #[error("reading the packets of vsock needs root (CAP_NET_ADMIN and CAP_NET_RAW)")]
    NotAllowed,
    /// The kernel cannot make such a link.
    #[error("this kernel has no vsockmon; modprobe vsockmon loads it where it is a module")]
    NoModule,
    /// Any other refusal by the system.
    #[error("{what}: {}", agent_text::reason(.error))]
    System {
        /// What was tried.
        what: &'static str,
        /// The refusal.
        error: io::Error,
    },
}

fn refused(what: &'static str) -> impl FnOnce(Errno) -> CaptureError {
    move |errno| match errno {
        Errno::EPERM | Errno::EACCES => CaptureError::NotAllowed,
        Errno::EOPNOTSUPP | Errno::ENODEV => CaptureError::NoModule,
        errno => CaptureError::System {
            what,
            error: errno.into(),
        },
    }
}

/// A link, until it is dropped.
#[derive(Debug)]
struct Link {
    name: String,
}

impl Link {
    fn make() -> Result<Link, CaptureError> {
        // Fifteen characters at most, with which two captures do not meet.
        let name = format!("vsockmon{}", std::process::id() % 10_000_000);
        let link = Link { name };
        let kind = attribute(INFO_KIND, KIND);
        let attributes = [link.name_attribute(), attribute(LINK_INFO, &kind)].concat();
        let flags = REQUEST | ACKNOWLEDGE | CREATE | EXCLUSIVE;
        match ask(NEW_LINK, flags, &attributes) {
            Ok(()) => Ok(link),
            Err(errno) => {
                // It is not ours to remove.
                mem::forget(link);
                Err(refused("making a vsockmon link")(errno))
            }
        }
    }

    fn name_attribute(&self) -> Vec<u8> {
        attribute(NAME, &[self.name.as_bytes(), &[0]].concat())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // There is nobody to tell; a link that stays costs little.
        let _ = ask(REMOVE_LINK, REQUEST | ACKNOWLEDGE, &self.name_attribute());
    }
}

/// An attribute as the kernel reads it, filled up to four bytes.
fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + content.len()).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Asks the kernel to do something with a link, which is to be up, and waits until it has.
fn ask(message: u16, flags: u16, attributes: &[u8]) -> Result<(), Errno> {
    let mut link = vec![0; 16];
    link[8..12].copy_from_slice(&UP.to_ne_bytes());
    link[12..16].copy_from_slice(&UP.to_ne_bytes());
    let length = u32::try_from(16 + link.len() + attributes.len()).unwrap_or(u32::MAX);
    let mut request = length.to_ne_bytes().to_vec();
    request.extend(message.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend([0; 8]);
    request.extend(link);
    request.extend(attributes);

    let netlink = socket::socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let kernel = NetlinkAddr::new(0, 0);
    socket::sendto(netlink.as_raw_fd(), &request, &kernel, MsgFlags::empty())?;
    let mut answer = [0; 4096];
    let length = socket::recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    // A header of 16 bytes, and then an error's number, 0 for none.
    let answer = answer.get(..length).unwrap_or_default();
    match answer.get(16..).and_then(|rest| rest.first_chunk()) {
        Some(number) => match i32::from_ne_bytes(*number) {
            0 => Ok(()),
            number => Err(Errno::from_raw(-number)),
        },
        None => Err(Errno::EBADMSG),
    }
}

/// The packets of vsock on this machine.
#[derive(Debug)]
pub(super) struct Packets {
    socket: OwnedFd,
    _link: Link,
    /// How many packets had no room, as far as that was told.
    dropped: u32,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    /// How many bytes of the packet there are.
    pub(super) length: usize,
    /// How many packets are missing before it.
    pub(super) lost: u64,
}

impl Packets {
    /// Makes a link, and a socket that gets what comes over it.
    pub(super) fn open() -> Result<Packets, CaptureError> {
        // Without a protocol nothing comes before it is bound.
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket::socket(AddressFamily::Packet, SockType::Raw, flags, None);
        let socket = socket.map_err(refused("a socket for packets"))?;
        let link = Link::make()?;
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).map_err(refused("room for packets"))?;
        setsockopt(&socket, sockopt::RxqOvfl, &1).map_err(refused("counting lost packets"))?;
        let index = if_nametoindex(&link.name[..]).map_err(refused("the vsockmon link"))?;
        bind(&socket, index).map_err(refused("listening on the vsockmon link"))?;
        Ok(Packets {
            socket,
            _link: link,
            dropped: 0,
        })
    }

    /// Reads a packet, if one is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Read> {
        let mut space = nix::cmsg_space!(u32);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = loop {
            let flags = MsgFlags::MSG_DONTWAIT;
            match recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
                Err(Errno::EINTR) => {}
                outcome => break outcome?,
            }
        };
        let mut lost = 0;
        for message in message.cmsgs()? {
            // All that were lost so far.
            if let ControlMessageOwned::RxqOvfl(dropped) = message {
                lost = u64::from(dropped.wrapping_sub(self.dropped));
                self.dropped = dropped;
            }
        }
        Ok(Read {
            length: message.bytes,
            lost,
        })
    }

    /// The same socket, to wait for packets.
    pub(super) fn socket(&self) -> io::Result<OwnedFd> {
        self.socket.try_clone()
    }

    /// How many packets had no room since the last one that was read.
    pub(super) fn lost_at_the_end(&self) -> u64 {
        let all = statistics(&self.socket).unwrap_or(self.dropped);
        u64::from(all.wrapping_sub(self.dropped))
    }
}

#[expect(
    unsafe_code,
    reason = "neither nix nor rustix makes an address of a link"
)]
fn bind(socket: &OwnedFd, index: u32) -> Result<(), Errno> {
    // SAFETY: all of its fields are numbers, for which 0 is a value.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = ALL;
    address.sll_ifindex = i32::try_from(index).map_err(|_| Errno::ENODEV)?;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address lives during the call, and has the length that is told.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    Errno::result(bound).map(drop)
}

/// How many packets had no room since the socket was made; nobody else asks, which would begin
/// the count anew.
#[expect(unsafe_code, reason = "neither nix nor rustix has this option")]
fn statistics(socket: &OwnedFd) -> Result<u32, Errno> {
    let mut statistics = libc::tpacket_stats {
        tp_packets: 0,
        tp_drops: 0,
    };
    let mut length = size_of::<libc::tpacket_stats>() as libc::socklen_t;
    // SAFETY: both live during the call, and the length is the structure's.
    let asked = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut statistics).cast(),
            &raw mut length,
        )
    };
    Errno::result(asked).map(|_| statistics.tp_drops)
}
