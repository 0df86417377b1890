//! `show`, `replay` and `diff`: what is done with recordings.

use std::env;
use std::io::{self, BufRead, BufReader, BufWriter, Cursor, IsTerminal as _, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::rc::Rc;

use agent_tap::diff::{self, Difference};
use agent_tap::recording::{ReadError, Reader};
use agent_tap::replay::{self, Kept, ReplayError, Step};
use agent_tap::show::{self, Lines, Page, ShowError, Text, bytes_fields};
use agent_tap::{Comparison, IdFields, Ids};
use serde_json::Value;

use super::proxy;
use crate::auto;
use crate::cli;
use crate::client::ConnectOptions;
use crate::error::{Error, Kind};
use crate::input;
use crate::interrupt;
use crate::log::{Logger, say};
use crate::schema::Schema;
use crate::session::Output;

/// What is compared when calls are: IDs are not, nor is what no two runs have in common, which
/// are times, measures and random numbers.
pub(crate) const COMPARISON: Comparison = Comparison {
    ids: IdFields {
        anywhere: &auto::ID_FIELDS,
        alone: &["exec_id"],
    },
    measures: &[
        ("grpc.AgentService/SetGuestDateTime", &["Sec", "Usec"]),
        ("grpc.AgentService/ReseedRandomDev", &["data"]),
        (
            "grpc.AgentService/StatsContainer",
            &["cgroup_stats", "network_stats"],
        ),
        ("grpc.AgentService/GetMetrics", &["metrics"]),
    ],
};

/// Shows a recording, or prints Wireshark's dissector.
///
/// # Errors
/// When it cannot be read, or standard output takes no more.
pub(super) fn show(schema: &'static Schema, options: &cli::Show) -> Result<u8, Error> {
    // The options' definition lets it be left out with `--wireshark` only.
    let Some(file) = &options.file else {
        Output::default().text(&show::dissector(schema))?;
        return Ok(0);
    };
    if options.output == cli::ShowFormat::Pcapng && io::stdout().is_terminal() {
        return Err(Error::usage(
            "-o pcapng: this is not for a terminal: write it to a file, as in \"> calls.pcapng\"",
        ));
    }
    let _ = interrupt::install();
    let mut out = BufWriter::new(StandardOutput);
    let shown = shown_as(schema, options, open(file)?, &mut out);
    let shown = shown.and_then(|is_cut| {
        let flushed = out.flush().map_err(ShowError::Write);
        flushed.map(|()| is_cut)
    });
    match shown {
        Ok(is_cut) => {
            warn_if_cut(&format!("{file:?}"), is_cut);
            Ok(0)
        }
        Err(ShowError::Read(error)) => Err(unreadable(file, &error)),
        Err(ShowError::Write(error)) => Err(not_written(&error)),
    }
}

/// Shows a recording in the form that the options say.
fn shown_as(
    schema: &'static Schema,
    options: &cli::Show,
    recording: impl BufRead,
    out: &mut dyn Write,
) -> Result<bool, ShowError> {
    let (ids, bytes) = (&auto::ID_FIELDS, bytes_fields(schema));
    let mut text = Text {
        ids,
        bytes: bytes.clone(),
        messages: options.verbose,
        colours: has_colours(),
        start: std::time::SystemTime::UNIX_EPOCH,
    };
    match options.output {
        cli::ShowFormat::Text => show::show(recording, &mut text, out),
        cli::ShowFormat::Jsonl => show::show(recording, &mut Lines, out),
        cli::ShowFormat::Html => show::show(recording, &mut Page { ids, bytes }, out),
        cli::ShowFormat::Pcapng => show::pcapng(recording, out),
    }
}

/// Whether standard output shows colours, and the user wants them (<https://no-color.org>).
fn has_colours() -> bool {
    let is_refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_able = env::var_os("TERM").is_some_and(|terminal| terminal != "dumb");
    io::stdout().is_terminal() && is_able && !is_refused
}

/// Makes recorded calls again.
///
/// # Errors
/// When the recording cannot be read, a call cannot be made, or something cannot be written; the
/// last with the exit status 2, as 1 means that an answer differed.
pub(super) fn replay(
    schema: &'static Schema,
    options: cli::Replay,
    logger: Logger,
) -> Result<u8, Error> {
    let address = super::address::find(&options.address, logger)?;
    let address = address.ok_or_else(super::address::missing)?;
    let (source, ids, kept) = prepared(schema, &options.file)?;
    if let Some(write) = &options.write
        && is_same(write, &options.file)
    {
        let message = format_args!("-w: {write:?} is the recording that is read");
        return Err(Error::usage(message));
    }
    let file = options.write.as_deref().map(proxy::create).transpose()?;
    let mut record = file.map(BufWriter::new);
    let _ = interrupt::install();
    let mut output = Output::default();
    let mut failure = None;
    let mut tell = |step| {
        let told = match step {
            Step::Answer(answer) => output.line(&answer.text()),
            Step::Unanswered { name, now } => output.line(&replay::unanswered(&name, now.as_ref())),
            Step::Skipped { name, reason } => {
                say(format_args!("warning: {name}: {reason}"));
                Ok(())
            }
            Step::Record(of) => match (&mut record, of.line()) {
                (Some(file), Ok(line)) => file.write_all(&line).map_err(|error| not_kept(&error)),
                _ => Ok(()),
            },
        };
        if let Err(error) = told {
            failure.get_or_insert(error);
        }
    };
    let made = replay::replay(
        schema,
        source,
        replay::Replay {
            address: &address,
            connect: ConnectOptions {
                timeout: options.connect_timeout,
                sim: super::simulated_agent(),
            },
            timeout: options.timeout.filter(|timeout| !timeout.is_zero()),
            speed: options.speed,
            goes_on: options.ignore_errors,
            ids,
            kept,
        },
        &mut tell,
    );
    if let Some(error) = failure {
        return Err(as_usage(error));
    }
    if let Some(mut file) = record {
        file.flush().map_err(|error| not_kept(&error))?;
    }
    let outcome = made.map_err(|error| match error {
        ReplayError::Read(error) => unreadable(&options.file, &error),
        ReplayError::Connect(error) => error.into(),
        ReplayError::Call { name, error } => Error::from(error).within(name),
        ReplayError::Lost(error) => error.into(),
        ReplayError::Interrupted => interrupt::Interrupted.into(),
    })?;
    warn_if_cut(&format!("{:?}", options.file), outcome.is_cut);
    if outcome.differ > 0 {
        let stopped = match outcome.stopped {
            true => "; the calls after it were not made (--ignore-errors goes on)",
            false => "",
        };
        say(format_args!(
            "{} of {} calls were answered otherwise than recorded{stopped}",
            outcome.differ, outcome.calls
        ));
    }
    Ok(match (outcome.differ, outcome.late) {
        (0, _) => 0,
        (differ, late) if differ == late => Kind::Timeout.exit_status(),
        _ => 1,
    })
}

/// Shows what two recordings differ in.
///
/// # Errors
/// When one of them cannot be read, or standard output takes no more; all of that with the
/// exit status 2, as 1 means that they differ.
pub(super) fn diff(schema: &'static Schema, options: &cli::Diff) -> Result<u8, Error> {
    if options.first == Path::new("-") && options.second == Path::new("-") {
        return Err(Error::usage(
            "only one of the two recordings can be standard input",
        ));
    }
    let (first, second) = (open(&options.first)?, open(&options.second)?);
    let differences = diff::diff(schema, first, second, COMPARISON).map_err(|(which, error)| {
        let file = if which == 0 {
            &options.first
        } else {
            &options.second
        };
        unreadable(file, &error)
    })?;
    for (file, is_cut) in [&options.first, &options.second]
        .into_iter()
        .zip(differences.is_cut)
    {
        warn_if_cut(&format!("{file:?}"), is_cut);
    }
    let differences = differences.list;
    let text = match options.output {
        cli::DiffFormat::Text => differences.iter().map(Difference::text).collect(),
        cli::DiffFormat::Json => {
            let list: Vec<Value> = differences.iter().map(Difference::as_json).collect();
            format!("{:#}\n", Value::from(list))
        }
    };
    Output::default().text(&text).map_err(as_usage)?;
    Ok(u8::from(!differences.is_empty()))
}

/// An error for a command whose exit status 1 tells of a difference: what cannot be written ends
/// it with 2.
fn as_usage(error: Error) -> Error {
    match error.kind() {
        Kind::Output => Error::usage(error),
        _ => error,
    }
}

/// A recording of what was made again cannot be written.
fn not_kept(error: &io::Error) -> Error {
    Error::usage(input::reason(error)).within("-w")
}

/// Whether two paths are one file.
fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path| std::fs::metadata(path).map(|it| (it.dev(), it.ino()));
    match (id(one), id(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Opens a recording. A signal ends the wait for more of it.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, Error> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(input::StandardInput)));
    }
    let opened = input::open(path, None);
    let file = opened.map_err(|error| unreadable(path, &ReadError::Io(error)))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

