//! The flags of what is of use on a node.

use clap::{ValueEnum, ValueHint};

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

/// How something is shown that is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For reading
    Text,
    /// As one JSON document
    Json,
}
