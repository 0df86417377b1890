//! The command line's definition. Values are checked here where that needs no
//! knowledge of the protos.

mod address;
#[cfg(feature = "load")]
mod bench;
mod bundled;
mod connect;
#[cfg(feature = "node")]
mod node;
#[cfg(feature = "policy")]
mod policy;
mod reporting;
#[cfg(any(feature = "sim", feature = "tap"))]
mod rules;
#[cfg(feature = "sim")]
mod serve;
#[cfg(feature = "tap")]
mod tap;
#[cfg(test)]
mod tests;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use address::Address;
#[cfg(feature = "node")]
pub use address::OnHost;
#[cfg(feature = "load")]
pub use bench::Bench;
pub use connect::{Connect, Source};
#[cfg(feature = "node")]
pub use node::{Asked, Doctor, Exec, ListFormat, Probe, Sandboxes};
#[cfg(feature = "policy")]
pub use policy::{
    Audit, Check, Explain, Export, Policy, PolicyCommand, PolicyOptions, RequestOptions,
    RequestSource, Why,
};
#[cfg(any(feature = "sim", feature = "tap"))]
pub use rules::{RuleSource, Rules};
#[cfg(feature = "sim")]
pub use serve::Serve;
#[cfg(feature = "tap")]
pub use tap::{Capture, Diff, DiffFormat, Proxy, Replay, Show, ShowFormat};

use crate::duration;
pub use crate::error::ErrorFormat;
use crate::log::Level;
use crate::schema::lookup;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The heading of the options that every sub-command has.
const EVERYWHERE: &str = "Options of every sub-command";

/// The arguments of one run.
#[derive(Debug, Parser)]
#[command(
    name = "kata-agent-ctl",
    about = "Make any call to a Kata Containers agent, and see the answer",
    after_help = "A call can break a running sandbox: this tool is for testing.\n\
                  \"kata-agent-ctl examples\" shows what it is used for.",
    max_term_width = 100,
    args_override_self = true
)]
pub struct Cli {
    /// How much is logged on standard error
    #[arg(
        short,
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "warn",
        value_parser = reporting::levels(),
        help_heading = EVERYWHERE
    )]
    pub log_level: Level,

    /// Errors as a line of text or as a JSON object
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        value_parser = reporting::error_formats(),
        help_heading = EVERYWHERE
    )]
    pub error_format: ErrorFormat,

    /// What to do
    #[command(subcommand)]
    pub command: SubCommand,

    /// What may be a mistake in them.
    #[arg(skip)]
    pub warnings: Vec<String>,
}

