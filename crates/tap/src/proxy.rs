//! Standing between a runtime and an agent: each connection that comes is joined to one that is
//! made for it, and bytes pass unchanged, or calls by the rules that make them go wrong.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use agent_faults::{Budgets, Faults, Layer, Load};
use nix::errno::Errno;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};

use crate::connection::Connection;
use crate::log::Log;
use crate::socket::Socket;
use crate::{faulty, pass};

/// How many bytes of requests all connections with rules may keep together until they are answered.
const MOST_REQUESTS: usize = 32 << 20;
/// The same of answers, until they are taken.
const MOST_ANSWERS: usize = 16 << 20;
/// How many connections there are at once. Further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 2048;
/// How long nothing is accepted when there are no descriptors left for it.
const PAUSE: Duration = Duration::from_millis(50);

/// Makes the connection to the agent for one that has come. It may block.
pub type Dial = Arc<dyn Fn() -> Result<OwnedFd, String> + Send + Sync>;

/// Where connections come from, and where they go.
pub struct Proxy {
    /// A socket that listens.
    pub listener: OwnedFd,
    /// What it listens on, for the log.
    pub from: String,
    /// Makes the connections to the agent.
    pub dial: Dial,
    /// Where they go, for the log.
    pub to: String,
    /// The guest's port that the agent listens on, for clients of hybrid vsock.
    pub port: u32,
    /// Where what passes is told.
    pub log: Log,
    /// What goes wrong; none for a proxy that changes nothing.
    pub faults: Option<Arc<Faults>>,
}

/// What all connections of a proxy have in common.
struct Shared {
    dial: Dial,
    text: String,
    port: u32,
    log: Log,
    faults: Option<Arc<Faults>>,
    /// What connections with rules keep.
    kept: Budgets,
    /// Counts how often all connections were to end.
    deaths: watch::Sender<u64>,
}

impl Proxy {
    /// Passes bytes until `until` is over. The connections end with it.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub fn run(self, runtime: &Runtime, until: impl Future<Output = ()>) -> io::Result<()> {
        let shared = Rc::new(Shared {
            text: format!("{} to {}", self.from, self.to),
            dial: self.dial,
            port: self.port,
            log: self.log,
            faults: self.faults,
            kept: Budgets::new(MOST_REQUESTS, MOST_ANSWERS),
            deaths: watch::Sender::new(0),
        });
        LocalSet::new().block_on(runtime, async {
            let listener = Socket::new(self.listener)?;
            tokio::select! {
                error = accept_all(&listener, &shared) => Err(error),
                () = until => Ok(()),
            }
        })
    }
}

/// Accepts connections, each to be served by a task of its own, until that fails.
async fn accept_all(listener: &Socket, shared: &Rc<Shared>) -> io::Error {
    let mut number = 0;
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok(client) => {
                number += 1;
                let shared = Rc::clone(shared);
                spawn_local(async move {
                    shared.serve(number, client).await;
                    drop(place);
                });
            }
            Err(error) if is_passing(&error) => tokio::time::sleep(PAUSE).await,
            Err(error) => return error,
        }
    }
}

/// Whether the next connection may be accepted all the same.
fn is_passing(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(
            Errno::EMFILE
                | Errno::ENFILE
                | Errno::ENOMEM
                | Errno::ENOBUFS
                | Errno::ECONNABORTED
                | Errno::EINTR
        )
    )
}

impl Shared {
    /// Joins a client to the agent, until both sides have ended.
    async fn serve(&self, number: u64, client: OwnedFd) {
        let (log, text) = (self.log.clone(), self.text.clone());
        let connection = Arc::new(Connection::open(number, log, self.port, text));
        // Unless it gets to its end.
        connection.ends_by(Some("the proxy has ended".to_owned()));
        let reason = match (self.join(client).await, &self.faults) {
            (Err(reason), _) => Some(reason),
            (Ok((client, agent)), None) => pass::both(&connection, &client, &agent).await,
            (Ok((client, agent)), Some(faults)) => {
                let mut deaths = self.deaths.subscribe();
                let dies = async { drop(deaths.changed().await) };
                let layer = Layer {
                    faults: Arc::clone(faults),
                    observer: faulty::observer(&connection),
                    load: Arc::new(Load::new(&self.kept)),
                };
                let end = faulty::run(&connection, layer, self.port, client, agent, dies).await;
                if end.dies {
                    self.deaths.send_modify(|deaths| *deaths += 1);
                }
                end.reason
            }
        };
        connection.ends_by(reason);
    }

    /// The two sides of a connection.
    async fn join(&self, client: OwnedFd) -> Result<(Socket, Socket), String> {
        let dial = Arc::clone(&self.dial);
        let dialled = spawn_blocking(move || dial()).await;
        // It fails only when the proxy ends.
        let agent = dialled.unwrap_or_else(|_| Err("the proxy has ended".to_owned()))?;
        let sockets = Socket::new(client).and_then(|client| Ok((client, Socket::new(agent)?)));
        sockets.map_err(|error| agent_text::reason(&error))
    }
}
