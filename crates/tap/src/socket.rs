//! A stream socket of any family that is read and written, or accepts connections, without
//! blocking, with the file descriptors that may travel over a Unix socket (`SCM_RIGHTS`).
//!
//! The runtime's type for Unix sockets stands for all of them: nothing of it is used but that it
//! waits, and whether a socket is of AF_UNIX or AF_VSOCK is the same for every call here.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockaddrStorage, accept4,
    recvmsg, sendmsg, shutdown,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// How many descriptors the kernel passes with one message at most.
const MOST_DESCRIPTORS: usize = 253;

/// How many bytes before descriptors are read one by one.
const MOST_STEPS: usize = 4 << 10;

/// A socket.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UnixStream,
}

/// What one read brought.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// How many bytes.
    pub(crate) count: usize,
    /// What came with them.
    pub(crate) descriptors: Vec<OwnedFd>,
}

impl Socket {
    /// A socket to be used in the runtime that runs this.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Socket> {
        let socket = std::os::unix::net::UnixStream::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Socket {
            socket: UnixStream::from_std(socket)?,
        })
    }

    /// The socket as a stream that the runtime's own calls read and write.
    pub(crate) fn into_stream(self) -> UnixStream {
        self.socket
    }

    /// The next connection that comes to a socket that listens.
    pub(crate) async fn accept(&self) -> io::Result<OwnedFd> {
        let listener = self.socket.as_raw_fd();
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        self.socket
            .async_io(Interest::READABLE, || Ok(accept4(listener, flags)?))
            .await
            .map(owned)
    }

    /// Does something once there is something to read, as often as it would block.
    pub(crate) async fn when_readable<T>(
        &self,
        read: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        self.socket.async_io(Interest::READABLE, read).await
    }

    /// Reads what is there, once there is something. No bytes are the end.
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.when_readable(|| self.receive_now(buffer)).await
    }

    /// Reads what is there. It would block where nothing is.
    pub(crate) fn receive_now(&self, buffer: &mut [u8]) -> io::Result<Received> {
        receive(self.socket.as_raw_fd(), buffer)
    }

    /// The same where descriptors may come: they are read with the byte that they were sent with,
    /// and not with one before it, which a peer may read without looking for them.
    pub(crate) fn receive_in_step(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let socket = self.socket.as_raw_fd();
        let waiting = receive_by(socket, buffer, MsgFlags::MSG_PEEK)?;
        let room = match waiting.descriptors.is_empty() {
            true => waiting.count,
            // The kernel says that there are some, and not where they begin.
            false => waiting.count.saturating_sub(MOST_STEPS).max(1),
        };
        receive(socket, buffer.get_mut(..room).unwrap_or_default())
    }

    /// Writes what has room, the descriptors with the first byte, and tells how much that was.
    pub(crate) fn send_now(&self, bytes: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
        send(self.socket.as_raw_fd(), bytes, descriptors)
    }

    /// Writes all bytes, the descriptors with the first of them.
    pub(crate) async fn send(
        &self,
        mut bytes: &[u8],
        mut descriptors: &[OwnedFd],
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let socket = self.socket.as_raw_fd();
            let count = self
                .socket
                .async_io(Interest::WRITABLE, || send(socket, bytes, descriptors))
                .await?;
            bytes = bytes.get(count..).unwrap_or_default();
            descriptors = &[];
        }
        Ok(())
    }

    /// Ends one direction or both. Where the other side is gone there is nothing to end.
    pub(crate) fn shut_down(&self, how: Shutdown) {
        let _ = shutdown(self.socket.as_raw_fd(), how);
    }
}

fn receive(socket: RawFd, buffer: &mut [u8]) -> io::Result<Received> {
    receive_by(socket, buffer, MsgFlags::empty())
}

fn receive_by(socket: RawFd, buffer: &mut [u8], flags: MsgFlags) -> io::Result<Received> {
    let mut space = cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = flags | MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = loop {
        match recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut space), flags) {
            Err(Errno::EINTR) => {}
            outcome => break outcome?,
        }
    };
    let mut descriptors = Vec::new();
    let is_cut = message.flags.contains(MsgFlags::MSG_CTRUNC);
    for message in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = message {
            descriptors.extend(received.into_iter().map(owned));
        }
    }
    if is_cut {
        // As where this process has too many already.
        return Err(io::Error::other(
            "file descriptors came that cannot be passed on",
        ));
    }
    Ok(Received {
        count: message.bytes,
        descriptors,
    })
}

#[expect(
    unsafe_code,
    reason = "nix hands out what accept and recvmsg bring as numbers"
)]
fn owned(descriptor: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just made the descriptor for this process, and nobody else knows
    // its number.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

fn send(socket: RawFd, bytes: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
    let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control = if numbers.is_empty() { &[][..] } else { &rights };
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    loop {
        match sendmsg::<()>(socket, &[IoSlice::new(bytes)], control, flags, None) {
            Err(Errno::EINTR) => {}
            outcome => return Ok(outcome?),
        }
    }
}
