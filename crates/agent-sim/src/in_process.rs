//! The simulated agent inside this process, as `sim://` reaches it. It speaks
//! over a real socket on a thread of its own, which is started by the first
//! connection; whoever connects to another address pays nothing for it.

use std::io;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use agent_schema::Schema;
use tokio::runtime::Runtime;

use super::agent::Agent;
use super::handlers::services;
use super::options::GuestOptions;
use super::private;

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
    let agent = Arc::new(Agent::new(options, None));
    let runtime = runtime()?;
    let (server, address) = runtime.block_on(private::start(services(schema, &agent)))?;
    thread::Builder::new()
        .name("simulated-agent".to_owned())
        .spawn(move || {
            // Dropping the server would end it.
            let _server = server;
            runtime.block_on(std::future::pending::<()>());
        })
        .map_err(|error| io::Error::other(format!("no thread for it: {error}")))?;
    Ok(address)
}

/// A runtime of one thread, so that the messages of a stream are handled in their order.
///
/// # Errors
/// When there are too few descriptors for it.
pub(super) fn runtime() -> io::Result<Runtime> {
    // Tokio panics where it finds none for its signals, so they are looked for first.
    let spare = [
        UnixStream::pair()?,
        UnixStream::pair()?,
        UnixStream::pair()?,
    ];
    drop(spare);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
