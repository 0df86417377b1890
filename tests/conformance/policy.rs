//! What `policy check` says, and what an agent that has the policy does: for each policy in
//! `policies`, the calls of its script and what a real agent made of them. A real agent with
//! policies is asked again where `KATA_AGENT_POLICY_BIN` names one; `UPDATE_GOLDEN=1` then
//! writes down what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use test_support::skip_even_if_required;

use crate::agents::{Serve, Transport};
use crate::guest::{AGENT_WITH_POLICY, Guest};
use crate::judge::{Agents, say};
use crate::program;
use crate::script::{Script, joined};

/// A policy with its calls, and what became of each.
struct Case {
    policy: PathBuf,
    script: PathBuf,
    calls: Vec<String>,
    answers: Vec<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/policies");
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut scripts: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    scripts.sort();
    let read = |script: PathBuf| {
        let lines = joined(&fs::read_to_string(&script).unwrap());
        let (answers, calls): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .map(|(_, line)| line)
            .partition(|line| line.starts_with("=> "));
        Case {
            policy: script.with_extension("rego"),
            script,
            calls,
            answers,
        }
    };
    scripts.into_iter().map(read).collect()
}

impl Case {
    /// What is different in what was found.
    fn differences(&self, found: &[String]) -> String {
        let mut text = String::new();
        for (index, call) in self.calls.iter().enumerate() {
            let (found, expected) = (found.get(index), self.answers.get(index));
            if found != expected {
                let script = self.script.file_name().unwrap().display();
                text.push_str(&format!(
                    "{script}: {call}\n  {expected:?}, not\n  {found:?}\n"
                ));
            }
        }
        text
    }
}

/// What an agent makes of a call that its policy does not decide to allow.
fn refusal(code: &str, message: &str) -> String {
    format!("=> {code} {message}")
}

#[test]
fn policy_check_says_what_a_real_agent_does() {
    let mut differences = String::new();
    let mut compared = 0;
    for case in cases() {
        let mut command = Command::new(program());
        command
            .args(["policy", "check", "--json", "-n", "-p"])
            .arg(&case.policy);
        for call in &case.calls {
            command.args(["-c", call]);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let found = text.lines().map(|line| {
            let said: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            match text("verdict").as_str() {
                "allowed" => "=> allowed".to_owned(),
                _ => {
                    let message = text("message");
                    let message = message.trim_start().lines().next();
                    refusal(&text("code_name"), message.unwrap_or_default())
                }
            }
        });
        let found: Vec<_> = found.collect();
        compared += found.len();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(found.len(), case.calls.len(), "{:?}: {stderr}", case.policy);
        differences.push_str(&case.differences(&found));
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(compared >= 200, "{compared}");
}

#[test]
fn serve_says_what_a_real_agent_does() {
    let agents = Serve(Transport::Unix);
    let differences = asked(&agents, "serve's policies", false);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_real_agent_with_these_policies() {
    agrees(
        Guest::in_namespaces(AGENT_WITH_POLICY),
        "the real agent's policies",
    );
}

#[test]
#[ignore = "boots virtual machines: make test-vm"]
fn a_real_agent_in_a_virtual_machine_with_these_policies() {
    agrees(
        Guest::in_a_machine(AGENT_WITH_POLICY),
        "the real agent's policies in a virtual machine",
    );
}

fn agrees(guest: Result<Guest, String>, name: &str) {
    let guest = match guest {
        Ok(guest) => guest,
        Err(reason) => return skip_even_if_required(reason),
    };
    let is_written = std::env::var_os("UPDATE_GOLDEN").is_some();
    let differences = asked(&guest, name, is_written);
    assert!(differences.is_empty(), "{differences}");
}

/// Makes the calls of all cases on agents of one kind, and gives what is different; or writes
/// down what there is.
fn asked(agents: &dyn Agents, name: &str, is_written: bool) -> String {
    let mut differences = String::new();
    let mut compared = 0;
    for case in cases() {
        let script = Script::parse("policy", "% needs policy\n");
        let agent = agents.start(&script).unwrap();
        let call = |command: &str| {
            let mut call = Command::new(program());
            call.args(["connect", "--server-address", agent.address(), "-n"]);
            call.args(["--timeout", "20s", "--error-format", "json", "-c", command]);
            call.output().unwrap()
        };
        let set = call(&format!("SetPolicy policy_file={}", case.policy.display()));
        assert!(set.status.success(), "{:?}: {set:?}", case.policy);
        let found = case.calls.iter().map(|command| answer(&call(command)));
        let found: Vec<_> = found.collect();
        compared += found.len();
        match is_written {
            true => {
                let lines = case.calls.iter().zip(&found);
                let lines = lines.map(|(call, found)| format!("{call}\n{found}\n"));
                fs::write(&case.script, lines.collect::<String>()).unwrap();
            }
            false => differences.push_str(&case.differences(&found)),
        }
    }
    say(&format!("{name}: {compared} calls compared"));
    differences
}

/// What a real agent made of a call, as far as its policy is concerned.
fn answer(output: &Output) -> String {
    if output.status.success() {
        return "=> allowed".to_owned();
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    let (code, message) = (&error["code_name"], error["message"].as_str().unwrap());
    let message = message.lines().next().unwrap_or_default();
    let is_policys = message.contains(" is blocked by policy:")
        || message.contains("Request: internal error ")
        || message.contains("Config: internal error ")
        || message.contains("for policy")
        || code == "INVALID_ARGUMENT" && message.contains("agent_policy");
    match is_policys {
        true => refusal(code.as_str().unwrap(), message),
        false => "=> allowed".to_owned(),
    }
}
