//! What is offered where on the command line.

use super::*;
use crate::shell::{Shell, line};

/// The words that the one at the cursor becomes.
fn words(arguments: &str) -> Vec<String> {
    let text = format!("kata-agent-ctl {arguments}");
    let line = line::read(&text, Shell::Bash);
    let found = complete(crate::schema(), &line);
    let before = line.word.get(..found.start).unwrap_or_default().to_owned();
    let word = |it: Candidate| format!("{before}{}", it.text);
    found.candidates.into_iter().map(word).collect()
}

#[track_caller]
fn only(arguments: &str, expected: &[&str]) {
    assert_eq!(words(arguments), expected, "{arguments:?}");
}

#[track_caller]
fn offers(arguments: &str, expected: &[&str]) {
    let found = words(arguments);
    for word in expected {
        let is_there = found.iter().any(|it| it == word);
        assert!(is_there, "{arguments:?}: {word} is not in {found:?}");
    }
}

#[test]
fn sub_commands_that_are_shown_in_help() {
    offers("", &["connect", "list", "examples", "help"]);
    only("com", &["completions"]);
    only("ma", &[]);
    offers("help ", &["connect", "serve"]);
    only("-l error li", &["list"]);
    only("connect con", &[]);
}

#[test]
fn options_where_one_may_stand() {
    only("connect --re", &["--repeat"]);
    offers("connect -", &["--cmd", "--log-level", "--help"]);
    offers("connect ", &["--cmd"]);
    offers("connect -n --", &["--cmd"]);
    offers("connect -c Check --", &["--cmd"]);
    offers("connect -c Check -", &["--ignore-errors"]);
    only("list --j", &["--json"]);
    only(
        "list Health ",
        &["--error-format", "--help", "--json", "--log-level"],
    );
    only("--vers", &["--version"]);
    // The first word after -c is a command, whatever it looks like.
    only("connect -c --", &[]);
    only("connect -- --", &[]);
    only("connect -- ", &[]);
    only("template Check -- ", &[]);
    only("template -- IPA", &["IPAddress"]);
}

#[test]
fn values_of_options() {
    only(
        "connect -o ",
        &["json", "jsonl", "text", "raw", "hex", "serde"],
    );
    only("connect -o jsonl -o te", &["text"]);
    only("connect --output=h", &["--output=hex"]);
    only("connect --error-format j", &["json"]);
    only("-l cr", &["critical"]);
    only("connect -n f", &["false"]);
    only("connect --dry-run=t", &["--dry-run=true"]);
    only("completions ", &["bash", "zsh", "fish"]);
    only("connect --bundle-dir /et", &["/etc/"]);
    only("connect --bundle-dir /etc/host.con", &[]);
    only("connect --timeout ", &[]);
    only("connect --nothing=", &[]);
}

#[test]
fn commands_wherever_they_stand() {
    only("connect -c Vers", &["Version"]);
    only("connect --cmd=Vers", &["--cmd=Version"]);
    only("connect -c Check Vers", &["Version"]);
    only("connect -c Check -o json -c Vers", &["Version"]);
    only("connect -c 'StartContainer cid=a' 'WaitP", &["WaitProcess"]);
    only("connect -o json Vers", &[]);
    only("connect -n true Vers", &[]);
    only("connect -c 'StartContainer ci", &["StartContainer cid="]);
}

#[test]
fn files_that_are_redirected_to() {
    for before in ["> ", ">", "2> ", "2>", "< ", "<", ">> ", "&>"] {
        let found = words(&format!("template Check {before}/etc/host.con"));
        assert_eq!(found, ["/etc/host.conf"], "{before}");
    }
    only("list > /etc/host.conf --js", &["--json"]);
}

#[test]
fn names_for_describe_template_and_examples() {
    only("describe onlinecpumemr", &["OnlineCPUMemRequest"]);
    only("describe --json IPF", &["IPFamily"]);
    only("describe Check x", &[]);
    only(
        "describe CreateContainer.oci.Pro",
        &["CreateContainer.oci.Process"],
    );
    only("describe Storage.driver_", &["Storage.driver_options"]);
    only("list hea", &["Health"]);
    // An enum has no template.
    only("template IPF", &[]);
    only("template IPA", &["IPAddress"]);
    only("examples hea", &["health"]);
}

#[test]
fn addresses() {
    only(
        "connect --server-address ",
        &[
            "unix://",
            "unix://@",
            "vsock://",
            "hvsock://",
            "remote://",
            "mock://",
            "sim://",
        ],
    );
    only("serve --address ", &["unix://", "unix://@", "vsock://-1:"]);
    only("serve --address h", &[]);
    only("serve --address sim", &[]);
    only("serve --address vsock://-1:", &[]);
    only(
        "serve --address unix:///etc/host.con",
        &["unix:///etc/host.conf"],
    );
    only(
        "connect --server-address hvsock:///etc/host.con",
        &["hvsock:///etc/host.conf:"],
    );
    only("connect --server-address vsock://", &[]);
    only(
        "connect --server-address unix:///etc/host.con",
        &["unix:///etc/host.conf"],
    );
    only("connect --server-address unix://@x", &[]);
    only("connect --server-address unix:///no/such/", &[]);
}
