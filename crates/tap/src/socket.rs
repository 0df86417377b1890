//! A stream socket of any family that is read and written, or accepts connections, without
//! blocking, with the file descriptors that may travel over a Unix socket (`SCM_RIGHTS`).
//!
//! The runtime's type for Unix sockets stands for all of them: nothing of it is used but that it
//! waits, and whether a socket is of AF_UNIX or AF_VSOCK is the same for every call here.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{Shutdown, shutdown};
use rustix::cmsg_space;
use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, accept_with, recvmsg, sendmsg,
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
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let accept = || Ok(accept_with(&self.socket, flags)?);
        self.socket.async_io(Interest::READABLE, accept).await
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
        receive(self.socket.as_fd(), buffer)
    }

    /// The same where descriptors may come: they are read with the byte that they were sent with,
    /// and not with one before it, which a peer may read without looking for them.
    pub(crate) fn receive_in_step(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let socket = self.socket.as_fd();
        let waiting = receive_by(socket, buffer, RecvFlags::PEEK)?;
        let room = match waiting.descriptors.is_empty() {
            true => waiting.count,
            // The kernel says that there are some, and not where they begin.
            false => waiting.count.saturating_sub(MOST_STEPS).max(1),
        };
        receive(socket, buffer.get_mut(..room).unwrap_or_default())
    }

    /// Writes what has room, the descriptors with the first byte, and tells how much that was.
    pub(crate) fn send_now(&self, bytes: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
        send(self.socket.as_fd(), bytes, descriptors)
    }

    /// Writes all bytes, the descriptors with the first of them.
    pub(crate) async fn send(
        &self,
        mut bytes: &[u8],
        mut descriptors: &[OwnedFd],
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let socket = self.socket.as_fd();
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

fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Received> {
    receive_by(socket, buffer, RecvFlags::empty())
}

fn receive_by(socket: BorrowedFd<'_>, buffer: &mut [u8], flags: RecvFlags) -> io::Result<Received> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = flags | RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = retry_on_intr(|| recvmsg(socket, &mut parts, &mut control, flags))?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    if message.flags.contains(ReturnFlags::CTRUNC) {
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

fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
    let borrowed: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !borrowed.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&borrowed)) {
        return Err(io::Error::other(
            "too many file descriptors for one message",
        ));
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let parts = [IoSlice::new(bytes)];
    Ok(retry_on_intr(|| {
        sendmsg(socket, &parts, &mut control, flags)
    })?)
}
