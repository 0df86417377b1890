//! An agent on a socket that it is handed, with faults and a log of its calls.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use agent_faults::Faults;
use agent_schema::Schema;

use super::agent::Agent;
use super::handlers::services;
use super::in_process;
use super::notice::Notify;
use super::options::GuestOptions;
use super::private;
use super::record::{Failure, Recorder};
use super::relay::{self, Connections, Relay};
use super::watch::Watch;

/// How long calls may still take after the log has failed.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How long to wait for whoever reads the log, after the end.
const LAST_LINES: Duration = Duration::from_secs(1);

/// An agent that is to be served.
pub struct Setup {
    /// The RPCs that it answers.
    pub schema: &'static Schema,
    /// The guest that it pretends to be in.
    pub guest: GuestOptions,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Takes a line of JSON for each call, before its answer goes out. It is
    /// written to by a thread of its own, and may block.
    pub log: Box<dyn Write + Send>,
    /// Is told what the user should know.
    pub notify: Notify,
}

/// Why serving did not begin, or ended before it was to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The server cannot be set up.
    #[error("cannot start the simulated agent: {0}")]
    Start(String),
    /// The log cannot be written.
    #[error("cannot write the log of calls: {}", agent_text::reason(.0))]
    Log(io::Error),
}

/// Serves on a thread of this process until it is told to stop.
///
/// `open` is called first, within a Tokio runtime, and gives a socket that
/// listens and does not block, and a future that is done when serving is to end.
/// `ready` is called when connections are about to be accepted.
///
/// # Errors
/// Those of `open`, and as [`ServeError`] lists them.
pub fn serve<E, S>(
    setup: Setup,
    open: impl FnOnce() -> Result<(OwnedFd, S), E>,
    ready: impl FnOnce(&Arc<Agent>),
) -> Result<(), E>
where
    E: From<ServeError>,
    S: Future<Output = ()>,
{
    relay::raise_file_limit();
    let runtime = in_process::runtime().map_err(start)?;
    let (recorder, log_failure) = Recorder::start(setup.schema, setup.log).map_err(start)?;
    let watch = Watch {
        recorder: recorder.clone(),
        faults: setup.faults,
        connections: Arc::new(Connections::default()),
    };
    let agent = Arc::new(Agent::new(setup.guest, Some(watch)));
    let result = runtime.block_on(async {
        let (listener, stop) = open()?;
        let ready = || ready(&agent);
        let served = run(
            setup.schema,
            &agent,
            listener,
            setup.notify,
            ready,
            log_failure,
        );
        tokio::select! {
            () = stop => Ok(()),
            ended = served => Ok(ended?),
        }
    });
    // Calls that are still being answered are cut off, and recorded as such.
    runtime.shutdown_background();
    recorder.finish(LAST_LINES);
    result
}

/// Serves until the log takes no more, which is an error.
async fn run(
    schema: &'static Schema,
    agent: &Arc<Agent>,
    listener: OwnedFd,
    notify: Notify,
    ready: impl FnOnce(),
    log_failure: Failure,
) -> Result<(), ServeError> {
    // It lives to the end, and is then dropped: its own shutdown would wait for calls.
    let server = private::start(services(schema, agent)).await;
    let (mut server, address) = server.map_err(start)?;
    let connections = agent.watch().map(|watch| Arc::clone(&watch.connections));
    let connections = connections.unwrap_or_default();
    let relay = Relay::new(&address, Arc::clone(&connections)).map_err(start)?;
    let relay = relay.run(listener, notify);
    ready();

    tokio::select! {
        ended = relay => ended.map_err(start),
        failure = log_failure => {
            // The caller is not at fault: the call of the lost line is answered.
            let answered = async {
                server.disconnect().await;
                connections.none().await;
            };
            let _ = tokio::time::timeout(LAST_ANSWERS, answered).await;
            failure.map_or(Ok(()), |error| Err(ServeError::Log(error)))
        }
    }
}

fn start(error: impl Into<Box<dyn std::error::Error>>) -> ServeError {
    let error = error.into();
    ServeError::Start(match error.downcast_ref() {
        Some(error) => agent_text::reason(error),
        None => error.to_string(),
    })
}
