//! `capture`: finds the guest that its options name, and tells what its agent is asked until a
//! signal ends it.

use std::io::{self, Write};

use agent_tap::{Capture, CaptureError, Filter, Log, Sinks};

use super::proxy::{check, create, log_failed, output, recording_ends, tell};
use crate::cli;
use crate::error::{Error, Kind};
use crate::input;
use crate::log::{Logger, say};
use crate::schema::Schema;
use crate::signals::Signals;

/// Tells the calls of one guest's agent, or of all of them, until a signal ends it.
///
/// # Errors
/// When the packets cannot be read, or what they say cannot be written down.
pub(super) fn run(
    schema: &'static Schema,
    options: cli::Capture,
    logger: Logger,
) -> Result<u8, Error> {
    let filter = Filter {
        cid: cid(&options, logger)?,
        port: options.port,
    };
    check(options.write.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start)?;
    // From here on a signal ends the capture and not the process, so that the link is removed.
    let signals = runtime
        .block_on(async { Signals::catch() })
        .map_err(start)?;
    let capture = Capture::start().map_err(|error| {
        let kind = match &error {
            CaptureError::System { .. } => Kind::Connection,
            CaptureError::NotAllowed | CaptureError::NoModule => Kind::Usage,
        };
        Error::new(kind, error).within("cannot capture")
    })?;
    let file = options.write.as_deref().map(create).transpose()?;
    let of = match filter.cid {
        Some(cid) => format!("vsock://{cid}:{}", filter.port),
        None => format!("port {} of all guests", filter.port),
    };
    let sinks = Sinks {
        what: format!("capture of {of}"),
        recording: file.map(|file| Box::new(file) as Box<dyn Write + Send>),
        failed: recording_ends,
        lines: Some(Box::new(output().map_err(start)?)),
    };
    let (log, threads) = Log::start(schema, sinks).map_err(log_failed)?;
    say(format_args!("capturing {of}"));
    let lost = capture.run(&runtime, filter, log, signals.any());
    let summary = threads.finish();
    let lost = lost.map_err(start)?;
    if lost > 0 {
        say(format_args!(
            "warning: {lost} packets are missing: they came faster than they could be read"
        ));
    }
    tell(summary.map_err(log_failed)?);
    Ok(0)
}

fn start(error: io::Error) -> Error {
    Error::new(Kind::Connection, input::reason(&error)).within("cannot capture")
}

/// The context ID of the guest; none for all of them.
fn cid(options: &cli::Capture, logger: Logger) -> Result<Option<u32>, Error> {
    #[cfg(feature = "node")]
    if let Some(address) = super::sandboxes::of(&options.on_host, logger)? {
        use crate::transport::Address;

        return match address {
            Address::Vsock(vsock) => Ok(Some(vsock.cid)),
            Address::Hybrid(hybrid) => Err(Error::usage(format_args!(
                "--sandbox: its agent is behind hybrid vsock, which the host's kernel does not see; \
                 use proxy --interpose {}",
                hybrid.socket
            ))),
            other => Err(Error::usage(format_args!(
                "--sandbox: its agent is not reached over vsock but at {other}"
            ))),
        };
    }
    let _ = logger;
    Ok(options.cid)
}
