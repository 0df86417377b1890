//! Stands between the clients of a served agent and the ttrpc crate's server,
//! on one socket to each for every connection. Here are the things that are
//! below the server's level: who is connected, and answers that do not arrive
//! whole. It knows frames and nothing of what they say.

mod handshake;
mod limit;
mod registry;

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream as StdUnixStream};
use std::sync::Arc;
use std::time::Duration;

use agent_faults::{End, forward};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, accept4, bind, connect, getsockname, socket,
};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncWriteExt as _, Interest, copy};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

use self::registry::Open;
use crate::notice::{Notice, Notify};

pub(super) use limit::raise as raise_file_limit;
pub(super) use registry::{Connection, Connections};

/// How long no connection is accepted after the system could not make one.
const PAUSE: Duration = Duration::from_millis(100);

/// A relay to one server.
#[derive(Debug)]
pub(super) struct Relay {
    server: UnixAddr,
    connections: Arc<Connections>,
    room: Arc<Semaphore>,
}

impl Relay {
    /// A relay to the server that listens at an abstract address.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn new(server: &SocketAddr, connections: Arc<Connections>) -> io::Result<Relay> {
        let name = server.as_abstract_name().unwrap_or_default();
        Ok(Relay {
            server: UnixAddr::new_abstract(name)?,
            connections,
            room: Arc::new(Semaphore::new(limit::connections())),
        })
    }

    /// Serves whoever connects to a listening socket, which does not block. What
    /// keeps it from accepting is told to `notify`, once.
    ///
    /// # Errors
    /// When the socket cannot be watched; otherwise it does not return.
    pub(super) async fn run(self, listener: OwnedFd, notify: Notify) -> io::Result<()> {
        // SAFETY: nothing changes or closes it but the drop of what is made here.
        let listener = unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE)? };
        let mut told = false;
        loop {
            if self.room.available_permits() == 0 && !told {
                told = true;
                notify(Notice::Full);
            }
            // It is never closed.
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return Ok(());
            };
            let client = match self.accept(&listener).await {
                Ok(client) => client,
                Err(Errno::ECONNABORTED | Errno::EINTR) => continue,
                Err(error) => {
                    if !told {
                        told = true;
                        notify(Notice::Accept(error.into()));
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // A client that cannot be served is disconnected.
            let Ok((server, open)) = self.reach_server().await else {
                continue;
            };
            let connections = Arc::clone(&self.connections);
            tokio::spawn(async move {
                let end = between(client, server, &open).await;
                drop((open, room));
                if end == End::Agent {
                    connections.close().await;
                }
            });
        }
    }

    async fn accept(&self, listener: &AsyncFd<OwnedFd>) -> nix::Result<UnixStream> {
        loop {
            let Ok(mut ready) = listener.readable().await else {
                // The runtime is going away.
                return std::future::pending().await;
            };
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            match accept4(listener.as_raw_fd(), flags) {
                // SAFETY: the descriptor is new, and nobody else's.
                Ok(client) => return stream(unsafe { OwnedFd::from_raw_fd(client) }),
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(error) => return Err(error),
            }
        }
    }

    /// A socket to the server, by whose name handlers find the connection.
    async fn reach_server(&self) -> nix::Result<(UnixStream, Open)> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let end = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        // The kernel chooses a free name.
        bind(end.as_raw_fd(), &UnixAddr::new_unnamed())?;
        let name: UnixAddr = getsockname(end.as_raw_fd())?;
        let name = name.as_abstract().ok_or(Errno::EINVAL)?;
        // The server takes one more to accept this; when there is none it tries
        // over and over without a pause.
        drop(end.try_clone().map_err(errno)?);
        let open = self.connections.add(name.to_vec());
        // Its queue is full for as long as the server's task does not run.
        while let Err(error) = connect(end.as_raw_fd(), &self.server) {
            if error != Errno::EAGAIN {
                return Err(error);
            }
            tokio::task::yield_now().await;
        }
        Ok((stream(end)?, open))
    }
}

/// A socket of any family, which tokio has a type for only as a Unix one: what
/// is read and written is the same.
fn stream(socket: OwnedFd) -> nix::Result<UnixStream> {
    UnixStream::from_std(StdUnixStream::from(socket)).map_err(errno)
}

fn errno(error: io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

/// Carries bytes both ways until the connection ends, and closes it.
async fn between(mut client: UnixStream, mut server: UnixStream, open: &Open) -> End {
    let (mut requests, mut answers_out) = client.split();
    let (answers, mut requests_in) = server.split();
    let begun = handshake::answer(&mut requests, &mut answers_out);
    let begun = tokio::select! {
        begun = begun => begun,
        () = open.connection.closed() => return End::Connection,
    };
    let Ok(begun) = begun else {
        return End::Connection;
    };
    let up = async {
        if requests_in.write_all(&begun).await.is_err() {
            return std::future::pending().await;
        }
        // A client that is gone and one that is done are the same to the server.
        let _ = copy(&mut requests, &mut requests_in).await;
        let _ = requests_in.shutdown().await;
        std::future::pending::<End>().await
    };
    let down = forward(answers, answers_out, open.connection.edits());
    tokio::select! {
        biased;
        () = open.connection.closed() => End::Connection,
        end = down => end.unwrap_or(End::Connection),
        end = up => end,
    }
}
