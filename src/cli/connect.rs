//! The options of `connect`, and in which order its commands and scripts were
//! given.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, ValueHint};

use super::Address;
use crate::builtin::{self, Times};
use crate::duration;
use crate::printer::Format;
pub use crate::session::Source;
use crate::statuses;
use crate::text::size;
use crate::transport::guest_port;

const COMMANDS: &str = "\
Commands:
  NAME                           an RPC with its defaults and automatic values
  NAME field=value ...           fields, set from left to right
  NAME json://{...}              a request as JSON; file:///path.json reads it
  help                           shows the built-in commands
  \"kata-agent-ctl list\" shows the RPCs, and \"kata-agent-ctl describe NAME\" one of them.

Exit status:";

/// Connect to an agent and run API commands
#[derive(Debug, clap::Args)]
#[command(args_override_self = true, after_help = format!("{COMMANDS}{}", statuses::listed()))]
pub struct Connect {
    /// Which agent.
    #[command(flatten)]
    pub address: Address,

    /// Treat a unix:// address as a hybrid vsock socket
    #[arg(long, action = ArgAction::Set)]
    pub hybrid_vsock: bool,

    /// The guest's port behind a hybrid vsock socket [default: 1024]
    #[arg(long, value_name = "PORT", allow_hyphen_values = true, value_parser = guest_port)]
    pub hybrid_vsock_port: Option<u32>,

    /// Commands to run in order, for example Check or 'StartContainer cid=web'; may be repeated
    #[arg(short, long, value_name = "COMMAND", num_args = 1..)]
    pub cmd: Vec<String>,

    /// Commands from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub script: Vec<String>,

    /// Open a prompt with line editing, history and Tab completion, after running the
    /// commands that were given; on a terminal, the default without any
    #[arg(short, long, action = ArgAction::Set)]
    pub interactive: bool,

    /// Send exactly what was given: no automatic or remembered values
    #[arg(short, long, action = ArgAction::Set)]
    pub no_auto_values: bool,

    /// Take documents with fields that this build does not know, and leave those out, with a
    /// warning of each
    #[arg(long, action = ArgAction::Set)]
    pub allow_unknown_fields: bool,

    /// An OCI bundle: its config.json fills what commands leave out of OCI in
    /// CreateContainer and of process in ExecProcess
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle_dir: Option<String>,

    /// Send a bundle's configuration as it is: leave in what is for a host and not for a
    /// guest, and add nothing
    #[arg(long, action = ArgAction::Set)]
    pub bundle_as_is: bool,

    /// How much an image may take on disk, for example 500MiB or 16GiB
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size::parse)]
    pub image_limit: u64,

    /// How long a call may take once there is a connection: 500ms, 5s, 2m, or
    /// nanoseconds; 0 waits forever
    #[arg(long, value_name = "TIME", default_value = "0", allow_hyphen_values = true, value_parser = duration::parse)]
    pub timeout: Duration,

    /// How long to keep trying to connect; 0 tries once
    #[arg(long, value_name = "TIME", default_value = "3s", allow_hyphen_values = true, value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// Go on after a failed command; the exit status is that of the first failure
    #[arg(long, action = ArgAction::Set)]
    pub ignore_errors: bool,

    /// Check everything and print each request; send nothing
    #[arg(long, action = ArgAction::Set)]
    pub dry_run: bool,

    /// Run each command N times; -1 until Ctrl-C
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true,
          value_parser = builtin::times)]
    pub repeat: Times,

    /// How responses are printed: json, jsonl (one line each), text (for reading), raw (the
    /// bytes of the only bytes or string field), hex (the encoded message) or serde (as Rust's
    /// serde writes messages, which a guest's policy log and policies' test cases have)
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    pub output: Format,

    /// Show fields that are at their default too
    #[arg(long, action = ArgAction::Set)]
    pub emit_defaults: bool,

    /// Show each request, its metadata and the time it took on standard error
    #[arg(short, long, action = ArgAction::Set)]
    pub verbose: bool,

    /// ttRPC metadata for each call; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub metadata: Vec<(String, String)>,

    /// Commands and scripts in the order given.
    #[arg(skip)]
    pub sources: Vec<Source>,
}

/// The options that may be bare or carry `true` or `false`, as scripts write both.
pub(super) const FLAGS: [&str; 9] = [
    "hybrid_vsock",
    "interactive",
    "no_auto_values",
    "allow_unknown_fields",
    "bundle_as_is",
    "ignore_errors",
    "dry_run",
    "emit_defaults",
    "verbose",
];

/// The sub-command's options, with its flags as scripts write them.
pub(super) fn define(connect: Command) -> Command {
    let connect = Connect::augment_args(connect);
    FLAGS
        .iter()
        .fold(connect, |connect, flag| connect.mut_arg(flag, as_flag))
}

fn as_flag(option: Arg) -> Arg {
    option
        .num_args(0..=1)
        .value_name("BOOL")
        .required(false)
        .default_value("false")
        .default_missing_value("true")
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// The commands and scripts of `connect` in the order they were given.
pub(super) fn sources(matches: &ArgMatches) -> Vec<Source> {
    let of = |name: &str, source: fn(String) -> Source| {
        let values = matches
            .get_many::<String>(name)
            .into_iter()
            .flatten()
            .cloned();
        let indices = matches.indices_of(name).into_iter().flatten();
        indices.zip(values.map(source)).collect::<Vec<_>>()
    };
    let mut all = of("cmd", Source::Command);
    for (index, script) in of("script", Source::Script) {
        let place = all.partition_point(|(other, _)| *other < index);
        all.insert(place, (index, script));
    }
    all.into_iter().map(|(_, source)| source).collect()
}

pub(super) fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("metadata is written KEY=VALUE".to_owned()),
    }
}
