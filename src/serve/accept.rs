//! Accepts the clients of a served agent: no more at once than this process may
//! have files open.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use agent_sim::Served;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_vsock::VsockListener;

use super::listen::Socket;
use crate::log::say;

/// How long no connection is accepted after the system could not make one.
const PAUSE: Duration = Duration::from_millis(100);

/// The descriptors for everything but clients.
const OTHERS: u64 = 40;

/// As many connections as are ever open at once, whatever the limit.
const MOST: u64 = 100_000;

/// Allows this process all the files that it may allow itself.
pub(super) fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is not allowed, fewer clients are served at once.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Serves whoever connects. What keeps it from accepting is told once.
///
/// # Errors
/// When the socket cannot be watched; otherwise it does not return.
pub(super) async fn accept(socket: Socket, served: &Arc<Served>) -> io::Result<()> {
    let listener = match socket {
        Socket::Unix(listener) => Listener::Unix(UnixListener::from_std(listener)?),
        Socket::Vsock(listener) => Listener::Vsock(listener),
    };
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
        match listener.next(served, permit).await {
            Ok(()) => {}
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

/// A socket that is listened on.
enum Listener {
    Unix(UnixListener),
    Vsock(VsockListener),
}

impl Listener {
    /// Serves the next client on a task of its own, which has the permit.
    async fn next(&self, served: &Arc<Served>, permit: OwnedSemaphorePermit) -> io::Result<()> {
        let served = Arc::clone(served);
        match self {
            Listener::Unix(listener) => {
                let (client, _) = listener.accept().await?;
                tokio::spawn(async move {
                    served.connection(client).await;
                    drop(permit);
                });
            }
            Listener::Vsock(listener) => {
                let (client, _) = listener.accept().await?;
                tokio::spawn(async move {
                    served.connection(client).await;
                    drop(permit);
                });
            }
        }
        Ok(())
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
