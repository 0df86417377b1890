//! What stays the same over a run, by who needs it: the connection and its calls, the making
//! of requests, the printing of answers.

use std::time::Duration;

use agent_bundle::Bundle;

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
    /// What each command is checked and carried out with.
    pub settings: Settings,
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

/// What each command is checked and carried out with. Built-in commands change it for those
/// after them.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How calls are made. What is sent with each request counts for its size.
    pub calls: CallOptions,
    /// How requests are made.
    pub requests: RequestOptions,
    /// How answers are printed, which not every answer can be.
    pub printing: PrintOptions,
    /// Whether requests are printed instead of sent.
    pub dry_run: bool,
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

impl Settings {
    /// Those of commands that are only made into requests: nothing is called or printed.
    pub fn of_requests(requests: RequestOptions) -> Self {
        Self {
            calls: CallOptions {
                address: None,
                connect: ConnectOptions::default(),
                timeout: None,
                metadata: Vec::new(),
            },
            requests,
            printing: PrintOptions {
                format: Format::Jsonl,
                emit_defaults: false,
            },
            dry_run: true,
        }
    }

    /// Changes one of them.
    ///
    /// # Errors
    /// When there is no such bundle.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<(), Error> {
        match setting {
            Setting::Output(format) => self.printing.format = *format,
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
