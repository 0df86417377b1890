//! The body of the `serve` sub-command: the simulated agent on an address, with a
//! log of its calls on standard output, until a signal ends it. Lines of standard
//! input change it meanwhile.

mod accept;
mod control;
#[cfg(feature = "policy")]
pub(crate) mod policy;
#[cfg(feature = "tap")]
pub(crate) mod recorded;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::input::{self, Inputs};
use crate::log::say;
use crate::rules::{self, Files};
use crate::schema::Schema;
use crate::transport::Address;
use agent_faults::{Faults, Orders};
use agent_sim::{Failure, GuestOptions, Policy, Recorded, Served, Setup};

use crate::listen::{self, BindError, Listener};
use crate::signals::Signals;

/// What to serve, and where.
#[derive(Debug)]
pub(crate) struct ServeOptions {
    /// Where to listen.
    pub address: Address,
    /// The guest that the agent pretends to be in.
    pub guest: GuestOptions,
    /// What requests are held to, where the agent is one with a policy.
    pub policy: Option<Box<dyn Policy>>,
    /// What answers in the agent's place, if it is to answer as another one did.
    pub recorded: Option<Box<dyn Recorded>>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
}

/// Why serving did not begin, or ended otherwise than by a signal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {uri:?}: {reason}")]
    Bind {
        /// The address.
        uri: String,
        /// What is in the way.
        reason: BindError,
    },
    /// The log cannot be written.
    #[error("cannot write to standard output: {}", input::reason(.0))]
    Output(io::Error),
    /// The agent cannot be set up.
    #[error("cannot start the simulated agent: {0}")]
    Start(String),
}

/// How long calls may still take after the log has failed.
const LAST_ANSWERS: Duration = Duration::from_millis(200);

/// Serves the RPCs of `schema` until SIGINT, SIGTERM or SIGHUP comes. Once
/// connections can be made, `listening on URI` is printed on standard error.
///
/// # Errors
/// As [`ServeError`] lists them.
pub(crate) fn serve(options: ServeOptions, schema: &'static Schema) -> Result<(), ServeError> {
    listen::raise_file_limit();
    let runtime = agent_sim::runtime().map_err(start)?;
    let setup = Setup {
        schema,
        guest: options.guest,
        policy: options.policy,
        recorded: options.recorded,
        hybrid_port: match &options.address {
            Address::Hybrid(socket) => Some(socket.port),
            _ => None,
        },
        faults: Arc::clone(&options.faults),
        log: Box::new(io::stdout()),
    };
    let (served, failure) = Served::start(setup).map_err(start)?;
    let served = Arc::new(served);
    let ended = runtime.block_on(run(&options.address, &options.faults, &served, failure));
    // Calls that are still being answered are cut off, and recorded as such.
    runtime.shutdown_background();
    served.finish();
    ended
}

async fn run(
    address: &Address,
    faults: &Arc<Faults>,
    served: &Arc<Served>,
    failure: Failure,
) -> Result<(), ServeError> {
    // From here on a signal ends the agent and not the process.
    let signals = Signals::catch().map_err(start)?;
    let uri = address.to_string();
    let listener = Listener::bind(address).map_err(|reason| ServeError::Bind {
        uri: uri.clone(),
        reason,
    })?;
    // The file is removed when this is dropped.
    let (socket, _file) = listener.into_parts();
    let is_vsock = matches!(address, Address::Vsock(_));
    announce(&uri, faults, served.orders());
    tokio::select! {
        () = signals.any() => Ok(()),
        ended = accept::accept(socket, is_vsock, served) => ended.map_err(start),
        failure = failure => {
            // The caller is not at fault: the call of the lost line is answered.
            tokio::time::sleep(LAST_ANSWERS).await;
            failure.map_or(Ok(()), |error| Err(ServeError::Output(error)))
        }
    }
}

fn start(error: io::Error) -> ServeError {
    ServeError::Start(input::reason(&error))
}

fn announce(uri: &str, faults: &Arc<Faults>, orders: Arc<dyn Orders + Send + Sync>) {
    let mut told = rules::tell_seed(faults);
    // Scripts wait for this line; one that closed standard error does not.
    say(format_args!("listening on {uri}"));
    let faults = Arc::clone(faults);
    let obeys = control::listen(move |line| {
        let mut files = Files(Inputs::without_standard_input());
        let shown = faults.control(line, &mut files, orders.as_ref());
        told = told || rules::tell_seed(&faults);
        shown.map_err(|error| error.to_string())
    });
    if let Err(error) = obeys {
        let reason = input::reason(&error);
        say(format_args!(
            "warning: standard input is not read: {reason}"
        ));
    }
}

impl From<ServeError> for Error {
    fn from(error: ServeError) -> Self {
        let kind = match &error {
            ServeError::Bind {
                reason: BindError::Scheme,
                ..
            } => Kind::Usage,
            ServeError::Output(error) => Kind::of_output(error),
            ServeError::Bind { .. } | ServeError::Start(_) => Kind::Connection,
        };
        Self::new(kind, error)
    }
}
