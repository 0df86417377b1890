//! The worked examples, against agents that are not in the tool's own process: each must do on a
//! real agent what it says of the simulated one.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::console::matches;
use crate::judge::{Agent, Agents, say};
use crate::script::Script;

/// Where the examples reach an agent, which stands for any address.
const ADDRESS: &str = "sim://";
/// The calls after which a guest is no longer as it was.
const CALLS: [&str; 3] = ["CreateSandbox", "CreateContainer", "CopyFile"];

/// Runs each example that calls an agent, those that leave something in the guest against an
/// agent of their own.
///
/// # Errors
/// Why there is no such agent.
///
/// # Panics
/// When one of them prints something else.
pub(crate) fn all(name: &str, agents: &dyn Agents) -> Result<(), String> {
    let shared = agents.start(&script())?;
    let listed = Command::new(crate::program())
        .args(["examples", "--json"])
        .output()
        .unwrap();
    let topics: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut mistakes = String::new();
    let mut count = 0;
    for topic in topics.as_array().unwrap() {
        for example in topic["examples"].as_array().unwrap() {
            let steps = example["commands"].as_array().unwrap().iter();
            let text = |name: &str| -> String {
                let texts = steps.clone().map(|step| step[name].as_str().unwrap());
                texts.flat_map(|text| [text.trim_end(), "\n"]).collect()
            };
            let (commands, prints) = (text("command"), text("prints"));
            if !commands.contains(ADDRESS) {
                continue;
            }
            let found = match CALLS.iter().any(|call| commands.contains(call)) {
                true => run(agents.start(&script()).unwrap().as_ref(), &commands),
                false => run(shared.as_ref(), &commands),
            };
            count += 1;
            if !matches(&prints, &found) {
                let topic = &topic["name"];
                mistakes.push_str(&format!(
                    "{topic}: {commands}{prints}but it printed\n{found}"
                ));
            }
        }
    }
    assert!(mistakes.is_empty(), "{name}: {mistakes}");
    say(&format!("{name}: {count} examples worked"));
    assert!(count >= 25, "{name}: {count}");
    Ok(())
}

/// What the examples need of a guest: a real agent starts no container without.
fn script() -> Script {
    Script::parse("examples", "% needs memory-cgroup\n")
}

/// What the commands print, in a folder with a bundle whose root filesystem the agent has.
fn run(agent: &dyn Agent, text: &str) -> String {
    let folder = agent.bundle();
    let config: Value =
        serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    let root = config["root"]["path"].as_str().unwrap();
    // A guest has this one, and what is copied into it is a container's too.
    let text = text
        .replace(ADDRESS, agent.address())
        .replace(r#""path":"rootfs""#, &format!(r#""path":{root:?}"#));
    let bundle = folder.join("bundle");
    if let Some(root) = agent.root().filter(|_| !bundle.exists()) {
        fs::create_dir(&bundle).unwrap();
        let copied = Command::new("cp")
            .arg("-a")
            .args([root, &bundle.join("rootfs")])
            .status();
        assert!(copied.unwrap().success());
    }
    let binaries = tempfile::tempdir().unwrap();
    symlink(crate::program(), binaries.path().join("kata-agent-ctl")).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("timeout")
        .args(["120", "bash", "-c", &format!("exec 2>&1\n{text}")])
        .env("PATH", format!("{}:{path}", binaries.path().display()))
        .env("HOME", folder)
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
