//! The body of the `bench` sub-command: from its flags to a load test, and from
//! its report to output and exit status.

use std::fs::OpenOptions;
use std::time::Duration;

use crate::auto::oci::Bundle;
use crate::bench::{self, Mix, Report};
use crate::builtin::Times;
use crate::cli::{Bench, ErrorFormat};
use crate::client::ConnectOptions;
use crate::error::{Error, Failure};
use crate::input::{self, Inputs};
use crate::interrupt;
use crate::printer::Format;
use crate::schema::Schema;
use crate::session::{self, Options, Output};

/// How long is measured where nothing says otherwise.
const USUAL: Duration = Duration::from_secs(10);

/// How long, where a number of calls ends it: as good as forever.
const ENDLESS: Duration = Duration::from_secs(366 * 24 * 3600);

/// Runs a load test, and prints its report.
///
/// # Errors
/// A failure that has not been shown yet.
pub(super) fn run(
    schema: &'static Schema,
    flags: Bench,
    error_format: ErrorFormat,
) -> Result<u8, Failure> {
    let alone = |error: Error| Failure::new(None, error);
    let address = flags.server_address.filter(|text| !text.is_empty());
    let address = address.ok_or_else(|| alone(session::missing_address()))?;
    let address = address
        .parse()
        .map_err(|error| alone(Error::Address(error)))?;
    let connect = ConnectOptions {
        timeout: flags.connect_timeout,
        sim: super::simulated_agent(),
    };
    let timeout = (!flags.timeout.is_zero()).then_some(flags.timeout);
    let bundle = flags.bundle_dir.as_deref().map(Bundle::new).transpose();
    let commands = Options {
        address: None,
        connect,
        timeout,
        metadata: flags.metadata,
        automatic: !flags.no_auto_values,
        bundle: bundle.map_err(|error| alone(error.into()))?,
        dry_run: false,
        repeat: Times::Count(1),
        format: Format::Jsonl,
        emit_defaults: false,
        ignore_errors: false,
        prompt: false,
        verbose: false,
        error_format,
    };
    let mut mix = Mix::read(schema, &flags.cmd, &commands, &mut Inputs::default())?;
    let options = bench::Options {
        address,
        connect,
        connections: flags.connections,
        in_flight: flags.in_flight,
        rate: flags.rate,
        duration: flags.duration.unwrap_or(match flags.calls {
            Some(_) => ENDLESS,
            None => USUAL,
        }),
        warm_up: flags.warmup,
        calls: flags.calls,
        timeout,
    };
    if let Some(name) = &flags.svg {
        may_write(name).map_err(alone)?;
    }
    // Without it Ctrl-C ends the run without a report, which is all that is lost.
    let _ = interrupt::install();
    let report = bench::run(&options, &mut mix).map_err(|error| alone(error.into()))?;
    if report.is_interrupted() {
        // That has ended the calls. The report is still to be shown.
        interrupt::clear();
    }
    let shown = Output::default().text(&report.render(flags.output));
    shown.map_err(alone)?;
    if let Some(name) = flags.svg {
        std::fs::write(&name, bench::svg(&report)).map_err(|error| {
            alone(Error::Write {
                reason: input::reason(&error),
                name,
            })
        })?;
    }
    verdict(&report, report.failed(&flags.fail_if)).map_err(alone)
}

/// Sees that a file can be written, before a load test that it is for.
fn may_write(name: &str) -> Result<(), Error> {
    let opened = OpenOptions::new().create(true).append(true).open(name);
    opened.map(drop).map_err(|error| {
        let reason = input::reason(&error);
        Error::Usage(format!("--svg: cannot write {name:?}: {reason}"))
    })
}

/// The exit status of a load test.
fn verdict(report: &Report, failed: Vec<String>) -> Result<u8, Error> {
    if report.is_interrupted() {
        return Err(Error::Interrupted);
    }
    if report.has_lost_connection() {
        return Err(Error::NoConnection);
    }
    match failed.is_empty() {
        true => Ok(0),
        false => Err(Error::Limit(failed)),
    }
}
