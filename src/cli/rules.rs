//! The flags that make calls go wrong, of `serve` and of `proxy`, and in which order they were
//! given.

use clap::{ArgMatches, ValueHint};

use agent_faults::FaultKind;

/// What the rules are, at the end of a sub-command's help.
pub(super) const FAULTS: &str = "\
Rules for calls that go wrong:
  RPC is a name as in commands, or * for every RPC. RPC[3] is its third call, RPC[2..4], RPC[5..]
  and RPC[..4] are some by number, RPC[10%] some by chance, RPC[container_id=web] those with such a
  field, RPC[container_id=web][2] the second of these. Of several rules for a call the first decides,
  and the first --delay, which goes together with any other.
  A file of --faults holds a rule in each line, such as: fail StartContainer[2] UNAVAILABLE";

/// Rules for calls that go wrong.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Calls that go wrong")]
pub struct Rules {
    /// Answer calls with this, for example 'Version grpc_version=9' or 'Version json://{...}'
    #[arg(long, value_name = "RPC ANSWER")]
    pub reply: Vec<String>,

    /// Change fields of answers, for example 'Version agent_version=9'
    #[arg(long, value_name = "RPC FIELDS")]
    pub reply_with: Vec<String>,

    /// Refuse calls, for example 'CreateContainer NOT_FOUND "no such image"'
    #[arg(long, value_name = "RPC STATUS")]
    pub fail: Vec<String>,

    /// Delay calls, for example 'ReadStdout 2s'
    #[arg(long, value_name = "RPC TIME")]
    pub delay: Vec<String>,

    /// Never answer calls
    #[arg(long, value_name = "RPC")]
    pub drop: Vec<String>,

    /// Close the connection instead of answering
    #[arg(long, value_name = "RPC")]
    pub close: Vec<String>,

    /// Close all connections; a simulated agent forgets everything, as one that is started again
    #[arg(long, value_name = "RPC")]
    pub die: Vec<String>,

    /// Answer with bytes that are not ttRPC: random ones, or 'RPC 32' or 'RPC hex:00ff'
    #[arg(long, value_name = "RPC BYTES")]
    pub garbage: Vec<String>,

    /// Cut the answer in half, or after 'RPC 5' bytes, and close the connection
    #[arg(long, value_name = "RPC COUNT")]
    pub truncate: Vec<String>,

    /// Rules from a file, one per line, # comments
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub faults: Vec<String>,

    /// The same number makes the same calls go wrong by chance [default: a random one]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// The rules of the flags above, in the order in which they were given
    #[arg(skip)]
    pub in_order: Vec<RuleSource>,
}

/// Where rules come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSource {
    /// A flag: the rule's kind, and what follows that.
    Flag(FaultKind, String),
    /// A file.
    File(String),
}

/// The rules in the order in which they were given.
pub(super) fn in_order(matches: &ArgMatches) -> Vec<RuleSource> {
    let of = |name: &str| {
        let name = &name.replace('-', "_");
        let values = matches.get_many::<String>(name).into_iter().flatten();
        let indices = matches.indices_of(name).into_iter().flatten();
        indices.zip(values.cloned()).collect::<Vec<_>>()
    };
    let flags = FaultKind::ALL.into_iter().flat_map(|kind| {
        let rules = of(kind.name()).into_iter();
        rules.map(move |(index, text)| (index, RuleSource::Flag(kind, text)))
    });
    let files = of("faults")
        .into_iter()
        .map(|(index, name)| (index, RuleSource::File(name)));
    let mut all: Vec<_> = flags.chain(files).collect();
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, source)| source).collect()
}