/// A recording, its IDs with a fresh one for each, and the calls that are not to be made again. What
/// comes by standard input is kept, as it is read twice.
fn prepared(schema: &'static Schema, path: &Path) -> Result<(Box<dyn BufRead>, Ids, Kept), Error> {
    let mut first = open(path)?;
    let (mut first, second): (Box<dyn BufRead>, Box<dyn BufRead>) = match path == Path::new("-") {
        false => (first, open(path)?),
        true => {
            let mut text = Vec::new();
            let read = first.read_to_end(&mut text);
            read.map_err(|error| unreadable(path, &ReadError::Io(error)))?;
            let text: Rc<[u8]> = text.into();
            (
                Box::new(Cursor::new(Rc::clone(&text))),
                Box::new(Cursor::new(text)),
            )
        }
    };
    // Where the system gives no random numbers, the recorded ID may still do.
    let mut fresh = |id: &str| auto::random_id().unwrap_or(id.to_owned());
    let mut kept = Kept::default();
    let ids = Reader::new(&mut first).and_then(|(reader, _)| {
        let seen = reader.inspect(|record| record.iter().for_each(|record| kept.see(record)));
        Ids::of_recording(schema, COMPARISON.ids, seen, &mut fresh)
    });
    let ids = ids.map_err(|error| unreadable(path, &error))?;
    Ok((second, ids, kept))
}

/// Tells that a recording was cut off, as after a crash or while it is written.
pub(crate) fn warn_if_cut(name: &str, is_cut: bool) {
    if is_cut {
        say(format_args!(
            "warning: {name}: the last line is not whole, and is left out"
        ));
    }
}

pub(crate) fn unreadable(path: &Path, error: &ReadError) -> Error {
    if interrupt::is_raised() {
        return interrupt::Interrupted.into();
    }
    misread(&format!("{path:?}"), error)
}

/// What is wrong with a recording of this name.
pub(crate) fn misread(name: &str, error: &ReadError) -> Error {
    match error {
        ReadError::Line { line, column, .. } => {
            Error::usage(error).within(format_args!("{name}:{line}:{column}"))
        }
        _ => Error::usage(error).within(name),
    }
}

fn not_written(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::Interrupted => interrupt::Interrupted.into(),
        _ => Error::output(error),
    }
}

/// Standard output, which a signal ends the wait for.
struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match crate::standard_output::write(bytes) {
            Ok(()) => Ok(bytes.len()),
            // `write_all` would try again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                Err(io::Error::new(io::ErrorKind::BrokenPipe, "interrupted"))
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
