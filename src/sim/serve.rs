//! The body of the `serve` sub-command: the simulated agent on an address,
//! with a log of its calls on standard output, until a signal ends it.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use nix::libc;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::input::Inputs;
use crate::log::say;
use crate::schema::Schema;
use crate::transport::Address;

use super::agent::Agent;
use super::control;
use super::faults::Faults;
use super::handlers::services;
use super::listen::{BindError, Listener};
use super::options::GuestOptions;
use super::private;
use super::record::{Failure, Recorder};
use super::relay::{self, Connections, Relay};
use super::watch::Watch;

/// How long calls may still take after the log has failed.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How long to wait for whoever reads the log, after the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What to serve, and where.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen.
    pub address: Address,
    /// The guest that the agent pretends to be in.
    pub guest: GuestOptions,
    /// What goes wrong.
    pub faults: Arc<Faults>,
}

/// Why serving did not begin, or ended otherwise than by a signal.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {uri:?}: {reason}")]
    Bind {
        /// The address.
        uri: String,
        /// What is in the way.
        reason: BindError,
    },
    /// The server cannot be set up.
    #[error("cannot start the simulated agent: {0}")]
    Start(String),
    /// The log cannot be written.
    #[error("cannot write to standard output: {}", crate::input::reason(.0))]
    Output(io::Error),
}

/// Serves the RPCs of `schema` until SIGINT, SIGTERM or SIGHUP comes. Once
/// connections can be made, `listening on URI` is printed on standard error.
///
/// # Errors
/// As [`ServeError`] lists them.
pub fn serve(options: &ServeOptions, schema: &'static Schema) -> Result<(), ServeError> {
    relay::raise_file_limit();
    // One thread, so that the messages of a stream are handled in their order.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start)?;
    let (recorder, log_failure) = Recorder::start(schema, Box::new(io::stdout())).map_err(start)?;
    let result = runtime.block_on(async {
        // From here on a signal ends this function and not the process.
        let signals = Signals::catch().map_err(start)?;
        let log = (recorder.clone(), log_failure);
        let ready = |uri: &str, agent: &Arc<Agent>| announce(uri, &options.faults, agent);
        run(options, schema, log, ready, signals.any()).await
    });
    // Calls that are still being answered are cut off, and recorded as such.
    runtime.shutdown_background();
    recorder.finish(LAST_LINES);
    result
}

fn announce(uri: &str, faults: &Arc<Faults>, agent: &Arc<Agent>) {
    let mut told = tell_seed(faults);
    // Scripts wait for this line; one that closed standard error does not.
    say(format_args!("listening on {uri}"));
    let (faults, agent) = (Arc::clone(faults), Arc::clone(agent));
    let obeys = control::listen(move |line| {
        let mut inputs = Inputs::without_standard_input();
        let shown = faults.control(line, &mut inputs, |id| agent.run_out_of_memory(id));
        told = told || tell_seed(&faults);
        shown.map_err(|error| error.to_string())
    });
    if let Err(error) = obeys {
        let reason = crate::input::reason(&error);
        say(format_args!(
            "warning: standard input is not read: {reason}"
        ));
    }
}

/// Tells the seed where something happens by chance, so that it can be repeated.
fn tell_seed(faults: &Faults) -> bool {
    let seed = faults.seed_in_use();
    if let Some(seed) = seed {
        say(format_args!("seed {seed}"));
    }
    seed.is_some()
}

/// Serves until `stop` is done, or the log takes no more, which is an error.
/// `ready` is called once connections can be made.
pub(super) async fn run(
    options: &ServeOptions,
    schema: &'static Schema,
    (recorder, log_failure): (Recorder, Failure),
    ready: impl FnOnce(&str, &Arc<Agent>),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let uri = options.address.to_string();
    let listener = match Listener::bind(&options.address) {
        Ok(listener) => listener,
        Err(reason) => return Err(ServeError::Bind { uri, reason }),
    };
    // The file is removed when this is dropped.
    let (socket, _file) = listener.into_parts();
    let connections = Arc::new(Connections::default());
    let watch = Watch {
        recorder,
        faults: Arc::clone(&options.faults),
        connections: Arc::clone(&connections),
    };
    let agent = Arc::new(Agent::new(options.guest.clone(), Some(watch)));
    // It lives to the end, and is then dropped: its own shutdown would wait for calls.
    let server = private::start(services(schema, &agent)).await;
    let (mut server, address) = server.map_err(start)?;
    let relay = Relay::new(&address, Arc::clone(&connections)).map_err(start)?;
    let relay = relay.run(socket);
    ready(&uri, &agent);

    tokio::select! {
        () = stop => Ok(()),
        ended = relay => ended.map_err(start),
        failure = log_failure => {
            // The caller is not at fault: the call of the lost line is answered.
            let answered = async {
                server.disconnect().await;
                connections.none().await;
            };
            let _ = tokio::time::timeout(LAST_ANSWERS, answered).await;
            failure.map_or(Ok(()), |error| Err(ServeError::Output(error)))
        }
    }
}

fn start(error: impl ToString) -> ServeError {
    ServeError::Start(error.to_string())
}

/// The signals that end the agent.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// None where whoever started the agent had it ignored, as nohup does.
    hang_up: Option<Signal>,
}

impl Signals {
    fn catch() -> io::Result<Signals> {
        let hang_up = (!ignores_hang_up()).then(|| signal(SignalKind::hangup()));
        Ok(Signals {
            hang_up: hang_up.transpose()?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn any(mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

fn ignores_hang_up() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: no new action is given, so nothing changes; the old one is
    // written to a place of its type, for which all zeros are a value too.
    let action = unsafe {
        libc::sigaction(libc::SIGHUP, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
