//! What stays the same over a run, by who needs it: the connection and its calls, the making
//! of requests, the printing of answers.

use std::time::Duration;

use agent_bundle::Bundle;

use super::prepare::Checks;
use crate::builtin::{Setting, Times};
use agent_client::transport::Address;
use agent_client::{Call, ConnectOptions};
use agent_report::error::Error;
use agent_report::error::ErrorFormat;
use agent_request::RequestOptions;
use agent_schema::Rpc;
use agent_schema::printer::Format;

/// All of them, with what the run itself needs.
#[derive(Debug)]
pub struct Options {
    /// How calls are made.
    pub calls: CallOptions,
    /// How requests are made.
    pub requests: RequestOptions,
    /// How answers are printed.
    pub printing: PrintOptions,
    /// Print requests instead of sending them.
    pub dry_run: bool,
    /// How often each command runs.
    pub repeat: Times,
    /// Whether a failed command does not end the run.
    pub ignore_errors: bool,
    /// Whether commands are typed one by one.
    pub prompt: bool,
    /// Whether errors and warnings are shown in full.
    pub verbose: bool,
    /// How errors are shown.
    pub error_format: ErrorFormat,
}

/// How calls are made.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// Where the agent listens; a dry run needs none.
    pub address: Option<Address>,
    /// How a connection is made.
    pub connect: ConnectOptions,
    /// The deadline of each call, if any.
    pub timeout: Option<Duration>,
    /// ttRPC metadata, in the order given.
    pub metadata: Vec<(String, String)>,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub struct PrintOptions {
    /// In which format.
    pub format: Format,
    /// Whether fields at their default are printed.
    pub emit_defaults: bool,
}

impl Options {
    /// What the commands of this run are checked with.
    pub fn checks(&self) -> Checks {
        Checks {
            requests: self.requests.clone(),
            calls: self.calls.clone(),
            format: self.printing.format,
            dry_run: self.dry_run,
        }
    }

    /// Changes one of them.
    ///
    /// # Errors
    /// When there is no such bundle.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<(), Error> {
        let mut checks = self.checks();
        checks.set(setting)?;
        // Each of them is named, so that none that is added is lost here.
        let Checks {
            requests,
            calls,
            format,
            dry_run,
        } = checks;
        self.requests = requests;
        self.calls = calls;
        self.printing.format = format;
        self.dry_run = dry_run;
        Ok(())
    }
}

impl Checks {
    /// Changes one of them, as [`Options::set`] does when the command runs.
    ///
    /// # Errors
    /// When there is no such bundle.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<(), Error> {
        match setting {
            Setting::Output(format) => self.format = *format,
            Setting::Timeout(timeout) => self.calls.timeout = *timeout,
            Setting::Metadata(key, value) => {
                self.calls.metadata.retain(|(given, _)| given != key);
                let added = value.iter().map(|value| (key.clone(), value.clone()));
                self.calls.metadata.extend(added);
            }
            Setting::BundleDir(folder) => {
                self.requests.bundle = folder.as_deref().map(Bundle::new).transpose()?;
            }
            Setting::NoAutoValues(is_set) => self.requests.automatic = !is_set,
        }
        Ok(())
    }
}

impl CallOptions {
    /// A call of an RPC with these options.
    pub(super) fn call_of<'a>(&'a self, rpc: &'static Rpc, payload: &'a [u8]) -> Call<'a> {
        Call {
            service: rpc.service,
            method: rpc.name,
            payload,
            metadata: &self.metadata,
            timeout: self.timeout,
        }
    }
}
