//! A load test of an agent: calls at a fixed rate or as fast as they are
//! answered, and how long they took. Only this file knows all the parts: what to
//! call (`mix`), when (`pace`), over which connections (`engine`), and what
//! became of it (`tally`).

mod engine;
mod histogram;
mod lanes;
mod limit;
mod mix;
mod pace;
mod report;
mod tally;

use std::io;
use std::time::Duration;

use crate::client::{ConnectError, ConnectOptions};
use crate::transport::Address;

pub use histogram::Histogram;
pub use limit::{Limit, LimitError};
pub use mix::{Mix, MixError};
pub use report::{Report, ReportFormat, svg};

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
    /// How many calls become due in each second, over all connections; `None`
    /// makes the next call when one is answered.
    pub rate: Option<f64>,
    /// How long calls are measured.
    pub duration: Duration,
    /// How long calls are made before that.
    pub warm_up: Duration,
    /// The most calls to measure, if there is such a number.
    pub calls: Option<u64>,
    /// After which time a call is given up, if it is.
    pub timeout: Option<Duration>,
}

/// Why a load test could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Not every connection could be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connections cannot be watched.
    #[error("cannot watch the connections: {}", crate::input::reason(.0))]
    Watch(io::Error),
}

/// Runs a load test to its end, or until a signal comes. `show` is told some ten times
/// a second how far it is, in a line of words.
///
/// # Errors
/// When it could not begin.
pub fn run(
    options: &Options,
    mix: &mut Mix,
    show: Option<&mut dyn FnMut(String)>,
) -> Result<Report, BenchError> {
    let engine = engine::Engine::start(options, mix)?;
    let outcome = engine.run(show);
    Ok(Report::new(options, mix, outcome))
}
