//! The RPCs that an exec is made of.

use agent_report::error::Error;
use agent_schema::{Rpc, Schema, lookup};

/// The RPCs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rpcs {
    pub(super) start: &'static Rpc,
    pub(super) read_stdout: &'static Rpc,
    pub(super) read_stderr: &'static Rpc,
    pub(super) write: &'static Rpc,
    pub(super) close: &'static Rpc,
    pub(super) resize: &'static Rpc,
    pub(super) signal: &'static Rpc,
    pub(super) wait: &'static Rpc,
    /// What tells whether the agent has a policy, if the build has it.
    pub(super) details: Option<&'static Rpc>,
}

impl Rpcs {
    /// Finds them in the build's protos.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn of(schema: &'static Schema) -> Result<Self, Error> {
        let named = |name: &str| {
            let found = lookup::rpc(schema, name)
                .ok()
                .filter(|rpc| !rpc.is_streaming());
            found.ok_or_else(|| {
                Error::usage(format_args!(
                    "this build's protos have no {name}, which is needed"
                ))
            })
        };
        Ok(Self {
            start: named("grpc.AgentService/ExecProcess")?,
            read_stdout: named("grpc.AgentService/ReadStdout")?,
            read_stderr: named("grpc.AgentService/ReadStderr")?,
            write: named("grpc.AgentService/WriteStdin")?,
            close: named("grpc.AgentService/CloseStdin")?,
            resize: named("grpc.AgentService/TtyWinResize")?,
            signal: named("grpc.AgentService/SignalProcess")?,
            wait: named("grpc.AgentService/WaitProcess")?,
            details: named("grpc.AgentService/GetGuestDetails").ok(),
        })
    }
}
