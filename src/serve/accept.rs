//! Accepts the clients of a served agent: no more at once than this process may
//! have files open.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream as StdUnixStream};
use std::sync::Arc;
use std::time::Duration;

use agent_sim::Served;
use nix::sys::resource::{Resource, getrlimit};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use vsock::VsockListener;

use crate::log::say;

/// How long no connection is accepted after the system could not make one.
const PAUSE: Duration = Duration::from_millis(100);

/// The descriptors for everything but clients.
const OTHERS: u64 = 40;

/// As many connections as are ever open at once, whatever the limit.
const MOST: u64 = 100_000;

/// Serves whoever connects to a socket that listens, of vsock or a Unix one. What
/// keeps it from accepting is told once.
///
/// # Errors
/// When the socket cannot be watched; otherwise it does not return.
pub(super) async fn accept(
    socket: OwnedFd,
    is_vsock: bool,
    served: &Arc<Served>,
) -> io::Result<()> {
    let listener = Listener::new(socket, is_vsock)?;
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
    let room = Arc::new(Semaphore::new(connections(files)));
    let mut told = false;
    let mut tell = |warning: &str| {
        if !std::mem::replace(&mut told, true) {
            say(format_args!("warning: {warning}"));
        }
    };
    loop {
        if room.available_permits() == 0 {
            tell(
                "there are as many connections as the limit of open files allows; more wait \
                 until one ends",
            );
        }
        // It is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return Ok(());
        };
        match listener.accept().await {
            Ok(client) => {
                let served = Arc::clone(served);
                tokio::spawn(async move {
                    served.connection(client).await;
                    drop(permit);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                let reason = crate::input::reason(&error);
                tell(&format!(
                    "cannot accept a connection: {reason}; trying again"
                ));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A socket that listens, without blocking.
struct Listener {
    /// The same socket, to wait for clients: the runtime's type for Unix sockets
    /// stands for those of vsock, as what is read and written is the same.
    ready: UnixStream,
    family: Family,
}

enum Family {
    Unix(UnixListener),
    Vsock(VsockListener),
}

impl Listener {
    fn new(socket: OwnedFd, is_vsock: bool) -> io::Result<Listener> {
        let ready = StdUnixStream::from(socket.try_clone()?);
        ready.set_nonblocking(true)?;
        Ok(Listener {
            ready: UnixStream::from_std(ready)?,
            family: match is_vsock {
                true => Family::Vsock(socket.into()),
                false => Family::Unix(socket.into()),
            },
        })
    }

    /// The next client.
    async fn accept(&self) -> io::Result<UnixStream> {
        let accept = || {
            Ok(match &self.family {
                Family::Unix(listener) => listener.accept()?.0,
                Family::Vsock(listener) => OwnedFd::from(listener.accept()?.0).into(),
            })
        };
        let client: StdUnixStream = self.ready.async_io(Interest::READABLE, accept).await?;
        client.set_nonblocking(true)?;
        UnixStream::from_std(client)
    }
}

/// How many connections so many files allow.
fn connections(files: u64) -> usize {
    usize::try_from(files.saturating_sub(OTHERS).clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::connections;

    #[test]
    fn there_is_room_for_one_and_never_for_more_than_files_allow() {
        for (files, expected) in [
            (0, 1),
            (64, 24),
            (1024, 984),
            (1_048_576, 100_000),
            (u64::MAX, 100_000),
        ] {
            assert_eq!(connections(files), expected, "{files}");
        }
    }
}
