//! `proxy`: makes what its options say, and passes bytes until a signal ends it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use agent_tap::{Dial, Interposed, Log, LogError, Proxy, Sinks, Summary, recording};

use crate::cli;
use crate::client::ConnectOptions;
use crate::error::{Error, Kind};
use crate::input;
use crate::listen::{self, Listener};
use crate::log::{Logger, say};
use crate::rules;
use crate::schema::Schema;
use crate::signals::Signals;
use crate::transport::{self, Address, SocketName};

/// Where connections come from and go, until this is dropped.
struct Place {
    listener: OwnedFd,
    from: String,
    dial: Dial,
    to: String,
    /// Gives back what was taken, or removes what was made.
    _held: Box<dyn std::any::Any>,
}

/// Stands between a runtime and an agent until a signal ends it.
///
/// # Errors
/// When an option is wrong, nothing can be listened on, or what passes cannot be written down.
pub(super) fn run(
    schema: &'static Schema,
    options: cli::Proxy,
    logger: Logger,
) -> Result<u8, Error> {
    let faults = match options.rules.in_order.is_empty() {
        true => None,
        false => Some(Arc::new(rules::faults(schema, &options.rules)?)),
    };
    check(options.write.as_deref())?;
    listen::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start)?;
    // From here on a signal ends the proxy and not the process, so that all is given back.
    let signals = runtime
        .block_on(async { Signals::catch() })
        .map_err(start)?;
    let place = match (&options.interpose, &options.listen) {
        (Some(socket), _) => interposed(socket)?,
        (None, Some(listen)) => between(listen, agent(&options, logger)?)?,
        // The options' definition does not let this happen.
        (None, None) => return Err(Error::usage("give --listen and --to, or --interpose")),
    };
    // Not before: what is recorded there already would be gone for nothing.
    let file = options.write.as_deref().map(create).transpose()?;
    let text = format!("proxy {} to {}", place.from, place.to);
    let sinks = Sinks {
        what: text,
        recording: file.map(|file| Box::new(file) as Box<dyn Write + Send>),
        failed: recording_ends,
        lines: Some(Box::new(output().map_err(start)?)),
    };
    let (log, threads) = Log::start(schema, sinks).map_err(log_failed)?;
    if let Some(faults) = &faults {
        rules::tell_seed(faults);
    }
    say(format_args!("listening on {}", place.from));
    let proxy = Proxy {
        listener: place.listener,
        from: place.from,
        dial: place.dial,
        to: place.to,
        port: options.port,
        log,
        faults,
    };
    let passed = proxy.run(&runtime, signals.any());
    drop(place._held);
    // What still waits for a time that a rule says holds on to the log.
    runtime.shutdown_background();
    let summary = threads.finish();
    passed.map_err(start)?;
    tell(summary.map_err(log_failed)?);
    Ok(0)
}

fn start(error: io::Error) -> Error {
    Error::new(Kind::Connection, input::reason(&error)).within("cannot start the proxy")
}

/// What of the log could not be written.
pub(super) fn log_failed(error: LogError) -> Error {
    match error {
        LogError::Recording(error) => Error::new(Kind::Output, input::reason(&error)).within("-w"),
        LogError::Lines(error) => Error::output(&error),
        LogError::Thread(error) => start(error),
    }
}

