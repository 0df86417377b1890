//! The ttrpc crate's server on a socket that only this process is meant to
//! find. Who connects to it, and why, is not known here.

use std::io;
use std::os::fd::IntoRawFd as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use ttrpc::asynchronous::Server;

use super::handlers::Services;

/// Starts a server, and gives its address. It ends when it is dropped. The
/// handlers must refuse other processes that find the address.
///
/// # Errors
/// When a socket cannot be made.
pub(super) async fn start(services: Services) -> io::Result<(Server, SocketAddr)> {
    // The server takes listeners only. Bound to no name, a socket gets a free
    // abstract one from the kernel: no file is left behind.
    let listener = UnixListener::bind_addr(&SocketAddr::from_pathname("")?)?;
    let address = listener.local_addr()?;
    let mut server = Server::new()
        .register_service(services)
        .set_domain_unix()
        .add_listener(listener.into_raw_fd())
        .map_err(io::Error::other)?;
    server.start().await.map_err(io::Error::other)?;
    Ok((server, address))
}
