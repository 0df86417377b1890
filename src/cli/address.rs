//! Which agent is meant: the options of every sub-command that connects to one.

use clap::ArgMatches;
#[cfg(feature = "node")]
use clap::ValueHint;
use clap::parser::ValueSource;

/// Which agent is meant
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Address {
    /// Where the agent listens: unix:///path, unix://@name, vsock://CID:PORT,
    /// hvsock:///path:PORT, remote:///path, mock:///path, or sim:// for a
    /// simulated agent inside this process
    #[arg(
        short = 'a',
        long,
        alias = "address",
        value_name = "URI",
        env = "KATA_AGENT_SERVER_ADDRESS"
    )]
    pub server_address: Option<String>,

    /// In place of an address.
    #[cfg(feature = "node")]
    #[command(flatten)]
    pub on_host: OnHost,
}

/// Which sandbox of a host is meant
#[cfg(feature = "node")]
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OnHost {
    /// The agent of this sandbox on this host, in place of an address: the beginning of the
    /// sandbox's ID or of a container's, or namespace/pod
    #[arg(long, value_name = "WHICH")]
    pub sandbox: Option<String>,

    /// Where the host's files are, such as /host in a debug pod [default: /]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub host_root: Option<String>,
}

impl Address {
    /// The address that was given, if one was. An empty variable is an unset one.
    pub fn given(&self) -> Option<&str> {
        self.server_address
            .as_deref()
            .filter(|text| !text.is_empty())
    }
}

/// Whether a sub-command was given an address and a sandbox. An address from the environment
/// is only there for when nothing else is given.
pub(super) fn is_twofold(matches: &ArgMatches) -> bool {
    let Some((_, matches)) = matches.subcommand() else {
        return false;
    };
    let is_given = |id: &str| {
        let is_known = matches.try_contains_id(id).is_ok_and(|there| there);
        is_known && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    is_given("server_address") && is_given("sandbox")
}
