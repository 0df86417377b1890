//! The flags of `bench`.

use std::time::Duration;

use agent_load::{Format, Limit};
use clap::{ValueEnum, ValueHint};

use super::Address;
use crate::duration;
use crate::statuses;
use crate::text::size;

const NOTES: &str = "\
Without --rate each answer is followed by the next call, so a slow agent gets fewer calls. With
--rate, calls become due whatever the agent does, and latency is counted from then, so that an agent
that stalls shows in the figures. Every call has automatic values of its own.

Exit status:";

/// Make many calls and report how long they took
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{NOTES}{}", statuses::listed()))]
pub struct Bench {
    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// Calls to make, for example Check, or '9x Check' beside '1x GetGuestDetails'; may be repeated
    #[arg(short, long, value_name = "COMMAND", num_args = 1..)]
    pub cmd: Vec<String>,

    /// How many connections to make
    #[arg(long, value_name = "N", default_value = "1", value_parser = count)]
    pub connections: usize,

    /// How many calls may be in flight on each connection
    #[arg(long, value_name = "N", default_value = "1", value_parser = count)]
    pub in_flight: usize,

    /// How many calls become due in each second, over all connections [default: as many as are
    /// answered]
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    pub rate: Option<f64>,

    /// How long to measure [default: 10s, or until --calls have been made]
    #[arg(long, value_name = "TIME", value_parser = positive)]
    pub duration: Option<Duration>,

    /// Stop after this many measured calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub calls: Option<u64>,

    /// How long to make calls before measuring
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    pub warmup: Duration,

    /// How long a call may take; 0 waits forever
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    pub timeout: Duration,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// Send exactly what was given: no automatic values
    #[arg(short, long)]
    pub no_auto_values: bool,

    /// An OCI bundle, as for connect
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle_dir: Option<String>,

    /// Send a bundle's configuration as it is, as for connect
    #[arg(long)]
    pub bundle_as_is: bool,

    /// How much an image may take on disk, as for connect
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size::parse)]
    pub image_limit: u64,

    /// ttRPC metadata for each call; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = super::connect::key_and_value)]
    pub metadata: Vec<(String, String)>,

    /// How the report is printed
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ReportFormat,

    /// Draw the latencies by percentile into this SVG file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<String>,

    /// A condition under which the exit status is 5, such as 'p99>5ms', 'errors>0.1%' or
    /// 'throughput<500'; may be repeated
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Limit>,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReportFormat {
    /// For reading
    Text,
    /// One JSON object, times in nanoseconds
    Json,
    /// A table with a line for all calls and for each command, times in nanoseconds
    Csv,
}

impl From<ReportFormat> for Format {
    fn from(format: ReportFormat) -> Format {
        match format {
            ReportFormat::Text => Format::Text,
            ReportFormat::Json => Format::Json,
            ReportFormat::Csv => Format::Csv,
        }
    }
}

/// From 1 to 1,000,000.
fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1_000_000) => Ok(number),
        _ => Err("it is a whole number from 1 to 1000000".to_owned()),
    }
}

/// A time above 0.
fn positive(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err("the time to measure must be longer than 0".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

/// Above 0, and at most a call each nanosecond.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 1e9 => Ok(rate),
        _ => Err("it is a number of calls above 0, at most 1000000000".to_owned()),
    }
}
