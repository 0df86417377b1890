//! Standing between a runtime and an agent: each connection that comes is joined to one that is
//! made for it, and bytes pass unchanged and at once. A copy of them goes to the [`Log`], on
//! the side.
//!
//! One thread serves all connections and reads into one buffer. What the other side has no room
//! for is kept, and of that connection no more is read until it has passed.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use agent_faults::{Budget, Budgets, Faults, Layer, Load, Share};
use nix::errno::Errno;
use nix::sys::socket::Shutdown;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};

use crate::conversation::{Conversation, Direction};
use crate::faulty;
use crate::log::Log;
use crate::recorder::{Event, What};
use crate::socket::{Received, Socket};

/// What a read takes at most: what a socket holds.
const MOST_ROOM: usize = 256 << 10;
/// What it takes where the connections keep all that they may.
const LEAST_ROOM: usize = 4 << 10;
/// How many bytes all connections may keep together for which the other side has no room.
const MOST_UNSENT: usize = 32 << 20;
/// How many bytes of requests all connections with rules may keep together until they are answered.
const MOST_REQUESTS: usize = 32 << 20;
/// The same of answers, until they are taken.
const MOST_ANSWERS: usize = 16 << 20;
/// How many connections there are at once. Further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 2048;
/// How long nothing is accepted when there are no descriptors left for it.
const PAUSE: Duration = Duration::from_millis(50);

/// What the connections of a thread read with, one after the other.
struct Reading {
    buffer: Vec<u8>,
    unsent: Budget,
}

thread_local! {
    static READING: RefCell<Reading> = RefCell::new(Reading {
        buffer: vec![0; MOST_ROOM],
        unsent: Budget::new(MOST_UNSENT),
    });
}

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

/// One connection. Its end is told when it is dropped, as it is with the proxy too.
pub(crate) struct Connection {
    number: u64,
    log: Log,
    conversation: Mutex<Conversation>,
    /// How many bytes have passed in each direction.
    passed: [AtomicU64; 2],
    /// Why it ended, if not by one of the two sides.
    reason: Mutex<Option<String>>,
}

/// What was read and has no room at the other side yet.
struct Rest {
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
    /// Of what all connections may keep.
    _share: Share,
}

