//! The worked examples of containers, against agents that are not in the tool's own process:
//! each must work on a real agent as it does on the simulated one.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::judge::{Agents, say};
use crate::script::Script;

/// Where the examples reach an agent, which stands for any address.
const ADDRESS: &str = "sim://";
/// Of the calls that the examples are about, those that change what is in a guest.
const CALLS: [&str; 3] = ["CreateSandbox", "CreateContainer", "CopyFile"];

/// Runs each example of containers against an agent of its own.
///
/// # Errors
/// Why there is no such agent.
///
/// # Panics
/// When one of them meets an error.
pub fn all(name: &str, agents: &dyn Agents) -> Result<(), String> {
    drop(agents.start(&script())?);
    let listed = Command::new(crate::program())
        .args(["examples", "--json"])
        .output()
        .unwrap();
    let topics: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut count = 0;
    for topic in topics.as_array().unwrap() {
        for example in topic["examples"].as_array().unwrap() {
            let steps = example["commands"].as_array().unwrap().iter();
            let commands: Vec<_> = steps
                .map(|step| step["command"].as_str().unwrap())
                .collect();
            let text = commands.join("\n");
            let is_one = |call: &&str| text.contains(call);
            if text.contains(&format!("connect --server-address {ADDRESS}"))
                && CALLS.iter().any(is_one)
            {
                run(agents, &topic["name"], &text);
                count += 1;
            }
        }
    }
    say(&format!("{name}: {count} examples worked"));
    assert!(count >= 8, "{name}: {count}");
    Ok(())
}

/// What the examples need of a guest: a real agent starts no container without.
fn script() -> Script {
    Script::parse("examples", "% needs memory-cgroup\n")
}

fn run(agents: &dyn Agents, topic: &Value, text: &str) {
    let agent = agents.start(&script()).unwrap();
    let folder = agent.bundle();
    let config: Value =
        serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap();
    let root = config["root"]["path"].as_str().unwrap();
    // A guest has this one, and what is copied into it is a container's too.
    let text = text
        .replace(ADDRESS, agent.address())
        .replace(r#""path":"rootfs""#, &format!(r#""path":{root:?}"#));
    let bundle = folder.join("bundle");
    fs::create_dir(&bundle).unwrap();
    if let Some(root) = agent.root() {
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
    let printed = String::from_utf8_lossy(&output.stdout);
    let is_wrong = |line: &str| line.starts_with("error: ") || line.starts_with("warn: ");
    assert!(
        output.status.success() && !printed.lines().any(is_wrong),
        "{topic}: {text}\n{printed}"
    );
}
