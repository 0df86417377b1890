//! The body of the `serve` sub-command: the simulated agent on an address,
//! with a log of its requests on standard output, until a signal ends it.

use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use nix::libc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use ttrpc::asynchronous::Server;

use crate::schema::Schema;
use crate::transport::Address;

use super::agent::{Agent, Callers};
use super::handlers::services;
use super::listen::{BindError, Listener};
use super::options::GuestOptions;
use super::record::Recorder;

/// How long calls may still take after the log has failed.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// What to serve, and where.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where to listen.
    pub address: Address,
    /// The guest that the agent pretends to be in.
    pub guest: GuestOptions,
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
    /// The requests cannot be written.
    #[error("cannot write to standard output: {}", crate::input::reason(.0))]
    Output(io::Error),
}

/// Serves the RPCs of `schema` until SIGINT, SIGTERM or SIGHUP comes. Once
/// connections can be made, `listening on URI` is printed on standard error.
///
/// # Errors
/// As [`ServeError`] lists them.
pub fn serve(options: &ServeOptions, schema: &'static Schema) -> Result<(), ServeError> {
    // One thread, so that the messages of a stream are handled in their order.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start)?;
    let result = runtime.block_on(async {
        // From here on a signal ends this function and not the process.
        let signals = Signals::catch().map_err(start)?;
        let log = Box::new(io::stdout());
        run(options, schema, log, announce, signals.any()).await
    });
    // Calls that are still being answered are cut off.
    runtime.shutdown_background();
    result
}

fn announce(uri: &str) {
    // Scripts wait for this line; one that closed standard error does not.
    let _ = writeln!(io::stderr(), "listening on {uri}");
}

/// Serves until `stop` is done, or `log` takes no more, which is an error. `ready` is called once
/// connections can be made.
pub(super) async fn run(
    options: &ServeOptions,
    schema: &'static Schema,
    log: Box<dyn Write + Send>,
    ready: impl FnOnce(&str),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let uri = options.address.to_string();
    let listener = match Listener::bind(&options.address) {
        Ok(listener) => listener,
        Err(reason) => return Err(ServeError::Bind { uri, reason }),
    };
    let (recorder, log_failure) = Recorder::start(schema, log).map_err(start)?;
    let agent = Arc::new(Agent::new(
        Callers::Anyone,
        options.guest.clone(),
        Some(recorder),
    ));
    let server = Server::new().register_service(services(schema, &agent));
    // Both live to the end: the file is removed, and connections are closed,
    // when they are dropped. The server's own shutdown would wait for calls.
    let (mut server, _file) = listener.serve(server).map_err(start)?;
    server.start().await.map_err(start)?;
    ready(&uri);

    tokio::select! {
        () = stop => Ok(()),
        failure = log_failure => {
            // The caller is not at fault: the call of the lost line is answered.
            let _ = tokio::time::timeout(LAST_ANSWERS, server.disconnect()).await;
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
