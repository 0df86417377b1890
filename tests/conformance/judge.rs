//! Runs every script against one kind of agent and tells what agreed.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::answer::Answer;
use crate::script::{Action, Script};
use crate::session::{Session, finish};

/// A way to get a fresh agent.
pub(crate) trait Agents: Sync {
    /// An agent for the script.
    ///
    /// # Errors
    /// Why the script cannot be run against such an agent.
    fn start(&self, script: &Script) -> Result<Box<dyn Agent>, String>;
}

/// An agent, which ends when it is dropped.
pub(crate) trait Agent {
    /// Where it is called.
    fn address(&self) -> &str;
    /// How much slower it may be than the simulated one.
    fn slowness(&self) -> u32 {
        1
    }
    /// A bundle whose root filesystem it has.
    fn bundle(&self) -> &Path;
    /// The same root filesystem, as files of this machine.
    fn root(&self) -> Option<&Path> {
        None
    }
}

/// Runs all scripts, `workers` at a time. The names of those that such an agent cannot
/// be asked are given, in their order, where they are known.
///
/// # Panics
/// When an answer is not the one that the script expects, or other scripts are left out.
pub(crate) fn all(name: &str, agents: &dyn Agents, workers: usize, left_out: Option<&[&str]>) {
    let only = std::env::var("CONFORMANCE_SCRIPT").unwrap_or_default();
    let mut scripts = Script::all();
    scripts.retain(|script| script.name.contains(&only));
    let next = AtomicUsize::new(0);
    let result = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = run(script, agents);
                    result.lock().unwrap().add(one);
                }
            });
        }
    });
    let mut result = result.into_inner().unwrap();
    result.left_out.sort();
    for (script, reason) in &result.left_out {
        say(&format!("{name}: without {script}: {reason}"));
    }
    if let Some(expected) = left_out {
        let expected = expected.iter().filter(|script| script.contains(&only));
        let found = result.left_out.iter().map(|(script, _)| script);
        assert!(found.eq(expected), "{name}: {:?}", result.left_out);
    }
    let agreed = result.compared - result.differences.len();
    say(&format!(
        "{name}: {} calls compared, {agreed} agreed",
        result.compared
    ));
    assert!(result.compared > 0, "{name}: nothing was compared");
    let differences = result.differences.join("\n");
    assert!(differences.is_empty(), "{name}:\n{differences}");
}

/// Says it even where the output of tests that pass is not shown.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "conformance: {text}");
}

#[derive(Default)]
struct Tally {
    compared: usize,
    differences: Vec<String>,
    /// Names of scripts, and why they were not run.
    left_out: Vec<(String, String)>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.compared += other.compared;
        self.differences.extend(other.differences);
        self.left_out.extend(other.left_out);
    }
}

fn run(script: &Script, agents: &dyn Agents) -> Tally {
    let mut result = Tally::default();
    let agent = match agents.start(script) {
        Ok(agent) => agent,
        Err(reason) => {
            result.left_out.push((script.name.clone(), reason));
            return result;
        }
    };
    let mut session = Session::new(agent.address(), agent.bundle(), script, agent.slowness());
    let mut open: HashMap<&str, Child> = HashMap::new();
    for step in &script.steps {
        let (what, expected, answer): (_, _, Answer) = match &step.action {
            Action::Begin(name, command) => {
                open.insert(name, session.begin(command));
                continue;
            }
            Action::Pause(time) => {
                thread::sleep(Duration::from_millis(*time));
                continue;
            }
            Action::Call(command, expected) => (command, expected, session.call(command)),
            Action::Finish(name, expected) => {
                let call = open.remove(name.as_str()).expect("the call was begun");
                (name, expected, finish(call))
            }
        };
        result.compared += 1;
        if let Err(difference) = expected.compare(&answer) {
            let place = format!("{}.txt:{}", script.name, step.line);
            result
                .differences
                .push(format!("{place}: {what}\n    {difference}"));
        }
    }
    result
}