/// Why bytes pass no more one way.
enum Failed {
    Reading(io::Error),
    Writing(io::Error),
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
        *lock(&connection.reason) = Some("the proxy has ended".to_owned());
        let reason = match (self.join(client).await, &self.faults) {
            (Err(reason), _) => Some(reason),
            (Ok((client, agent)), None) => connection.pass_both(&client, &agent).await,
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
        *lock(&connection.reason) = reason;
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

impl Connection {
    /// A connection that begins. `text` says from where to where.
    pub(crate) fn open(number: u64, log: Log, port: u32, text: String) -> Connection {
        let connection = Connection {
            number,
            conversation: Conversation::new(port, log.kept()).into(),
            log,
            passed: Default::default(),
            reason: Mutex::default(),
        };
        let event = connection.event(What::Open { text });
        connection.log.insist(event);
        connection
    }

    /// Its number, counted from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Takes note that bytes may be missing here, and looks for the next frame.
    pub(crate) fn lose(&self) {
        lock(&self.conversation).lose();
    }

    /// Ends it for another reason than that one of its sides did.
    pub(crate) fn end_because(self, reason: &str) {
        *lock(&self.reason) = Some(reason.to_owned());
    }

    /// Passes bytes both ways until both ends have come, and tells why if it was for another
    /// reason.
    pub(crate) async fn pass_both(&self, client: &Socket, agent: &Socket) -> Option<String> {
        let ends = tokio::join!(
            self.pass(Direction::ToAgent, client, agent),
            self.pass(Direction::ToRuntime, agent, client),
        );
        let error = ends.0.err().or(ends.1.err());
        error.as_ref().map(agent_text::reason)
    }

    /// Takes note of bytes that have passed.
    pub(crate) fn see(&self, direction: Direction, bytes: &[u8]) {
        let count = bytes.len() as u64;
        self.passed[direction.index()].fetch_add(count, Ordering::Relaxed);
        lock(&self.conversation).feed(direction, bytes, |piece| {
            self.log.offer(self.event(What::Said(direction, piece)));
        });
    }

    fn has_frames(&self, direction: Direction) -> bool {
        lock(&self.conversation).has_frames(direction)
    }

    /// Takes note of the end of one direction.
    pub(crate) fn see_end(&self, direction: Direction) {
        lock(&self.conversation).end(direction, |piece| {
            self.log.offer(self.event(What::Said(direction, piece)));
        });
    }

    /// Takes note of a rule that is applied to the call on a stream.
    pub(crate) fn see_fault(&self, stream: u32, kind: &'static str, passes: bool) {
        self.log.offer(self.event(What::Fault {
            stream,
            kind,
            passes,
        }));
    }

    /// Passes bytes one way until there are no more, and the end too.
    async fn pass(&self, direction: Direction, from: &Socket, to: &Socket) -> io::Result<()> {
        let outcome = self.copy(direction, from, to).await;
        match &outcome {
            Ok(()) => to.shut_down(Shutdown::Write),
            // Who reads no more may have said something before, which still passes.
            Err(Failed::Writing(_)) => from.shut_down(Shutdown::Read),
            // One side is gone, so the other one has to go too.
            Err(Failed::Reading(_)) => {
                from.shut_down(Shutdown::Both);
                to.shut_down(Shutdown::Both);
            }
        }
        self.see_end(direction);
        // How a connection goes down is its two sides' business.
        match outcome {
            Ok(()) => Ok(()),
            Err(Failed::Reading(error) | Failed::Writing(error)) => match error.kind() {
                io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::NotConnected => Ok(()),
                _ => Err(error),
            },
        }
    }

    async fn copy(&self, direction: Direction, from: &Socket, to: &Socket) -> Result<(), Failed> {
        while let Some(rest) = from
            .when_readable(|| self.forward(direction, from, to))
            .await
            .map_err(Failed::Reading)?
        {
            let sent = to.send(&rest.bytes, &rest.descriptors).await;
            sent.map_err(Failed::Writing)?;
            if !rest.bytes.is_empty() {
                self.see(direction, &rest.bytes);
            }
        }
        Ok(())
    }

    /// Reads what is there and writes what has room. Gives the rest, and nothing at the end.
    fn forward(
        &self,
        direction: Direction,
        from: &Socket,
        to: &Socket,
    ) -> io::Result<Option<Rest>> {
        READING.with_borrow_mut(|Reading { buffer, unsent }| {
            let mut share = unsent.share();
            let room = match share.resize(MOST_ROOM) {
                true => MOST_ROOM,
                false => LEAST_ROOM,
            };
            let buffer = buffer.get_mut(..room).unwrap_or_default();
            // Calls come without descriptors.
            let Received { count, descriptors } = match self.has_frames(direction) {
                true => from.receive_now(buffer)?,
                false => from.receive_in_step(buffer)?,
            };
            if count == 0 {
                return Ok(None);
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            // Whatever is wrong with the other side shows when the rest is written.
            let sent = to.send_now(bytes, &descriptors).unwrap_or(0);
            let (passed, rest) = bytes.split_at(sent);
            if !passed.is_empty() {
                self.see(direction, passed);
            }
            if room == MOST_ROOM {
                share.resize(rest.len());
            }
            Ok(Some(Rest {
                bytes: rest.to_vec(),
                descriptors: if sent > 0 { Vec::new() } else { descriptors },
                _share: share,
            }))
        })
    }

    fn event(&self, what: What) -> Event {
        Event {
            connection: self.number,
            time: SystemTime::now(),
            what,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.log.insist(self.event(What::Close {
            to_agent: self.passed[Direction::ToAgent.index()].load(Ordering::Relaxed),
            to_runtime: self.passed[Direction::ToRuntime.index()].load(Ordering::Relaxed),
            reason: lock(&self.reason).take(),
        }));
    }
}

/// What a mutex holds. Nobody who holds one can leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
