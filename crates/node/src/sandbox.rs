//! The sandboxes of both runtimes, each put together from its folder, its shim's answer, and
//! its containers' bundles.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use agent_client::Address;
use agent_text::excerpt::Excerpt;

use crate::bundle::{self, Container, Pod};
use crate::host::{Host, Unread};
use crate::monitor::{self, ShimAnswer};
use crate::process::Process;
use crate::record::Record;
use crate::runtime::Runtime;

/// The file of a shim's monitor socket.
const MONITOR: &str = "shim-monitor.sock";

/// A sandbox of the host.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Its ID.
    pub id: String,
    /// Its pod, if a container's bundle tells.
    pub pod: Option<Pod>,
    /// Its runtime.
    pub runtime: Runtime,
    /// Its hypervisor, as the runtime spells it, if that was written down.
    pub hypervisor: Option<String>,
    /// Where its agent listens, if that is known.
    pub address: Option<Address>,
    /// The hypervisor's process, if that was written down.
    pub process: Option<Process>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Its folder.
    pub folder: PathBuf,
    /// What its shim answered.
    pub answer: ShimAnswer,
    /// Whether this user may read what the runtime has written down of it.
    pub is_readable: bool,
}

/// Whether a sandbox is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its shim answers.
    Running,
    /// Its shim does not answer, or may not be asked.
    NoAnswer,
    /// Its shim is gone, and the folder is still there.
    LeftOver,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::NoAnswer => "no answer",
            Self::LeftOver => "left over",
        }
    }
}

impl Sandbox {
    /// Whether it is there.
    pub fn state(&self) -> State {
        match self.answer {
            ShimAnswer::Said { .. } | ShimAnswer::Garbled => State::Running,
            ShimAnswer::NobodyListens | ShimAnswer::NoSocket => State::LeftOver,
            ShimAnswer::Silent | ShimAnswer::Denied | ShimAnswer::Failed(_) => State::NoAnswer,
        }
    }

    /// Whether nothing is left of it but its folder: its shim is gone, and so is its
    /// hypervisor, or nothing is known of one.
    pub fn is_gone(&self) -> bool {
        let has_ended = |process: Process| process.is_alive == Some(false);
        self.state() == State::LeftOver && self.process.is_none_or(has_ended)
    }

    /// An annotation of its pod, from the bundle of its own container, or where that has none
    /// from that of another one.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let own = self.containers.iter().filter(|it| it.is_sandbox);
        let others = self.containers.iter().filter(|it| !it.is_sandbox);
        let found = own.chain(others).find_map(|it| it.annotations.get(name));
        found.map(String::as_str)
    }

    /// The socket on which its shim is asked.
    pub fn monitor(&self) -> PathBuf {
        self.folder.join(MONITOR)
    }

    /// What is wrong with it, and what to do; `None` if nothing is.
    pub fn advice(&self) -> Option<String> {
        let folder = self.folder.display();
        let monitor = self.monitor();
        let monitor = monitor.display();
        match (&self.answer, self.process) {
            (ShimAnswer::NobodyListens | ShimAnswer::NoSocket, Some(Process { id, is_alive })) => {
                Some(match is_alive {
                    Some(true) => format!(
                        "left over: its shim is gone, and its hypervisor, process {id}, still \
                         runs; end that process, then remove {folder}"
                    ),
                    Some(false) => format!(
                        "left over from a sandbox that is gone, as is its hypervisor, process \
                         {id}: remove {folder}"
                    ),
                    None => format!(
                        "left over: its shim is gone, and whether its hypervisor, process {id}, \
                         runs cannot be seen from here; see to that, then remove {folder}"
                    ),
                })
            }
            (ShimAnswer::NobodyListens | ShimAnswer::NoSocket, None) if !self.is_readable => {
                Some(format!(
                    "its shim is gone, and what the runtime has written down in {folder} may not be \
                 read; run this as root"
                ))
            }
            (ShimAnswer::NobodyListens | ShimAnswer::NoSocket, None) => Some(format!(
                "left over from a sandbox that is gone, or one that is only just starting; if \
                 it is the same in a minute, remove {folder}"
            )),
            (ShimAnswer::Silent, _) => Some(format!(
                "its shim does not answer on {monitor}; see what the shim has logged"
            )),
            (ShimAnswer::Denied, _) => {
                Some(format!("permission denied for {monitor}; run this as root"))
            }
            (ShimAnswer::Failed(reason), _) => Some(format!("{monitor}: {reason}")),
            (ShimAnswer::Garbled, _) => Some(format!(
                "what answers on {monitor} does not speak HTTP, so it is not a shim of Kata's"
            )),
            (ShimAnswer::Said { status: 200, body }, _) if is_address_to_be(body) => Some(
                "its shim does not know the agent's address yet, as the guest is not up; try \
                 again in a few seconds"
                    .to_owned(),
            ),
            (ShimAnswer::Said { status: 200, body }, _) => {
                let is_address = body.parse::<Address>().is_ok();
                let wrong =
                    || format!("what its shim answers is not an address: {}", Excerpt(body));
                (!is_address).then(wrong)
            }
            (ShimAnswer::Said { status, body }, _) => Some(format!(
                "its shim answers {status} when it is asked for the agent's address: {}",
                Excerpt(body)
            )),
        }
    }
}

