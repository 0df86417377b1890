//! A load test of an agent: calls at a fixed rate or as fast as they are answered, and
//! how long they took. What to call comes from whoever uses this library, by the trait
//! [`Calls`]; requests and answers are bytes here.
//!
//! The parts: when a call is due and which one it is (`schedule`), over which
//! connection it goes (`connections`), what became of it (`tally`), the loop that
//! drives them (`engine`), and what is told of it in the end (`report`, `limit`).

#![forbid(unsafe_code)]

mod connections;
mod engine;
mod histogram;
mod limit;
mod report;
mod schedule;
mod tally;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use agent_client::{Address, ConnectError, ConnectOptions};

pub use limit::{Limit, LimitError};
pub use report::{Format, Report, svg};
pub use tally::Failure;

/// What a load test is to do.
#[derive(Debug)]
pub struct Options {
    /// Where the agent listens.
    pub address: Address,
    /// How connections are made.
    pub connect: ConnectOptions,
    /// How many connections, at least 1.
    pub connections: usize,
    /// How many calls may be in flight on each, at least 1.
    pub in_flight: usize,
    /// How many calls become due in each second, over all connections, above 0;
    /// `None` makes the next call when one is answered.
    pub rate: Option<f64>,
    /// How long calls are measured.
    pub duration: Duration,
    /// How long calls are made before that.
    pub warm_up: Duration,
    /// The most calls to measure, if there is such a number.
    pub calls: Option<u64>,
    /// After which time a call is given up, if it is.
    pub timeout: Option<Duration>,
    /// ttRPC metadata that goes with each call.
    pub metadata: Vec<(String, String)>,
}

/// One kind of call of a load test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// How a report calls it.
    pub name: String,
    /// Its share of all calls, over the sum of all weights; 1 to 1,000,000.
    pub weight: u32,
}

/// A request, ready to be sent.
#[derive(Debug)]
pub struct Request<'a> {
    /// Full name of the service, such as `grpc.AgentService`.
    pub service: &'a str,
    /// The RPC's name.
    pub method: &'a str,
    /// The encoded request.
    pub payload: Cow<'a, [u8]>,
}

/// Gives the requests of a load test, and judges the answers. Commands are meant by
/// their index in [`Calls::commands`].
pub trait Calls {
    /// What to call, at least one command.
    fn commands(&self) -> &[Command];

    /// The next request of a command.
    ///
    /// # Errors
    /// Why none can be made; the call counts as lost.
    fn request(&mut self, command: usize) -> Result<Request<'_>, String>;

    /// Looks at a command's answer.
    ///
    /// # Errors
    /// Why the bytes are not an answer of this RPC.
    fn judge(&self, command: usize, answer: &[u8]) -> Result<(), String>;
}

/// Why a load test could not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not every connection could be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connections cannot be watched.
    #[error("cannot watch the connections: {}", agent_text::reason(.0))]
    Watch(io::Error),
}

/// Runs a load test to its end, or until a signal comes. `show` is told some ten times
/// a second how far it is, in a line of words.
///
/// # Errors
/// When it could not begin.
pub fn run(
    options: &Options,
    calls: &mut dyn Calls,
    show: Option<&mut dyn FnMut(String)>,
) -> Result<Report, StartError> {
    let engine = engine::Engine::start(options, calls)?;
    let outcome = engine.run(show);
    Ok(Report::new(options, calls.commands(), outcome))
}
