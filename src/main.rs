//! `kata-agent-ctl`: arguments in, exit status out.

use std::process::ExitCode;

use clap::error::ErrorKind;
use kata_agent_ctl::cli::{self, Cli, ErrorFormat};
use kata_agent_ctl::error::{Error, Failure};
use kata_agent_ctl::log::say;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cli = match Cli::read(arguments.iter().cloned()) {
        Ok(cli) => cli,
        Err(error) => return not_read(&error, &arguments).into(),
    };
    let error_format = cli.error_format;
    let status = kata_agent_ctl::run(cli).unwrap_or_else(|failure| {
        failure.show(error_format, false, say);
        failure.exit_status
    });
    status.into()
}

/// Help and version go to standard output; everything else is one line of error.
fn not_read(error: &clap::Error, arguments: &[std::ffi::OsString]) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return match error.print() {
                Ok(()) => 0,
                Err(error) => failed(Failure::new(None, Error::output(&error)), arguments),
            };
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return 2;
        }
        _ => {}
    }
    let failure = Failure {
        exit_status: cli::mistake_status(arguments),
        ..Failure::new(None, Error::usage(cli::one_line(error)))
    };
    failed(failure, arguments)
}

/// Shows an error that came before the options were known.
fn failed(failure: Failure, arguments: &[std::ffi::OsString]) -> u8 {
    failure.show(error_format(arguments), false, say);
    failure.exit_status
}

/// The error format of a command line that could not be read.
fn error_format(arguments: &[std::ffi::OsString]) -> ErrorFormat {
    let json = |pair: &[std::ffi::OsString]| pair == ["--error-format", "json"];
    if arguments.windows(2).any(json) || arguments.iter().any(|word| word == "--error-format=json")
    {
        return ErrorFormat::Json;
    }
    ErrorFormat::Text
}
