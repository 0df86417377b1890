//! The simulated agent inside this process, as `sim://` reaches it. It speaks
//! over a real socket on a thread of its own, which is started by the first
//! connection; whoever connects to another address pays nothing for it.

use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ttrpc::asynchronous::Server;

use crate::schema::Schema;

use super::agent::{Agent, Callers};
use super::handlers::services;
use super::options::GuestOptions;

/// Where this process's agent listens, once it does.
static ADDRESS: Mutex<Option<SocketAddr>> = Mutex::new(None);

/// A new connection to this process's simulated agent, which is started if it
/// does not run yet with the RPCs of `schema`, and lives as long as the process.
///
/// # Errors
/// When a socket or the agent's thread cannot be made.
pub fn connect(schema: &'static Schema) -> io::Result<UnixStream> {
    let mut address = ADDRESS.lock().unwrap_or_else(PoisonError::into_inner);
    let address = match &mut *address {
        Some(address) => address,
        none => none.insert(start(schema)?),
    };
    UnixStream::connect_addr(address)
}

pub(super) fn start(schema: &'static Schema) -> io::Result<SocketAddr> {
    start_with(schema, GuestOptions::default())
}

/// Starts an agent that lives as long as the process.
pub(super) fn start_with(schema: &'static Schema, options: GuestOptions) -> io::Result<SocketAddr> {
    // The ttrpc crate's server takes listeners only. Bound to no name, a socket
    // gets a free abstract one from the kernel: no file is left behind, and
    // the agent refuses other processes that find the name.
    let listener = UnixListener::bind_addr(&SocketAddr::from_pathname("")?)?;
    let address = listener.local_addr()?;
    let agent = Arc::new(Agent::new(Callers::ThisProcess, options, None));
    // One thread, so that the messages of a stream are handled in their order.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut server = Server::new()
        .register_service(services(schema, &agent))
        .set_domain_unix()
        .add_listener(listener.into_raw_fd())
        .map_err(io::Error::other)?;
    runtime.block_on(server.start()).map_err(io::Error::other)?;
    thread::Builder::new()
        .name("simulated-agent".to_owned())
        .spawn(move || {
            // Dropping the server would end it.
            let _server = server;
            runtime.block_on(std::future::pending::<()>());
        })?;
    Ok(address)
}
