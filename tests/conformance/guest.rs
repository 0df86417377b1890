//! A real agent in a guest of its own. What makes the guest is a program:
//! `guest.sh` here, or another that is named, which starts a virtual machine
//! for example. It says on one line of standard output where the agent is,
//! where the guest has a root filesystem with busybox, and what else the guest
//! has; it ends the guest when its standard input ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::agents::{PROGRAMS, write_bundle};
use crate::answer::Answer;
use crate::judge::{Agent, Agents};
use crate::script::Script;
use crate::session::Session;

/// The agent's program.
const AGENT: &str = "KATA_AGENT_BIN";
/// The program that makes a guest.
const GUEST: &str = "KATA_AGENT_GUEST";
/// It may be in a machine that is emulated.
const SLOWNESS: u32 = 5;

/// How to start a guest.
pub struct Guest {
    agent: PathBuf,
    program: PathBuf,
}

struct Running {
    address: String,
    bundle: TempDir,
    has: Vec<String>,
    child: Child,
}

impl Guest {
    /// As the environment says.
    ///
    /// # Errors
    /// Why there is no real agent.
    pub fn of_environment() -> Result<Guest, String> {
        Self::of_variable(AGENT)
    }

    /// One whose agent is the program that a variable of the environment names.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of_variable(name: &str) -> Result<Guest, String> {
        let agent = std::env::var_os(name).ok_or(format!("{name} is not set"))?;
        let program = match std::env::var_os(GUEST) {
            Some(program) => program.into(),
            None => {
                if !nix::unistd::geteuid().is_root() {
                    return Err("only root can make its namespaces".to_owned());
                }
                for tool in ["busybox", "unshare", "nsenter"] {
                    let found = Command::new(tool).arg("--help").output();
                    found.map_err(|error| format!("{tool:?} is not there: {error}"))?;
                }
                Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/guest.sh")
            }
        };
        Ok(Guest {
            agent: agent.into(),
            program,
        })
    }
}

impl Agents for Guest {
    fn start(&self, script: &Script) -> Result<Box<dyn Agent>, String> {
        let bundle = tempfile::tempdir().unwrap();
        let mut child = Command::new(&self.program)
            .arg(&self.agent)
            .arg(bundle.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(address), Some(root)) = (words.next(), words.next()) else {
            let _ = child.wait();
            panic!("{}: no guest came up: {line:?}", self.program.display());
        };
        write_bundle(bundle.path(), Path::new(&root));
        let mut running = Running {
            address,
            bundle,
            has: words.chain([PROGRAMS.to_owned()]).collect(),
            child,
        };
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
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
