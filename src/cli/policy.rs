//! The options of `policy` and its sub-commands.

use std::time::Duration;

use clap::{ArgMatches, Args, Subcommand, ValueHint};

use super::Source;
use crate::duration;

const REQUESTS: &str = "\
Requests:
  FILE       a recording, a guest's /tmp/policy.jsonl, or genpolicy's testcases.json
  -c         commands as connect takes them: 'ExecProcess cid=web process.Args=[\"sh\"]'
  --script   a file of such commands
  They are put to the policy in the order given, and the policy keeps its state.";

/// Ask an agent's policy about requests, without an agent
#[derive(Debug, Args)]
pub struct Policy {
    /// What to do
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// The sub-commands of `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Say for each request whether the agent would allow it
    Check(Check),
    /// Show which expression of the policy denies a request, and its values
    Why(Why),
    /// Make a denial readable that an event or a log shows
    Explain(Explain),
    /// Change each field of allowed requests, and show which changes are still allowed
    Audit(Audit),
    /// Write requests as test cases of genpolicy, IDs replaced
    Export(Export),
}

/// Which policy is asked, and how.
#[derive(Debug, Args)]
pub struct PolicyOptions {
    /// The policy: rego, the YAML of a pod or of what makes pods (its annotation), or initdata
    /// as TOML; - for standard input
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub policy: Option<String>,

    /// The policy that the pod of this sandbox on this host brought, in place of a file: the
    /// beginning of the sandbox's ID or of a container's, or namespace/pod
    #[cfg(feature = "node")]
    #[arg(long, value_name = "WHICH", conflicts_with = "policy")]
    pub sandbox: Option<String>,

    /// Where the host's files are, such as /host in a debug pod [default: /]
    #[cfg(feature = "node")]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub host_root: Option<String>,

    /// Read the policy as agents to 3.28 did, whose rules need no "if"
    #[arg(long)]
    pub rego_v0: bool,

    /// How long one answer may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = some_time)]
    pub policy_timeout: Duration,
}

/// Which requests a policy is asked about.
#[derive(Debug, Args)]
pub struct RequestOptions {
    /// Files of requests; - for standard input
    #[arg(value_name = "REQUESTS", value_hint = ValueHint::FilePath)]
    pub requests: Vec<String>,

    /// Commands, for example 'StartContainer cid=web'; may be repeated
    #[arg(short, long, value_name = "COMMAND", num_args = 1..)]
    pub cmd: Vec<String>,

    /// Commands from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub script: Vec<String>,

    /// Ask about exactly what the commands say: no automatic or remembered values
    #[arg(short, long)]
    pub no_auto_values: bool,

    /// An OCI bundle: its config.json fills what commands leave out of OCI in
    /// CreateContainer and of process in ExecProcess
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle_dir: Option<String>,

    /// All of them in the order given.
    #[arg(skip)]
    pub sources: Vec<RequestSource>,
}

/// Where requests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestSource {
    /// A command, or a script of commands.
    Commands(Source),
    /// A file of requests.
    File(String),
}

/// The options of `policy check`.
#[derive(Debug, Args)]
#[command(after_help = REQUESTS)]
pub struct Check {
    /// Which policy is asked.
    #[command(flatten)]
    pub policy: PolicyOptions,
    /// Which requests it is asked about.
    #[command(flatten)]
    pub requests: RequestOptions,

    /// Compare with what test cases expect: status 1 only if one comes out otherwise
    #[arg(long)]
    pub expected: bool,

    /// One JSON object a request, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The options of `policy why`.
#[derive(Debug, Args)]
#[command(after_help = REQUESTS)]
pub struct Why {
    /// Which policy is asked.
    #[command(flatten)]
    pub policy: PolicyOptions,
    /// Which requests it is asked about.
    #[command(flatten)]
    pub requests: RequestOptions,

    /// One JSON object a denied request, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The options of `policy explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// What holds the denial, for example the output of kubectl describe pod
    #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub file: String,

    /// Which policy it is from: with it, where the rules stopped is shown.
    #[command(flatten)]
    pub policy: PolicyOptions,

    /// Show all of what was printed, however long
    #[arg(long)]
    pub full: bool,

    /// One JSON object a denial, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The options of `policy audit`.
#[derive(Debug, Args)]
#[command(after_help = REQUESTS)]
pub struct Audit {
    /// Which policy is asked.
    #[command(flatten)]
    pub policy: PolicyOptions,
    /// Which requests it is asked about.
    #[command(flatten)]
    pub requests: RequestOptions,

    /// One JSON object a request, for scripts
    #[arg(long)]
    pub json: bool,
}

/// The options of `policy export`.
#[derive(Debug, Args)]
#[command(after_help = REQUESTS)]
pub struct Export {
    /// Which requests it is asked about.
    #[command(flatten)]
    pub requests: RequestOptions,

    /// Which policy says which of them are allowed; without one all are.
    #[command(flatten)]
    pub policy: PolicyOptions,
}

impl Policy {
    /// Puts the requests in the order in which they were given.
    pub(super) fn order(&mut self, matches: &ArgMatches) {
        let Some((_, matches)) = matches.subcommand() else {
            return;
        };
        let requests = match &mut self.command {
            PolicyCommand::Check(check) => &mut check.requests,
            PolicyCommand::Why(why) => &mut why.requests,
            PolicyCommand::Audit(audit) => &mut audit.requests,
            PolicyCommand::Export(export) => &mut export.requests,
            PolicyCommand::Explain(_) => return,
        };
        requests.sources = sources(matches);
    }
}

/// A time that is not none: an answer takes some.
fn some_time(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text).map_err(|error| error.to_string())?;
    match time.is_zero() {
        true => Err(format!(
            "{text:?} is not a time to answer in: it must be more than 0"
        )),
        false => Ok(time),
    }
}

fn sources(matches: &ArgMatches) -> Vec<RequestSource> {
    let of = |name: &str, source: fn(String) -> RequestSource| {
        let values = matches.get_many::<String>(name).into_iter().flatten();
        let indices = matches.indices_of(name).into_iter().flatten();
        indices.zip(values.cloned().map(source)).collect::<Vec<_>>()
    };
    let mut all = of("cmd", |text| RequestSource::Commands(Source::Command(text)));
    all.extend(of("script", |name| {
        RequestSource::Commands(Source::Script(name))
    }));
    all.extend(of("requests", RequestSource::File));
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, source)| source).collect()
}
