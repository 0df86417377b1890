//! The flags of what is of use on a node.

use std::time::Duration;

use clap::{ValueEnum, ValueHint};

use super::Address;
use crate::duration;
use crate::exec::DetachKeys;

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
    /// How it is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// Find out why an agent does not answer, stage by stage
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without an address or a sandbox it is about the only sandbox of this host.
The exit status is 0, or 1 where a stage failed.")]
pub struct Doctor {
    /// How it is asked.
    #[command(flatten)]
    pub asked: Asked,
}

/// An agent that is asked what it can do
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// How long the agent may take for each answer; 0 waits forever
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub timeout: Duration,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// How the result is shown
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ListFormat,
}

impl Asked {
    /// How long the agent may take for each answer, if there is a limit.
    pub fn patience(&self) -> Option<Duration> {
        Some(self.timeout).filter(|limit| *limit != Duration::ZERO)
    }
}

/// Run a process in a container, through its agent alone
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXIT_STATUS,
    override_usage = "kata-agent-ctl exec [OPTIONS] <CONTAINER> [--] <COMMAND>..."
)]
pub struct Exec {
    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// Pass standard input on to the process
    #[arg(short, long)]
    pub interactive: bool,

    /// Give the process a terminal
    #[arg(short, long)]
    pub tty: bool,

    /// A variable for the process, beside the container's own; NAME alone takes the value from
    /// here; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// Whom it runs as: USER or USER:GROUP, by numbers or by names of the container [default: as
    /// the container]
    #[arg(short, long)]
    pub user: Option<String>,

    /// The folder that it runs in [default: the container's]
    #[arg(short, long, value_name = "DIR")]
    pub workdir: Option<String>,

    /// How long it may run before it is killed [default: forever]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub timeout: Option<Duration>,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// The keys that leave the process alone, with -i and -t [default: ctrl-p,ctrl-q]
    #[arg(
        long,
        value_name = "KEYS",
        default_value = "ctrl-p,ctrl-q",
        hide_default_value = true
    )]
    pub detach_keys: DetachKeys,

    /// The new process's ID within the container [default: a random one]
    #[arg(long, value_name = "ID")]
    pub exec_id: Option<String>,

    /// The beginning of a container's ID, namespace/pod/container, or namespace/pod where that
    /// has only one
    pub container: String,

    /// The program and its arguments, all that follows it among them
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

const EXIT_STATUS: &str = "\
Exit status:
  that of the process; 128 and the signal's number where a signal ended it
  125               the process could not be run, for a mistake on the command line too, or the
                    agent was lost
  126               the program cannot be run
  127               the program was not found
  0                 the process was left alone, and lives on
  130               interrupted before the process was there, or where the agent does not react
  141               whoever read its output has gone";

/// How something is shown that is not a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For reading
    Text,
    /// As one JSON document
    Json,
}
