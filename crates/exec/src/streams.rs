//! The process's standard streams, as far as each of them is a matter of its own: what of it is on
//! its way, and when it has ended.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::unistd::write;

use super::process::Exec;
use agent_report::error::Error;
use agent_schema::Rpc;
use agent_session::by_name::ByName;

/// How much is read and written at a time, in bytes: an agent answers no more.
pub(super) const PIECE: usize = 64 * 1024;

/// How much a pipe that can be written to takes without blocking: `PIPE_BUF`.
const WRITTEN: usize = 4096;

/// How long an output that has ended is left alone while the process has not.
const REST: Duration = Duration::from_millis(250);

/// An output on its way from the agent to here.
pub(super) struct Outlet {
    pub(super) rpc: &'static Rpc,
    pub(super) request: Vec<u8>,
    /// What is still to be written here.
    pending: Vec<u8>,
    written: usize,
    pub(super) is_asked: bool,
    /// How many empty answers came in a row.
    empty: u8,
    /// Whether the agent does not answer it any more.
    pub(super) is_refused: bool,
    /// When it may be asked again after its end.
    pub(super) rests_until: Option<Instant>,
    /// Whether anything ever came.
    pub(super) was_heard: bool,
}

impl Outlet {
    pub(super) fn new(rpc: &'static Rpc, exec: &Exec<'_>) -> Result<Self, Error> {
        let mut request = ByName::about(rpc, exec.container_id, exec.exec_id)?;
        request.set_number("len", PIECE as u32)?;
        Ok(Self {
            rpc,
            request: request.payload()?,
            pending: Vec::new(),
            written: 0,
            is_asked: false,
            empty: 0,
            is_refused: false,
            rests_until: None,
            was_heard: false,
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_refused || self.empty >= 2
    }

    pub(super) fn is_written(&self) -> bool {
        self.written >= self.pending.len()
    }

    /// Whether it is time to ask for more.
    pub(super) fn wants_more(&self) -> bool {
        let is_rested = self.rests_until.is_none_or(|end| end <= Instant::now());
        !self.is_asked && self.is_written() && !self.is_refused && is_rested
    }

    /// Takes an answer.
    pub(super) fn take(&mut self, data: &[u8]) {
        self.is_asked = false;
        if data.is_empty() {
            self.empty = self.empty.saturating_add(1);
            // What a policy withholds comes as empty answers too, and must be read, or the
            // process waits for that.
            self.rests_until = self.has_ended().then(|| Instant::now() + REST);
            return;
        }
        self.empty = 0;
        self.rests_until = None;
        self.was_heard = true;
        self.written = 0;
        data.clone_into(&mut self.pending);
    }

    /// Writes as much as surely does not block.
    pub(super) fn write(&mut self, to: BorrowedFd<'_>) -> io::Result<()> {
        let rest = self.pending.get(self.written..).unwrap_or_default();
        let piece = rest.get(..WRITTEN).unwrap_or(rest);
        match write(to, piece) {
            Ok(count) => self.written += count,
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }
}

/// Standard input on its way to the agent.
pub(super) struct Inlet {
    /// What is still to be sent.
    pub(super) pending: Vec<u8>,
    /// Whether more may come.
    pub(super) is_open: bool,
    /// Whether the end is still to be told.
    pub(super) is_to_be_closed: bool,
    /// Whether a call is in flight.
    pub(super) is_busy: bool,
    /// How much that call sends.
    pub(super) sending: usize,
}
