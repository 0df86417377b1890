//! The flags of `serve`.

use std::path::PathBuf;

use clap::ValueHint;

use crate::sim::Feature;

/// Run the simulated agent until Ctrl-C
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen: unix:///path, unix://@name or vsock://-1:PORT
    #[arg(long, value_name = "URI")]
    pub address: String,

    /// What the agent and its guest have beyond the default: policy, mem-agent,
    /// iptables; separated by commas, or repeated
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = str::parse::<Feature>)]
    pub feature: Vec<Feature>,

    /// A folder that holds the guest's files: what CopyFile copies to PATH is
    /// DIR/PATH. Without it they are in memory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,
}
