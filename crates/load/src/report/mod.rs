//! What a load test found, ready to be shown: for people as text and as a drawing, for
//! programs as JSON and CSV.

mod data;
mod svg;
mod text;

use std::time::Duration;

use crate::engine::{Outcome, Stopped};
use crate::histogram::Histogram;
use crate::tally::{Failure, Figures, Tally};
use crate::{Command, Limit, Options};

pub use svg::svg;

/// The percentiles of every report, as shares of the calls, with their names.
const PERCENTILES: [(f64, &str); 6] = [
    (0.5, "p50"),
    (0.9, "p90"),
    (0.95, "p95"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
];

/// A histogram's figures in the order of every report: the least, the mean, the
/// percentiles, the most.
fn latencies(latency: &Histogram) -> impl Iterator<Item = u64> {
    let percentiles = PERCENTILES
        .iter()
        .map(|(share, _)| latency.quantile(*share));
    [latency.min(), latency.mean()]
        .into_iter()
        .chain(percentiles)
        .chain([latency.max()])
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For reading.
    #[default]
    Text,
    /// One JSON object, times in nanoseconds.
    Json,
    /// A table with a line for all calls and for each command, times in nanoseconds.
    Csv,
}

/// What a load test found.
#[derive(Debug)]
pub struct Report {
    address: String,
    connections: usize,
    in_flight: usize,
    rate: Option<f64>,
    warm_up: Duration,
    commands: Vec<Command>,
    tally: Tally,
    stopped: Stopped,
    unconnected: Duration,
    cpu_time: Duration,
    cpu_calls: u64,
}

impl Report {
    pub(crate) fn new(options: &Options, commands: &[Command], outcome: Outcome) -> Report {
        Report {
            address: options.address.to_string(),
            connections: options.connections,
            in_flight: options.in_flight,
            rate: options.rate,
            warm_up: options.warm_up,
            commands: commands.to_vec(),
            tally: outcome.tally,
            stopped: outcome.stopped,
            unconnected: outcome.unconnected,
            cpu_time: outcome.cpu_time,
            cpu_calls: outcome.cpu_calls,
        }
    }

    /// The report in one of its forms, with its last newline.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text => text::render(self),
            Format::Json => data::json(self),
            Format::Csv => data::csv(self),
        }
    }

    /// Whether a signal ended the load test.
    pub fn is_interrupted(&self) -> bool {
        self.stopped == Stopped::Interrupted
    }

    /// Whether it ended because no connection was left.
    pub fn has_lost_connection(&self) -> bool {
        self.stopped == Stopped::NoConnection
    }

    /// The conditions that hold, as they were written, each with what was found.
    pub fn failed(&self, limits: &[Limit]) -> Vec<String> {
        let all = &self.tally.all;
        let held = limits.iter().filter(|limit| limit.holds(all));
        held.map(|limit| limit.verdict(all)).collect()
    }

    /// The figures of all calls, then those of each command.
    fn rows(&self) -> impl Iterator<Item = (&str, &Figures)> {
        let names = self.commands.iter().map(|command| command.name.as_str());
        std::iter::once(("all", &self.tally.all)).chain(names.zip(&self.tally.commands))
    }

    /// The rows to show: those of one command alone are as those of all, unless calls never
    /// began, which are of no command.
    fn shown_rows(&self) -> impl Iterator<Item = (&str, &Figures)> {
        let is_all = match self.tally.commands.as_slice() {
            [only] => only.calls() == self.tally.all.calls(),
            _ => false,
        };
        self.rows().skip(usize::from(is_all))
    }

    /// How the first call that failed did so.
    pub fn first_failure(&self) -> Option<&Failure> {
        self.tally.first_failure.as_ref()
    }

    /// Whether any call succeeded.
    pub fn has_success(&self) -> bool {
        self.tally.all.ok > 0
    }

    /// Processor time of this process for each call.
    fn cpu_per_call(&self) -> Duration {
        let nanoseconds = self.cpu_time.as_nanos() / u128::from(self.cpu_calls.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}