/// What the Rust runtime answers while it has no address.
fn is_address_to_be(body: &str) -> bool {
    body.is_empty() || body.starts_with(':')
}

/// What there is on a host.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Its sandboxes, by ID.
    pub sandboxes: Vec<Sandbox>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Containers that are in none of these sandboxes: those of other runtimes.
    pub others: Vec<Container>,
}

impl Survey {
    /// Whether there may be sandboxes or containers that this user may not see.
    pub fn is_partial(&self) -> bool {
        self.unread.iter().any(|unread| unread.is_denied)
    }
}

impl Host {
    /// Finds all sandboxes, and asks their shims; each has `limit` to answer.
    pub fn survey(&self, limit: Duration) -> Survey {
        let mut survey = self.glance();
        let sockets: Vec<PathBuf> = survey.sandboxes.iter().map(Sandbox::monitor).collect();
        let answers = monitor::ask(&sockets, limit);
        for (sandbox, answer) in survey.sandboxes.iter_mut().zip(answers) {
            if let ShimAnswer::Said { status: 200, body } = &answer
                && let Ok(address) = self.address(body)
            {
                sandbox.address = Some(address);
            }
            sandbox.answer = answer;
        }
        survey
    }

    /// Finds all sandboxes by their files alone. Nobody is asked, and none counts as running.
    pub fn glance(&self) -> Survey {
        let mut unread = Vec::new();
        let mut containers: HashMap<String, Vec<Container>> = HashMap::new();
        for container in bundle::containers(self, &mut unread) {
            let of_sandbox = containers.entry(container.sandbox_id.clone());
            of_sandbox.or_default().push(container);
        }
        let mut sandboxes: Vec<Sandbox> = Vec::new();
        for runtime in Runtime::ALL {
            let place = self.path(runtime.folder());
            for id in bundle::folders(self, &place, &mut unread) {
                let folder = place.join(&id);
                // Other folders are there too, and a sandbox has one of these from its start.
                let files = [MONITOR, runtime.state_file()];
                let seen = files.map(|file| folder.join(file).symlink_metadata());
                if seen.iter().any(Result::is_ok) {
                    let containers = containers.remove(&id).unwrap_or_default();
                    sandboxes.push(self.sandbox(runtime, id, folder, containers, &mut unread));
                    continue;
                }
                let mut errors = seen.iter().filter_map(|seen| seen.as_ref().err());
                if let Some(error) = errors.find(|it| it.kind() != io::ErrorKind::NotFound) {
                    unread.push(Unread::new(&folder, error));
                }
            }
        }
        sandboxes.sort_by(|one, other| one.id.cmp(&other.id));
        let mut others: Vec<Container> = containers.into_values().flatten().collect();
        others.sort_by(|one, other| one.id.cmp(&other.id));
        Survey {
            sandboxes,
            unread,
            others,
        }
    }

    fn sandbox(
        &self,
        runtime: Runtime,
        id: String,
        folder: PathBuf,
        containers: Vec<Container>,
        unread: &mut Vec<Unread>,
    ) -> Sandbox {
        let before = unread.len();
        let record = Record::read(self, runtime, &folder, &id, unread);
        let address = record.address.and_then(|text| self.address(&text).ok());
        let process = record.process.map(|number| Process::of(self, number, &id));
        Sandbox {
            pod: containers
                .iter()
                .find_map(|container| container.pod.clone()),
            runtime,
            hypervisor: record.hypervisor,
            address,
            process,
            containers,
            folder,
            answer: ShimAnswer::NobodyListens,
            is_readable: unread.len() == before,
            id,
        }
    }
}
