//! The body of the `probe` sub-command: what was found out of an agent, as text or JSON.

use serde_json::json;

use super::columns::in_columns;
use crate::cli::{self, ListFormat};
use crate::client::ConnectOptions;
use crate::error::Error;
use crate::log::Logger;
use crate::probe::{Probe, Verdict, probe};
use crate::schema::json::string::escape_unprintable;
use crate::schema::{Schema, history};
use crate::text::excerpt::Excerpt;

/// Probes an agent, and shows what it has.
///
/// # Errors
/// When it cannot be probed, or standard output takes no more.
pub(super) fn run(
    schema: &'static Schema,
    options: &cli::Asked,
    logger: Logger,
) -> Result<u8, Error> {
    let address = super::address::find(&options.address, logger)?;
    let address = address.ok_or_else(super::address::missing)?;
    let connect = ConnectOptions {
        timeout: options.connect_timeout,
        sim: super::simulated_agent(),
    };
    // Without it Ctrl-C ends the run without a word, which is all that is lost.
    let _ = crate::interrupt::install();
    let found = probe(schema, &address, &connect, options.patience())?;
    super::print(&match options.output {
        ListFormat::Text => text(&found),
        ListFormat::Json => as_json(&found),
    })
}

fn text(found: &Probe) -> String {
    let mut rows = Vec::new();
    for (rpc, verdict) in &found.rpcs {
        let since = history::of_rpc(found.schema, rpc).map(|release| format!("since {release}"));
        rows.push([
            verdict
                .map_or("a stream, not asked", Verdict::name)
                .to_owned(),
            rpc.path(),
            since.unwrap_or_default(),
        ]);
    }
    format!("{}\n\n{}", summary(found), in_columns(rows))
}

/// The agent's release by its word and by its RPCs.
fn summary(found: &Probe) -> String {
    let word = match &found.version {
        Some(version) => format!("the agent says that it is {}", Excerpt(version)),
        None => "the agent does not say its version".to_owned(),
    };
    let by_rpcs = match found.releases() {
        (None, None) => return word,
        (Some(from), None) => format!("it is {from} or newer"),
        (None, Some(before)) => format!("it is older than {before}"),
        (Some(from), Some(before)) if history::compare(from, before).is_lt() => {
            format!("it is {from} or newer, and older than {before}")
        }
        (Some(from), Some(before)) => {
            format!(
                "it is of no release: it has what came with {from}, and lacks what came with {before}"
            )
        }
    };
    format!("{word}; by its RPCs {by_rpcs}")
}

fn as_json(found: &Probe) -> String {
    let (from, before) = found.releases();
    let rpcs = found.rpcs.iter().map(|(rpc, verdict)| {
        json!({
            "rpc": rpc.path(),
            "result": verdict.map(Verdict::name),
            "since": history::of_rpc(found.schema, rpc),
        })
    });
    let document = json!({
        "version": found.version,
        "from": from,
        "before": before,
        "rpcs": rpcs.collect::<Vec<_>>(),
    });
    escape_unprintable(&format!("{document:#}\n"))
}