/// Standard output, without a buffer that looks for the ends of lines in it.
pub(super) fn output() -> io::Result<File> {
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Tells at once that calls are not recorded any more; they pass and are printed all the same.
pub(super) fn recording_ends(error: &LogError) {
    say(format_args!("warning: {error}; it ends here"));
}

/// The file of a recording.
pub(super) fn create(path: &Path) -> Result<File, Error> {
    check_name(path)?;
    recording::create(path).map_err(|error| not_written(path, &error))
}

/// Finds out whether a recording can be made, before anything else is.
pub(super) fn check(path: Option<&Path>) -> Result<(), Error> {
    path.map_or(Ok(()), |path| {
        check_name(path)?;
        recording::check(path).map_err(|error| not_written(path, &error))
    })
}

/// Standard output has the calls as they are printed, and no file has this name by intention.
fn check_name(path: &Path) -> Result<(), Error> {
    match path == Path::new("-") {
        true => Err(Error::usage(
            "-w: a recording goes to a file, not to standard output: write its name, or ./- for \
             one of this name",
        )),
        false => Ok(()),
    }
}

fn not_written(path: &Path, error: &recording::CreateError) -> Error {
    Error::usage(format_args!("-w: cannot write {path:?}: {error}"))
}

/// Tells what is not in the log, where a person or a script can act on it.
pub(super) fn tell(summary: Summary) {
    let Summary {
        lost,
        unread,
        is_cut,
    } = summary;
    if is_cut {
        say("warning: the last calls were not printed, as standard output was not read");
    }
    if lost.items > 0 {
        say(format_args!(
            "warning: {} frames passed that are not in the log: they came faster than they could \
             be written, or too many came in part",
            lost.items
        ));
    }
    if unread.items > 0 {
        say(format_args!(
            "warning: {} calls were not printed, as standard output was not read",
            unread.items
        ));
    }
}

fn interposed(socket: &Path) -> Result<Place, Error> {
    let taken = Interposed::take(socket);
    let (interposed, listener) = taken
        .map_err(|error| Error::usage(error).within(format_args!("--interpose {socket:?}")))?;
    let interposed = Arc::new(interposed);
    let behind = Arc::clone(&interposed);
    Ok(Place {
        listener,
        from: format!("unix://{}", socket.display()),
        dial: Arc::new(move || behind.connect().map_err(|error| input::reason(&error))),
        to: "the hypervisor's own socket".to_owned(),
        _held: Box::new(interposed),
    })
}

/// The agent to which all goes.
fn agent(options: &cli::Proxy, logger: Logger) -> Result<Address, Error> {
    #[cfg(feature = "node")]
    if let Some(address) = super::sandboxes::of(&options.on_host, logger)? {
        return Ok(address);
    }
    let _ = logger;
    Ok(options.to.as_deref().unwrap_or_default().parse()?)
}

/// Whether two addresses, of which one is listened on, are one socket file by two names.
fn is_same_socket(one: &Address, other: &Address) -> bool {
    let file = |address: &Address| {
        let socket = match address {
            Address::Unix(socket) => socket,
            Address::Hybrid(hybrid) => &hybrid.socket,
            Address::Remote(plain) | Address::Mock(plain) => &plain.socket,
            Address::Vsock(_) | Address::Sim => return None,
        };
        let SocketName::Path(path) = socket else {
            return None;
        };
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    file(one).is_some_and(|one| Some(one) == file(other))
}

fn between(listen: &str, address: Address) -> Result<Place, Error> {
    let from: Address = listen.parse()?;
    if from == address && from != Address::Sim {
        let message = format_args!("--listen and --to are both {listen:?}: it would call itself");
        return Err(Error::usage(message));
    }
    let to = address.to_string();
    // Who comes by hybrid vsock shakes hands with the hypervisor, and not with this proxy.
    let address = match (&from, address) {
        (Address::Hybrid(_), Address::Hybrid(hybrid)) => Address::Unix(hybrid.socket),
        (_, address) => address,
    };
    let listener = Listener::bind(&from).map_err(|reason| {
        let kind = match reason {
            listen::BindError::Scheme => Kind::Usage,
            _ => Kind::Connection,
        };
        Error::new(kind, format_args!("cannot listen on {listen:?}: {reason}"))
    })?;
    if is_same_socket(&from, &address) {
        let message = format_args!(
            "--listen {listen:?} and --to {to:?} are the same socket: it would call itself"
        );
        return Err(Error::usage(message));
    }
    let (listener, file) = listener.into_parts();
    let connect = ConnectOptions {
        // Who waits for an agent tries again, and sees each refusal as it came.
        timeout: std::time::Duration::ZERO,
        sim: super::simulated_agent(),
    };
    // A runtime dials again and again while a guest boots: that is told once.
    let is_told = AtomicBool::new(false);
    Ok(Place {
        listener,
        from: listen.to_owned(),
        dial: Arc::new(move || {
            let dialled = transport::connect(&address, &connect);
            let was_told = is_told.swap(dialled.is_err(), Ordering::Relaxed);
            if let (Err(error), false) = (&dialled, was_told) {
                say(format_args!("warning: {error}"));
            }
            dialled.map_err(|error| error.to_string())
        }),
        to,
        _held: Box::new(file),
    })
}
