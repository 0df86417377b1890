//! An agent whose clients come from elsewhere, with faults and a log of its calls.

use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agent_faults::{Budgets, End, Faults, Layer, Load, Orders};
use agent_schema::Schema;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, join, split};
use tokio::sync::watch;

use super::agent::Agent;
use super::connection::{kept, serve};
use super::handshake;
use super::notice::{Never, Watch};
use super::options::GuestOptions;
use super::policy::Policy;
use super::record::{CallLog, Failure, Recorder};
use super::recorded::{self, Player, Recorded};
use super::services::services;

/// How long an agent that ends still writes what it answers then.
const LAST_ANSWERS: Duration = Duration::from_millis(50);

/// How long to wait for whoever reads the log, after the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// An agent that is to be served.
pub struct Setup {
    /// The RPCs that it answers beside its own.
    pub schema: &'static Schema,
    /// The guest that it pretends to be in.
    pub guest: GuestOptions,
    /// What requests are held to, where the agent is one with a policy.
    pub policy: Option<Box<dyn Policy>>,
    /// What answers in the agent's place, if it is to answer as another one did.
    pub recorded: Option<Box<dyn Recorded>>,
    /// The port that a client must ask for first, as on a hypervisor's socket. Without
    /// one a handshake may come, for any port.
    pub hybrid_port: Option<u32>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Takes a line of JSON for each call, before its answer goes out. It is
    /// written to by a thread of its own, and may block.
    pub log: Box<dyn Write + Send>,
}

/// An agent that is served. All of it runs on one thread, so that the messages of
/// a stream are handled in their order.
#[derive(Debug)]
pub struct Served {
    schema: &'static Schema,
    agent: Arc<Agent>,
    recorded: Option<Arc<Player>>,
    hybrid_port: Option<u32>,
    faults: Arc<Faults>,
    /// What all connections may keep.
    kept: Budgets,
    recorder: Recorder,
    /// How many connections there were.
    connections: AtomicU64,
    /// How often the agent has ended and begun anew.
    generation: AtomicU64,
    /// The generations before this one have ended, and their connections do.
    ended: watch::Sender<u64>,
}

impl Served {
    /// Starts an agent. What comes back with it tells why its log can be written
    /// no more.
    ///
    /// # Errors
    /// When no thread can be made for the log.
    pub fn start(setup: Setup) -> io::Result<(Served, Failure)> {
        let (recorder, failure) = Recorder::start(setup.schema, setup.log)?;
        let served = Served {
            schema: setup.schema,
            agent: Arc::new(Agent::new(setup.guest, setup.policy)),
            recorded: setup
                .recorded
                .map(|recorded| Arc::new(Player::new(recorded))),
            hybrid_port: setup.hybrid_port,
            faults: setup.faults,
            kept: kept(),
            recorder,
            connections: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        };
        Ok((served, failure))
    }

    /// What carries out orders.
    pub fn orders(&self) -> Arc<dyn Orders + Send + Sync> {
        match &self.recorded {
            Some(player) => Arc::clone(player) as _,
            None => Arc::clone(&self.agent) as _,
        }
    }

    /// Serves a client to the end of its connection, which may begin with the
    /// handshake of hybrid vsock.
    pub async fn connection(&self, client: impl AsyncRead + AsyncWrite + Send + 'static) {
        let generation = self.generation.load(Ordering::Relaxed);
        let mut ended = self.ended.subscribe();
        let mut stop = pin!(async move {
            // An error means the end of everything.
            let _ = ended.wait_for(|ended| *ended > generation).await;
        });
        let (mut requests, mut answers) = split(client);
        let begun = tokio::select! {
            begun = handshake::answer(&mut requests, &mut answers, self.hybrid_port) => begun,
            () = &mut stop => return,
        };
        // The client is gone, or is to go.
        let Ok(begun) = begun else { return };
        let client = join(io::Cursor::new(begun).chain(requests), answers);
        let log = CallLog {
            recorder: self.recorder.clone(),
            connection: self.connections.fetch_add(1, Ordering::Relaxed) + 1,
        };
        let load = Arc::new(Load::new(&self.kept));
        let watch: Arc<dyn Watch> = Arc::new(Logged {
            log: log.clone(),
            load: Arc::clone(&load),
        });
        let layer = Layer {
            faults: Arc::clone(&self.faults),
            observer: Arc::new(log),
            load,
        };
        let services = match &self.recorded {
            Some(player) => recorded::services(self.schema, player, &watch),
            None => services(self.schema, &self.agent, &watch),
        };
        match serve(services, layer, client, stop).await {
            End::Connection => {}
            End::Last => {
                let next = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
                tokio::time::sleep(LAST_ANSWERS).await;
                self.ended.send_replace(next);
            }
            End::Dies => {
                let next = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
                self.ended.send_replace(next);
                if let Some(player) = &self.recorded {
                    player.begin_anew();
                }
                let mut sandbox = self.agent.sandbox().await;
                self.agent.begin_anew(&mut sandbox).await;
            }
        }
    }

    /// Waits for the last lines of the log, when nothing is served any more. To be
    /// called outside of a runtime.
    pub fn finish(&self) {
        self.recorder.finish(LAST_LINES);
    }
}

/// Writes calls that are never answered to the log.
struct Logged {
    log: CallLog,
    load: Arc<Load>,
}

impl Watch for Logged {
    fn never(&self, call: &Never) {
        self.log.never(call);
    }

    fn taken(&self, stream: u32, length: usize) {
        self.load.taken(stream, length);
    }
}
