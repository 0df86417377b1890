//! The simulated agent inside this process, as `sim://` reaches it, on a thread of
//! its own, which is started by the first connection; whoever connects to another
//! address pays nothing for it.

use std::future::pending;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use agent_faults::{Faults, Layer, Load};
use agent_schema::Schema;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::agent::Agent;
use super::connection::{kept, serve};
use super::notice::{Never, Tell, Watch};
use super::options::GuestOptions;
use super::services::services;

/// Where connections to this process's agent go, once it runs.
static AGENT: Mutex<Option<InProcess>> = Mutex::new(None);

/// A new connection to this process's simulated agent, which is started if it
/// does not run yet with the RPCs of `schema`, and lives as long as the process.
///
/// # Errors
/// When a socket or the agent's thread cannot be made.
pub fn connect(schema: &'static Schema) -> io::Result<UnixStream> {
    connect_and_tell(schema, |_| {})
}

/// As [`connect`]. Whoever makes the first connection is told of calls that are
/// never answered, as the real agent would not answer them.
///
/// # Errors
/// As [`connect`].
pub fn connect_and_tell(schema: &'static Schema, tell: fn(&Never)) -> io::Result<UnixStream> {
    let mut agent = AGENT.lock().unwrap_or_else(PoisonError::into_inner);
    let agent = match &mut *agent {
        Some(agent) => agent,
        none => none.insert(InProcess::start(schema, GuestOptions::default(), tell)?),
    };
    agent.connect()
}

/// An agent that lives as long as this is not dropped.
pub(super) struct InProcess(mpsc::UnboundedSender<UnixStream>);

impl InProcess {
    /// Starts an agent.
    ///
    /// # Errors
    /// When its thread cannot be made.
    pub(super) fn start(
        schema: &'static Schema,
        options: GuestOptions,
        tell: fn(&Never),
    ) -> io::Result<InProcess> {
        let agent = Arc::new(Agent::new(options, None));
        let faults = Arc::new(Faults::new(schema, 0));
        let kept = kept();
        let runtime = runtime()?;
        let (connections, mut made) = mpsc::unbounded_channel::<UnixStream>();
        thread::Builder::new()
            .name("simulated-agent".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    while let Some(stream) = made.recv().await {
                        let Ok(stream) = tokio::net::UnixStream::from_std(stream) else {
                            continue;
                        };
                        let watch: Arc<dyn Watch> = Arc::new(Tell(tell));
                        let layer = Layer {
                            faults: Arc::clone(&faults),
                            observer: Arc::new(()),
                            load: Arc::new(Load::new(&kept)),
                        };
                        let services = services(schema, &agent, &watch);
                        tokio::spawn(
                            async move { serve(services, layer, stream, pending()).await },
                        );
                    }
                });
            })
            .map_err(|error| io::Error::other(format!("no thread for it: {error}")))?;
        Ok(InProcess(connections))
    }

    /// A connection to it.
    ///
    /// # Errors
    /// When there is no socket.
    pub(super) fn connect(&self) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        let sent = self.0.send(theirs);
        sent.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(ours)
    }
}

/// A runtime of one thread, so that the messages of a stream are handled in their order.
///
/// # Errors
/// When there are too few descriptors for it.
pub fn runtime() -> io::Result<Runtime> {
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
