//! The body of the `serve` sub-command: the simulated agent on an address, with a
//! log of its calls on standard output, until a signal ends it. Lines of standard
//! input change it meanwhile.

mod control;

use std::io;
use std::sync::Arc;

use crate::error::{Error, Kind};
use crate::input::{Inputs, field};
use crate::log::say;
use crate::schema::{Content, Dialect, Schema};
use crate::transport::Address;
use agent_faults::{Faults, Reader, ReaderError};
use agent_sim::{Agent, GuestOptions, Notice, Setup};

use crate::listen::{BindError, Listener};
use crate::signals::Signals;

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
    /// The log cannot be written.
    #[error("cannot write to standard output: {}", crate::input::reason(.0))]
    Output(io::Error),
    /// The agent cannot be set up.
    #[error("cannot start the simulated agent: {0}")]
    Start(String),
}

impl From<agent_sim::ServeError> for ServeError {
    fn from(error: agent_sim::ServeError) -> ServeError {
        match error {
            agent_sim::ServeError::Start(reason) => ServeError::Start(reason),
            agent_sim::ServeError::Log(error) => ServeError::Output(error),
        }
    }
}

/// Serves the RPCs of `schema` until SIGINT, SIGTERM or SIGHUP comes. Once
/// connections can be made, `listening on URI` is printed on standard error.
///
/// # Errors
/// As [`ServeError`] lists them.
pub fn serve(options: ServeOptions, schema: &'static Schema) -> Result<(), ServeError> {
    let uri = options.address.to_string();
    let setup = Setup {
        schema,
        guest: options.guest,
        faults: Arc::clone(&options.faults),
        log: Box::new(io::stdout()),
        notify: Box::new(|notice: Notice| say(format_args!("warning: {notice}"))),
    };
    // The file is removed when this is dropped.
    let mut _file = None;
    let open = || {
        // From here on a signal ends the agent and not the process.
        let signals =
            Signals::catch().map_err(|error| ServeError::Start(crate::input::reason(&error)))?;
        let listener = Listener::bind(&options.address).map_err(|reason| ServeError::Bind {
            uri: uri.clone(),
            reason,
        })?;
        let socket;
        (socket, _file) = listener.into_parts();
        Ok((socket, signals.any()))
    };
    let ready = |agent: &Arc<Agent>| announce(&uri, &options.faults, agent);
    agent_sim::serve(setup, open, ready)
}

fn announce(uri: &str, faults: &Arc<Faults>, agent: &Arc<Agent>) {
    let mut told = tell_seed(faults);
    // Scripts wait for this line; one that closed standard error does not.
    say(format_args!("listening on {uri}"));
    let (faults, agent) = (Arc::clone(faults), Arc::clone(agent));
    let obeys = control::listen(move |line| {
        let mut inputs = Inputs::without_standard_input();
        let shown = faults.control(line, &mut inputs, agent.as_ref());
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

/// How the values of rules are written: the proto's own spellings, and files.
struct PlainWithFiles;

impl Dialect for PlainWithFiles {
    fn file(&self, path: &str) -> Content {
        Ok(field::read(path)?)
    }
}

impl Reader for Inputs {
    fn text(&mut self, name: &str) -> Result<String, ReaderError> {
        Ok(Inputs::text(self, name)?)
    }

    fn dialect(&self) -> &dyn Dialect {
        &PlainWithFiles
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