/// The sub-commands, each defined in full only when it is the one that runs.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum SubCommand {
    /// Connect to an agent and run API commands
    Connect(Box<Connect>),
    /// List every RPC with what it does, its request and its response
    List {
        /// Only those of a service
        service: Option<String>,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show an RPC, a message, an enum, a service or a field
    Describe {
        /// For example GetGuestDetails, grpc.AgentService/GetGuestDetails, Storage,
        /// CreateContainer.OCI.Process
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
    #[cfg(feature = "sim")]
    Serve(Box<Serve>),
    /// Make many calls and report how long they took
    #[cfg(feature = "load")]
    Bench(Box<Bench>),
    /// List the Kata sandboxes of this host
    #[cfg(feature = "node")]
    Sandboxes(Sandboxes),
    /// Find out why an agent does not answer, stage by stage
    #[cfg(feature = "node")]
    Doctor(Box<Doctor>),
    /// Run a process in a container, through its agent alone
    #[cfg(feature = "node")]
    Exec(Box<Exec>),
    /// Find out which RPCs of this build an agent has, without running any of them
    #[cfg(feature = "node")]
    Probe(Box<Probe>),
    /// Stand between a runtime and an agent, and print each call
    #[cfg(feature = "tap")]
    Proxy(Box<Proxy>),
    /// See each call over vsock without standing in between
    #[cfg(feature = "tap")]
    Capture(Capture),
    /// Show a recording
    #[cfg(feature = "tap")]
    Show(Show),
    /// Make recorded calls again on another agent
    #[cfg(feature = "tap")]
    Replay(Box<Replay>),
    /// Show what the calls of two recordings differ in
    #[cfg(feature = "tap")]
    Diff(Diff),
    /// Ask an agent's policy about requests, without an agent
    #[cfg(feature = "policy")]
    Policy(Box<Policy>),
    /// Show worked examples for real situations
    Examples {
        /// A topic; if it is left out, the topics are listed
        name: Option<String>,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print a random container ID
    GenerateCid,
    /// Print a random sandbox ID
    GenerateSid,
    /// Print a script that makes a shell complete commands, RPCs and fields
    Completions {
        /// The shell that reads it
        shell: Shell,
    },
    /// Evaluate a policy that standard input gives; what `policy` runs
    #[cfg(feature = "policy")]
    #[command(hide = true)]
    PolicyEngine,
    /// Print the manual page
    #[command(hide = true)]
    Man,
    /// What may stand at the cursor; called by the scripts of `completions`
    #[command(hide = true)]
    Complete(Complete),
}

/// A shell that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// What may stand at the cursor; called by the scripts of `completions`
#[derive(Debug, clap::Args)]
pub struct Complete {
    /// The shell
    pub shell: Shell,
    /// The command line up to the cursor
    #[arg(allow_hyphen_values = true)]
    pub line: String,
    /// Where bash lets a word begin that is completed
    #[arg(long, allow_hyphen_values = true, default_value = "")]
    pub word_breaks: String,
    /// Whether the candidates are shown and not typed in
    #[arg(long)]
    pub listing: bool,
}

impl Cli {
    /// Reads the arguments of a run, the program's name first.
    ///
    /// # Errors
    /// As clap gives them; help and version are among them.
    pub fn read(
        arguments: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<Cli, clap::Error> {
        let mut definition = command();
        let arguments = bundled::apart(arguments.into_iter().collect(), &definition);
        let mut matches = definition.try_get_matches_from_mut(arguments)?;
        if address::is_twofold(&matches) {
            let message = "give --server-address or --sandbox, not both";
            return Err(definition.error(ErrorKind::ArgumentConflict, message));
        }
        let sources = matches.subcommand_matches("connect").map(connect::sources);
        #[cfg(any(feature = "sim", feature = "tap"))]
        let rules = matches.subcommand().map(|(_, matches)| matches.clone());
        let warnings = hasty(&matches);
        #[cfg(feature = "policy")]
        let asked = matches.subcommand_matches("policy").cloned();
        let mut cli = Cli::from_arg_matches_mut(&mut matches)?;
        cli.warnings = warnings;
        if let (SubCommand::Connect(connect), Some(sources)) = (&mut cli.command, sources) {
            connect.sources = sources;
        }
        #[cfg(any(feature = "sim", feature = "tap"))]
        match (&mut cli.command, rules) {
            #[cfg(feature = "sim")]
            (SubCommand::Serve(serve), Some(matches)) => {
                serve.rules.in_order = rules::in_order(&matches);
            }
            #[cfg(feature = "tap")]
            (SubCommand::Proxy(proxy), Some(matches)) => {
                proxy.rules.in_order = rules::in_order(&matches);
            }
            _ => {}
        }
        #[cfg(feature = "policy")]
        if let (SubCommand::Policy(policy), Some(asked)) = (&mut cli.command, asked) {
            policy.order(&asked);
        }
        Ok(cli)
    }
}

/// The command line's definition, with a version that names the protos.
pub fn command() -> clap::Command {
    let schema = crate::schema();
    let version = format!("{VERSION} (protos: {}, {})", schema.source, schema.hash);
    Cli::command()
        .version(version)
        .mut_subcommands(|sub_command| match sub_command.get_name() {
            "connect" => sub_command.defer(connect::define),
            _ => sub_command,
        })
}

/// The names of options whose values are times.
const TIMES: [&str; 5] = [
    "timeout",
    "connect_timeout",
    "duration",
    "warmup",
    "policy_timeout",
];

/// Times that were given as a number of nanoseconds that is hardly meant.
fn hasty(mut matches: &ArgMatches) -> Vec<String> {
    // Of `policy check` the options are those of `check`.
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    let given = TIMES.iter().filter_map(|id| {
        let mut values = matches.try_get_raw(id).ok()??;
        let text = values.next_back()?.to_str()?;
        let name = id.replace('_', "-");
        let warning = || {
            format!("--{name} {text} is {text} nanoseconds, as it has no unit: write {text}s for seconds")
        };
        duration::is_hasty(text).then(warning)
    });
    given.collect()
}

/// The exit status of a run whose arguments, the program's name first, cannot be read.
pub fn mistake_status(arguments: &[std::ffi::OsString]) -> u8 {
    let usage = crate::error::Kind::Usage.exit_status();
    #[cfg(feature = "node")]
    if let Some((_, name)) = bundled::sub_command(arguments, &command())
        && name == "exec"
    {
        // Any status below this one may be the process's own.
        return crate::exec::NOT_RUN;
    }
    let _ = arguments;
    usage
}

/// A clap error as one line, without usage and hints on where to read more, and with what
/// may help.
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
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let usage = text
        .lines()
        .find(|part| part.starts_with("Usage:"))
        .unwrap_or_default();
    let takes_commands = ["connect", "bench"]
        .into_iter()
        .find(|name| usage.contains(&format!("kata-agent-ctl {name}")));
    match (
        error.kind(),
        context(ContextKind::InvalidArg),
        takes_commands,
    ) {
        (ErrorKind::UnknownArgument, word, Some(name)) if !word.starts_with('-') => {
            line.push_str(&format!(
                "; calls follow -c, as in kata-agent-ctl {name} -c {word}"
            ));
        }
        (ErrorKind::UnknownArgument, "-c" | "--cmd", None) => {
            line.push_str("; it is an option of connect, as in kata-agent-ctl connect -c Check");
        }
        (ErrorKind::InvalidSubcommand, ..) => {
            let word = context(ContextKind::InvalidSubcommand);
            if let Ok(rpc) = lookup::rpc(crate::schema(), word) {
                let name = rpc.name;
                line.push_str(&format!(
                    "; it is a call, as in kata-agent-ctl connect -c {name}"
                ));
            }
        }
        _ => {}
    }
    line
}
