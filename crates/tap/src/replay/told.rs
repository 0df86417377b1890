//! What is told while calls are made again, and in the end.

use std::time::Duration;

use agent_client::{CallError, ConnectError};
use agent_text::{duration, escape};

use crate::recording::{ReadError, Record, Status};

/// What is told while calls are made.
#[derive(Debug)]
pub enum Step {
    /// A call has an answer, as recorded or not.
    Answer(Answer),
    /// A call has no recorded answer: it was open when its connection, or the recording, ended.
    Unanswered {
        /// `service/method`.
        name: String,
        /// The status now, if it has been answered this time.
        now: Option<Status>,
    },
    /// A recorded call is not made.
    Skipped {
        /// `service/method`.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A line of the recording of this run.
    Record(Box<Record>),
}

/// An answer beside the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `service/method`.
    pub name: String,
    /// The recorded status; none if the answer was not ttRPC.
    pub recorded: Option<Status>,
    /// The status now; none if no answer came in time.
    pub now: Option<Status>,
    /// How long it took.
    pub took: Duration,
    /// The kinds of the rules that made the recorded answer. No agent gave it.
    pub rules: Vec<String>,
}

impl Answer {
    /// Whether the status codes are the same. What a rule made of an answer is not compared.
    pub(crate) fn is_same(&self) -> bool {
        if !self.rules.is_empty() {
            return self.now.is_some();
        }
        let code = |status: &Option<Status>| status.as_ref().map(|status| status.code);
        code(&self.recorded) == code(&self.now)
    }

    /// A line of it, beside the recorded one where that differs.
    pub fn text(&self) -> String {
        let (name, took) = (&self.name, duration::display(self.took));
        let now = status(self.now.as_ref(), "no answer in time");
        let recorded = status(self.recorded.as_ref(), "not ttRPC");
        let rules = escape::line(&self.rules.join(", ")).into_owned();
        match self.is_same() {
            true if !rules.is_empty() => {
                format!("rule     {name}  {now}  {took}, recorded: {recorded} (by a rule: {rules})")
            }
            true => format!("same     {name}  {now}  {took}"),
            false => format!("differs  {name}  {now}  {took}, recorded: {recorded}"),
        }
    }
}

/// A line of a call that no answer was recorded of.
pub fn unanswered(name: &str, now: Option<&Status>) -> String {
    let now = now.map_or(String::new(), |now| format!("{}, ", status(Some(now), "")));
    format!("open     {name}  {now}no answer was recorded")
}

/// A status on one line, or what stands in its place.
fn status(status: Option<&Status>, none: &str) -> String {
    let Some(status) = status else {
        return none.to_owned();
    };
    let name = match &status.name {
        Some(name) if status.code == 0 => return name.clone(),
        Some(name) => format!("{} ({})", escape::line(name), status.code),
        None => status.code.to_string(),
    };
    format!("{name}: {}", escape::first_line(&status.message, 200))
}

/// Why the calls were not all made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording cannot be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A call could not be made.
    #[error("{name}: {error}")]
    Call {
        /// `service/method`.
        name: String,
        /// What came in its way.
        error: CallError,
    },
    /// The connection was lost, or what came is not ttRPC.
    #[error("{0}")]
    Lost(CallError),
    /// SIGINT or SIGTERM came.
    #[error("interrupted")]
    Interrupted,
}

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How many calls were made.
    pub calls: u64,
    /// How many answers differed in status, those that did not come in time among them.
    pub differ: u64,
    /// How many of those did not come in time.
    pub late: u64,
    /// How many calls were skipped.
    pub skipped: u64,
    /// Whether it was stopped at the first answer that differed.
    pub stopped: bool,
    /// Whether the recording's last line was cut off.
    pub is_cut: bool,
}
