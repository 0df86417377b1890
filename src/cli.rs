//! The command line's definition: sub-commands, options, and in which order
//! commands and scripts were given. Values are checked where that needs no
//! knowledge of the protos.

use std::time::Duration;

use clap::{
    Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};

use crate::builtin::{self, Times};
use crate::duration;
use crate::log::Level;
use crate::printer::Format;

/// The arguments of one run.
#[derive(Debug, Parser)]
#[command(
    name = "kata-agent-ctl",
    about = "Make any call to a Kata Containers agent, and see the answer",
    after_help = "A call can break a running sandbox: this tool is for testing.",
    max_term_width = 100
)]
pub struct Cli {
    /// How much is logged on standard error
    #[arg(
        short,
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "warn"
    )]
    pub log_level: Level,

    /// Errors as a line of text or as a JSON object
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub error_format: ErrorFormat,

    /// What to do
    #[command(subcommand)]
    pub command: SubCommand,
}

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ErrorFormat {
    /// One line for a person.
    #[default]
    Text,
    /// One JSON object on a line of its own.
    Json,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum SubCommand {
    /// Connect to an agent and run API commands
    Connect(Box<Connect>),
    /// List every RPC with its request and response
    List {
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show an RPC, a message, an enum or a service
    Describe {
        /// For example GetGuestDetails, grpc.AgentService/GetGuestDetails, Storage
        name: String,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print a complete JSON request, ready to edit and send with file://
    Template {
        /// An RPC or a message
        name: String,
    },
    /// Run the simulated agent until Ctrl-C
    Serve(Serve),
    /// Print a random container ID
    GenerateCid,
    /// Print a random sandbox ID
    GenerateSid,
}

/// The options of `connect`.
#[derive(Debug, clap::Args)]
pub struct Connect {
    /// Where the agent listens: unix:///path, unix://@name, vsock://CID:PORT,
    /// hvsock:///path:PORT, remote:///path, mock:///path, or sim:// for a
    /// simulated agent inside this process
    #[arg(long, value_name = "URI", env = "KATA_AGENT_SERVER_ADDRESS")]
    pub server_address: Option<String>,

    /// Treat a unix:// address as a hybrid vsock socket
    #[arg(long, action = ArgAction::Set)]
    pub hybrid_vsock: bool,

    /// The guest's port behind a hybrid vsock socket
    #[arg(long, value_name = "PORT", default_value_t = crate::transport::AGENT_PORT)]
    pub hybrid_vsock_port: u32,

    /// Commands to run in order; may be repeated
    #[arg(short, long, value_name = "COMMAND", num_args = 1..)]
    pub cmd: Vec<String>,

    /// Commands from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub script: Vec<String>,

    /// Send exactly what was given: no automatic or remembered values
    #[arg(short, long, action = ArgAction::Set)]
    pub no_auto_values: bool,

    /// How long a call may take: 500ms, 5s, 2m, or nanoseconds; 0 waits forever
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    pub timeout: Duration,

    /// How long to keep trying to connect
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub connect_timeout: Duration,

    /// Go on after a failed command; the exit status still tells
    #[arg(long, action = ArgAction::Set)]
    pub ignore_errors: bool,

    /// Check everything and print each request; send nothing
    #[arg(long, action = ArgAction::Set)]
    pub dry_run: bool,

    /// Run each command this often; -1 until Ctrl-C
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true,
          value_parser = builtin::times)]
    pub repeat: Times,

    /// How responses are printed
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

/// Where commands come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command itself.
    Command(String),
    /// A file of commands.
    Script(String),
}

/// The options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen: unix:///path, unix://@name or vsock://-1:PORT
    #[arg(long, value_name = "URI")]
    pub address: String,
}

impl Cli {
    /// Reads the arguments of a run, the program's name first.
    ///
    /// # Errors
    /// As clap gives them; help and version are among them.
    pub fn read(
        arguments: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<Cli, clap::Error> {
        let mut matches = command().try_get_matches_from(arguments)?;
        let sources = matches.subcommand_matches("connect").map(sources);
        let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
        if let (SubCommand::Connect(connect), Some(sources)) = (&mut cli.command, sources) {
            connect.sources = sources;
        }
        Ok(cli)
    }
}

/// The command line's definition, with a version that names the protos.
pub fn command() -> clap::Command {
    let schema = crate::schema();
    let version = format!(
        "{} (protos: {}, {})",
        env!("CARGO_PKG_VERSION"),
        schema.source,
        schema.hash
    );
    let flags = |connect| {
        FLAGS.iter().fold(connect, |connect: clap::Command, flag| {
            connect.mut_arg(flag, as_flag)
        })
    };
    Cli::command()
        .version(version)
        .mut_subcommand("connect", flags)
}

/// The options that may be bare or carry `true` or `false`, as scripts write both.
const FLAGS: [&str; 6] = [
    "hybrid_vsock",
    "no_auto_values",
    "ignore_errors",
    "dry_run",
    "emit_defaults",
    "verbose",
];

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

fn sources(matches: &ArgMatches) -> Vec<Source> {
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
    all.extend(of("script", Source::Script));
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, source)| source).collect()
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("metadata is written KEY=VALUE".to_owned()),
    }
}

/// A clap error as one line, without usage and hints on where to read more.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        let part = part.strip_prefix("error: ").unwrap_or(part);
        if !part.is_empty() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(part);
        }
    }
    line
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]
mod tests {
    use super::*;

    fn connect(arguments: &[&str]) -> Connect {
        let all = ["kata-agent-ctl", "connect"].iter().chain(arguments);
        match Cli::read(all.map(Into::into)).unwrap().command {
            SubCommand::Connect(connect) => *connect,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn flags_take_a_value_or_none() {
        let bare = connect(&["-n", "--hybrid-vsock", "--ignore-errors", "-c", "A"]);
        assert!(bare.no_auto_values && bare.hybrid_vsock && bare.ignore_errors);
        let valued = connect(&["-n", "true", "--hybrid-vsock", "false", "-c", "A"]);
        assert!(valued.no_auto_values && !valued.hybrid_vsock);
    }

    #[test]
    fn commands_and_scripts_keep_their_order() {
        let connect = connect(&["-c", "A", "B", "--script", "s", "-c", "C", "--repeat", "-1"]);
        assert_eq!(
            connect.sources,
            [
                Source::Command("A".into()),
                Source::Command("B".into()),
                Source::Script("s".into()),
                Source::Command("C".into())
            ]
        );
        assert_eq!(connect.repeat, Times::Forever);
    }

    #[test]
    fn errors_are_one_line() {
        let read = |arguments: &[&str]| {
            one_line(&Cli::read(arguments.iter().map(Into::into)).unwrap_err())
        };
        assert_eq!(
            read(&["kata-agent-ctl", "connect", "--timeout", "x"]),
            "invalid value 'x' for '--timeout <TIME>': \"x\" is not a time: write a number and a \
             unit of ns, us, ms, s, m or h, as in 500ms or 2m"
        );
        assert_eq!(
            read(&["kata-agent-ctl", "describe"]),
            "the following required arguments were not provided: <NAME>"
        );
    }
}
