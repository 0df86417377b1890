//! A real agent in a guest of its own: private namespaces of this machine, which is quick, or
//! a virtual machine, which has a kernel and cgroups of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::agents::{PROGRAMS, write_bundle};
use crate::answer::Answer;
use crate::judge::{Agent, Agents};
use crate::machine::{Booted, Machines, ROOT};
use crate::script::Script;
use crate::session::Session;

/// Names the agent's program.
pub(crate) const AGENT: &str = "KATA_AGENT_BIN";
/// The same of one that has policies.
pub(crate) const AGENT_WITH_POLICY: &str = "KATA_AGENT_POLICY_BIN";
/// It may be in a machine that is emulated.
const SLOWNESS: u32 = 5;

/// How to start a guest.
pub(crate) enum Guest {
    /// In namespaces, by `guest.sh`.
    Namespaces { agent: PathBuf },
    /// In a virtual machine.
    Machine(Machines),
}

struct Running {
    address: String,
    has: Vec<String>,
    // Dropped first, as it needs its files to the end.
    place: Place,
    bundle: TempDir,
}

/// Where it runs. It ends when this is dropped.
enum Place {
    Namespaces { root: PathBuf, _script: Namespaces },
    Machine(Booted),
}

struct Namespaces(Child);

impl Guest {
    /// One in namespaces, whose agent is the program that a variable of the environment names.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn in_namespaces(variable: &str) -> Result<Guest, String> {
        let agent = agent(variable)?;
        if !nix::unistd::geteuid().is_root() {
            return Err("only root can make its namespaces".to_owned());
        }
        for tool in ["busybox", "unshare", "nsenter"] {
            let found = Command::new(tool).arg("--help").output();
            found.map_err(|error| format!("{tool:?} is not there: {error}"))?;
        }
        Ok(Guest::Namespaces { agent })
    }

    /// The same in a virtual machine. Whoever asks for another one waits until this is dropped.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn in_a_machine(variable: &str) -> Result<Guest, String> {
        Machines::of_agent(&agent(variable)?).map(Guest::Machine)
    }
}

fn agent(variable: &str) -> Result<PathBuf, String> {
    let agent = std::env::var_os(variable).ok_or(format!("{variable} is not set"))?;
    Ok(agent.into())
}

/// Makes a guest of namespaces, and the root file systems of all guests.
pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/guest.sh")
}

impl Agents for Guest {
    fn start(&self, script: &Script) -> Result<Box<dyn Agent>, String> {
        let bundle = tempfile::tempdir().unwrap();
        let (address, has, place) = match self {
            Guest::Namespaces { agent } => in_namespaces(agent, bundle.path()),
            Guest::Machine(machines) => {
                let booted = machines.boot();
                let has = ["memory-cgroup", "cgroup2", "kernel"]
                    .map(str::to_owned)
                    .to_vec();
                (booted.address(), has, Place::Machine(booted))
            }
        };
        let root = match &place {
            Place::Namespaces { root, .. } => root,
            Place::Machine(_) => Path::new(ROOT),
        };
        write_bundle(bundle.path(), root);
        let mut running = Running {
            address,
            bundle,
            has,
            place,
        };
        running.has.push(PROGRAMS.to_owned());
        running.ask_for_features(script);
        if let Some(need) = script.needs.iter().find(|need| !running.has.contains(need)) {
            return Err(format!("the guest has no {need}"));
        }
        match script
            .without
            .iter()
            .find(|each| running.has.contains(each))
        {
            Some(feature) => Err(format!("the agent has {feature}")),
            None => Ok(Box::new(running)),
        }
    }
}

/// Runs the script, which says where the agent and a root file system are, and what there is.
fn in_namespaces(agent: &Path, folder: &Path) -> (String, Vec<String>, Place) {
    let mut child = Command::new(script())
        .arg(agent)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", script().display()));
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(address), Some(root)) = (words.next(), words.next()) else {
        let _ = child.wait();
        panic!("{}: no guest came up: {line:?}", script().display());
    };
    let place = Place::Namespaces {
        root: root.into(),
        _script: Namespaces(child),
    };
    (address, words.collect(), place)
}

impl Running {
    fn ask_for_features(&mut self, script: &Script) {
        let mut session = Session::new(&self.address, self.bundle.path(), script, SLOWNESS);
        let details = match session.call("GetGuestDetails") {
            Answer::Response(details) => details,
            other => panic!("{}: {other}", self.address),
        };
        let features = details["agent_details"]["extra_features"].as_array();
        for feature in features
            .into_iter()
            .flatten()
            .filter_map(|each| each.as_str())
        {
            let name = feature.strip_prefix("agent-").unwrap_or(feature);
            self.has.push(name.to_owned());
        }
    }
}

impl Agent for Running {
    fn address(&self) -> &str {
        &self.address
    }

    fn slowness(&self) -> u32 {
        SLOWNESS
    }

    fn bundle(&self) -> &Path {
        self.bundle.path()
    }

    fn root(&self) -> Option<&Path> {
        match &self.place {
            Place::Namespaces { root, .. } => Some(root),
            Place::Machine(booted) => Some(&booted.root),
        }
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
