//! From nothing to a working call, in stages: each is fine, has failed, or could not be tried, and
//! a failed one has one thing to do about it. What one stage finds, those after it build on.

mod agent;
mod host;
mod reach;

use std::time::Duration;

use agent_node::{Host, Sandbox};

use crate::client::ConnectOptions;
use crate::schema::Schema;
use crate::transport::Address;

/// What came of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Ok,
    /// This is what is wrong, or a part of it.
    Failed,
    /// It does not apply, or needs what has failed.
    Skipped,
}

impl Outcome {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One stage.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Its name.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do; empty unless it failed.
    pub advice: String,
}

/// The names of all stages, in their order.
const STAGES: [&str; 13] = [
    "sandbox",
    "process",
    "monitor",
    "address",
    "permissions",
    "connect",
    "handshake",
    "ttrpc",
    "busy",
    "version",
    "features",
    "rpcs",
    "policy",
];

/// What is to be examined.
#[derive(Debug)]
pub(crate) enum Patient<'a> {
    /// The agent at this address, of whose sandbox nothing is known.
    Address(Address),
    /// The sandbox of this host.
    Sandbox(&'a Host, &'a Sandbox),
    /// There is none, for this reason.
    Missing {
        /// What is wrong.
        found: String,
        /// What to do.
        advice: String,
    },
}

/// How it is examined.
#[derive(Debug)]
pub(crate) struct Examination {
    /// The API of this build.
    pub schema: &'static Schema,
    /// How to connect.
    pub connect: ConnectOptions,
    /// How long the agent may take for each answer, if there is a limit.
    pub patience: Option<Duration>,
}

/// Goes through all stages.
pub(crate) fn examine(patient: &Patient<'_>, examination: &Examination) -> Vec<Stage> {
    let mut stages = Stages::default();
    let address = host::examine(patient, &mut stages);
    let connection = address.as_ref().and_then(|address| {
        let node = match patient {
            Patient::Sandbox(host, _) => Some(*host),
            _ => None,
        };
        reach::examine(address, node, examination, &mut stages)
    });
    if let (Some(address), Some(connection)) = (&address, connection) {
        let sandbox = match patient {
            Patient::Sandbox(_, sandbox) => Some(*sandbox),
            _ => None,
        };
        agent::examine(connection, address, sandbox, examination, &mut stages);
    }
    stages.complete()
}

/// The stages so far.
#[derive(Debug, Default)]
struct Stages {
    done: Vec<Stage>,
}

impl Stages {
    fn add(&mut self, outcome: Outcome, found: impl Into<String>, advice: impl Into<String>) {
        let name = STAGES.get(self.done.len()).copied().unwrap_or_default();
        self.done.push(Stage {
            name,
            outcome,
            found: found.into(),
            advice: advice.into(),
        });
    }

    fn ok(&mut self, found: impl Into<String>) {
        self.add(Outcome::Ok, found, "");
    }

    fn failed(&mut self, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Outcome::Failed, found, advice);
    }

    fn skipped(&mut self, found: impl Into<String>) {
        self.add(Outcome::Skipped, found, "");
    }

    /// All stages: those that were not reached are skipped, and say what they need.
    fn complete(mut self) -> Vec<Stage> {
        let failed = self
            .done
            .iter()
            .rev()
            .find(|stage| stage.outcome == Outcome::Failed);
        let missing = failed.map_or("", |stage| stage.name);
        let text = format!("not tried, as \"{missing}\" failed");
        while self.done.len() < STAGES.len() {
            self.skipped(text.as_str());
        }
        self.done
    }
}
