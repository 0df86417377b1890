//! The flags of `serve`.

use std::path::PathBuf;

use clap::ValueHint;

use agent_sim::Feature;

use super::rules::{FAULTS, Rules};

/// Run the simulated agent until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = format!(
    "{FAULTS}\n  Such lines are read from standard input too while the agent runs, where \"help\" shows more."
))]
pub struct Serve {
    /// Where to listen: an address as connect takes it, such as unix:///path or
    /// hvsock:///path:PORT; vsock://-1:PORT for any context ID of this machine
    #[arg(short = 'a', long, alias = "server-address", value_name = "URI")]
    pub address: String,

    /// Features that the agent and its guest do not have by default: policy, mem-agent,
    /// iptables; separated by commas, or repeated
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = str::parse::<Feature>)]
    pub feature: Vec<Feature>,

    /// Keep the guest's files in this folder: what CopyFile copies to PATH is
    /// DIR/PATH. Otherwise they are in memory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// Run the processes of containers on this machine, as this user; do not use it with
    /// callers that you do not trust
    #[arg(long)]
    pub run_processes: bool,

    /// Allow --run-processes for root
    #[arg(long, requires = "run_processes")]
    pub allow_root: bool,

    /// Answer as the agent of this recording did, by RPC and request, in order
    #[cfg(feature = "tap")]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["feature", "root", "run_processes"])]
    pub from: Option<PathBuf>,

    /// What goes wrong.
    #[command(flatten)]
    pub rules: Rules,
}
