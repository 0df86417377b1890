//! The options of `proxy`, `capture`, `show`, `replay` and `diff`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ValueEnum, ValueHint};

use super::Address;
#[cfg(feature = "node")]
use super::OnHost;
use super::rules::{FAULTS, Rules};
use crate::duration;

const PROXY: &str = "\
Examples:
  kata-agent-ctl proxy --listen unix:///tmp/seen.sock --to vsock://3:1024 -w calls.jsonl
  kata-agent-ctl proxy --interpose /run/vc/vm/ID/clh.sock -w calls.jsonl
A recording holds what passes, secrets in environments and files among it. Only its owner may
read it.";

/// Stand between a runtime and an agent, and print each call
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{PROXY}\n\n{FAULTS}"))]
pub struct Proxy {
    /// Where to listen: an address as connect takes it
    #[arg(long, value_name = "URI", required_unless_present = "interpose")]
    pub listen: Option<String>,

    /// The agent: an address as connect takes it
    #[arg(long, value_name = "URI")]
    #[cfg_attr(feature = "node", arg(
        required_unless_present_any = ["interpose", "sandbox"],
        conflicts_with = "sandbox",
    ))]
    #[cfg_attr(not(feature = "node"), arg(required_unless_present = "interpose"))]
    pub to: Option<String>,

    /// In place of it.
    #[cfg(feature = "node")]
    #[command(flatten)]
    pub on_host: OnHost,

    /// Take the place of a hypervisor's socket, and give it back at the end
    #[arg(long, value_name = "SOCKET", conflicts_with_all = ["listen", "to"], value_hint = ValueHint::FilePath)]
    #[cfg_attr(feature = "node", arg(conflicts_with = "sandbox"))]
    pub interpose: Option<PathBuf>,

    /// The guest's port that the agent listens on; what is said to other ports passes unseen
    #[arg(long, value_name = "PORT", default_value_t = crate::transport::AGENT_PORT, value_parser = number())]
    pub port: u32,

    /// Record what passes in this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,

    /// What goes wrong.
    #[command(flatten)]
    pub rules: Rules,
}

/// A port or a context ID of one: neither 0 nor what stands for "any".
fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..i64::from(u32::MAX))
}

const CAPTURE: &str = "\
Examples:
  kata-agent-ctl capture --sandbox kube-system/web -w calls.jsonl
  kata-agent-ctl capture --cid 3
It needs root, as it makes a vsockmon link and removes it again. A hypervisor with hybrid vsock has
no vsock on the host: proxy --interpose is for those.";

/// See each call over vsock without standing in between
#[derive(Debug, clap::Args)]
#[command(after_help = CAPTURE)]
pub struct Capture {
    /// Which guest.
    #[cfg(feature = "node")]
    #[command(flatten)]
    pub on_host: OnHost,

    /// The agent of the guest with this context ID alone [default: all guests]
    #[arg(long, value_name = "N", value_parser = number())]
    #[cfg_attr(feature = "node", arg(conflicts_with = "sandbox"))]
    pub cid: Option<u32>,

    /// The guest's port that the agent listens on
    #[arg(long, value_name = "PORT", default_value_t = crate::transport::AGENT_PORT, value_parser = number())]
    pub port: u32,

    /// Record what passes in this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,
}

const SHOW: &str = "\
Examples:
  kata-agent-ctl show calls.jsonl
  kata-agent-ctl show -o html calls.jsonl > calls.html
  kata-agent-ctl show -o pcapng calls.jsonl > calls.pcapng
  kata-agent-ctl show --wireshark > ttrpc.lua; wireshark -X lua_script:ttrpc.lua calls.pcapng";

/// Show a recording
#[derive(Debug, clap::Args)]
#[command(after_help = SHOW)]
pub struct Show {
    /// The recording; - for standard input
    #[arg(
        value_name = "FILE",
        required_unless_present = "wireshark",
        conflicts_with = "wireshark",
        value_hint = ValueHint::FilePath
    )]
    pub file: Option<PathBuf>,

    /// Print a dissector in Lua that makes Wireshark show these calls, and those of any vsock
    /// capture
    #[arg(long, conflicts_with_all = ["output", "verbose"])]
    pub wireshark: bool,

    /// text: a line for each call; jsonl: each call as a line of JSON; html: a page for a browser;
    /// pcapng: a capture for Wireshark
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: ShowFormat,

    /// Show the messages of each call too
    #[arg(short, long)]
    pub verbose: bool,
}

/// How a recording is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// A table for a terminal.
    Text,
    /// Lines of JSON.
    Jsonl,
    /// One page for a browser.
    Html,
    /// A capture for Wireshark.
    Pcapng,
}

/// Make recorded calls again on another agent
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// The recording; - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// How long a call may take: 500ms, 5s, 2m; 0 waits forever [default: as its caller gave it]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = duration::parse)]
    pub timeout: Option<Duration>,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", allow_hyphen_values = true, value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// How many times as fast as recorded: 1, 0.5, 10 [default: as fast as the agent answers]
    #[arg(long, value_name = "X", value_parser = speed)]
    pub speed: Option<f64>,

    /// Go on after an answer whose status is not the recorded one
    #[arg(long)]
    pub ignore_errors: bool,

    /// Record the calls in this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,
}

/// Show what the calls of two recordings differ in
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// A recording
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub first: PathBuf,

    /// Another one
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub second: PathBuf,

    /// text, or json for scripts
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: DiffFormat,
}

/// How differences are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Lines for people.
    Text,
    /// One JSON list.
    Json,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("a speed is a number above 0, such as 1 or 0.5".to_owned()),
    }
}
