//! The flags of what is of use on a node.

use std::time::Duration;

use clap::{ValueEnum, ValueHint};

use super::Address;
use crate::duration;

/// List the Kata sandboxes of this host
#[derive(Debug, clap::Args)]
pub struct Sandboxes {
    /// Where the host's files are, such as /host in a debug pod
    #[arg(long, value_name = "DIR", default_value = "/", value_hint = ValueHint::DirPath)]
    pub host_root: String,

    /// How they are listed
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ListFormat,
}

/// Find out which RPCs of this build an agent has, without running any of them
#[derive(Debug, clap::Args)]
pub struct Probe {
    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// How long the agent may take to answer
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub timeout: Duration,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// How the result is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ListFormat,
}

/// How something is shown that is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For reading
    Text,
    /// As one JSON document
    Json,
}
