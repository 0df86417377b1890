//! `list`, `describe` and `template`: what can be called, and how.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use typed_peer::{Peer, Rpc};

use crate::tool::{connect, program, tool};

#[test]
fn every_rpc_is_listed() {
    let text = tool(["list"]).run().succeeded().text();
    let mut listed = Vec::new();
    let mut service = "";
    for line in text.lines() {
        match line.strip_prefix("  ") {
            Some(row) => {
                let words: Vec<_> = row.split_whitespace().collect();
                let [name, request, "\u{2192}", response] = words[..] else {
                    panic!("{line}");
                };
                listed.push([service, name, request, response].map(str::to_owned));
            }
            None => service = line.split(' ').next().unwrap(),
        }
    }
    assert_eq!(listed, rows());
}

#[test]
fn every_rpc_is_listed_for_scripts() {
    let json = tool(["list", "--json"]).run().succeeded().json();
    let mut listed = Vec::new();
    for service in json.as_array().unwrap() {
        for rpc in service["rpcs"].as_array().unwrap() {
            let columns = [
                &service["name"],
                &rpc["name"],
                &rpc["request"],
                &rpc["response"],
            ];
            listed.push(columns.map(|column| column.as_str().unwrap().to_owned()));
            assert_eq!(rpc["client_streaming"], false);
            assert!(!rpc["doc"].as_str().unwrap().is_empty(), "{rpc}");
        }
    }
    assert_eq!(listed, rows());
}

/// What the list must hold: service, name, request and response of each RPC.
fn rows() -> Vec<[String; 4]> {
    let row = |rpc: &Rpc| {
        let (request, response) = (rpc.request(), rpc.response());
        [
            rpc.service,
            rpc.name,
            request.full_name(),
            response.full_name(),
        ]
        .map(str::to_owned)
    };
    typed_peer::rpcs().map(row).collect()
}

#[test]
fn every_rpc_is_described() {
    for rpc in typed_peer::rpcs() {
        let output = tool(["describe", &rpc.path()]).run().succeeded();
        let text = output.text();
        assert!(text.contains(&rpc.path()), "{text}");
        for field in rpc.request().fields() {
            let described = text.lines().any(|line| {
                line.contains(field.name()) && line.contains(&field.number().to_string())
            });
            assert!(described, "{} is not in\n{text}", field.full_name());
        }
        let json = tool(["describe", &rpc.path(), "--json"])
            .run()
            .succeeded()
            .json();
        let json = json.to_string();
        for field in rpc.request().fields() {
            let name = format!("\"{}\"", field.name());
            assert!(json.contains(&name), "{name} is not in {json}");
        }
    }
}

#[test]
fn examples_in_descriptions_can_be_run() {
    let folder = TempDir::new().unwrap();
    symlink(program(), folder.path().join("kata-agent-ctl")).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    // What the examples of conveniences name.
    fs::write(folder.path().join("policy.rego"), "package agent_policy").unwrap();
    for bundle in ["bundle", "image"] {
        fs::create_dir(folder.path().join(bundle)).unwrap();
        fs::write(folder.path().join(bundle).join("config.json"), "{}").unwrap();
    }
    for rpc in typed_peer::rpcs() {
        let template = tool(["template", &rpc.path()]).run().succeeded().stdout;
        fs::write(folder.path().join(format!("{}.json", rpc.name)), template).unwrap();
        let text = tool(["describe", &rpc.path()]).run().succeeded().text();
        let (_, examples) = text.split_once("\nExamples:\n").unwrap();
        let examples: Vec<_> = examples
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("kata-agent-ctl "))
            .collect();
        let has_fields = rpc.request().fields().next().is_some();
        assert!(examples.len() >= if has_fields { 4 } else { 3 }, "{text}");
        for example in examples {
            let here = folder.path().display();
            let local = example.replace("file:///tmp/", &format!("file://{here}/"));
            let local = local.replace("=/tmp/", &format!("={here}/"));
            let output = Command::new("sh")
                .args(["-c", &format!("{local} --dry-run")])
                .env("PATH", &path)
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{example}\n{stderr}");
        }
    }
}

#[test]
fn messages_enums_and_services_are_described() {
    for (name, parts) in [
        (
            "grpc.Storage",
            &["driver_options", "fs_group", "string", "repeated"][..],
        ),
        ("Storage", &["driver_options"]),
        ("storage", &["driver_options"]),
        (
            "types.FSGroupChangePolicy",
            &["Always", "OnRootMismatch", "1"],
        ),
        ("grpc.Health", &["Check", "Version"]),
        (
            "grpc.MemAgentMemcgConfig",
            &["optional", "period_secs", "periodSecs"],
        ),
        ("grpc.LinuxSyscall", &["oneof", "ErrnoRet", "errnoret"]),
        ("grpc.LinuxNamespace", &["Type", "Path"]),
    ] {
        let text = tool(["describe", name]).run().succeeded().text();
        for part in parts {
            assert!(text.contains(part), "{name}: {part} is not in\n{text}");
        }
    }
    let text = tool(["describe", "SignalProcess"]).run().succeeded().text();
    for part in ["cid", "SIGKILL"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_template_is_a_request() {
    let peer = Peer::start();
    for rpc in typed_peer::rpcs() {
        let output = tool(["template", &rpc.path()]).run().succeeded();
        let template = output.text();
        let json = output.json();
        let fields = json.as_object().unwrap();
        let mut expected: Vec<_> = rpc
            .request()
            .fields()
            .map(|field| field.name().to_owned())
            .collect();
        expected.sort();
        let mut names: Vec<_> = fields.keys().cloned().collect();
        names.sort();
        assert_eq!(names, expected, "{rpc:?}");

        // A parser that is not the tool's own takes it too. It cannot read null.
        let empty = rpc.request().new_instance();
        let read = typed_peer::text::from_json(&*empty, &without_nulls(json).to_string())
            .unwrap_or_else(|error| panic!("{rpc:?}: {error}\n{template}"));
        connect(
            peer.address(),
            ["-n", "-c", &format!("{} file://-", rpc.path())],
        )
        .stdin(&template)
        .run()
        .succeeded();
        let received = peer.only();
        assert!(received.is(&*read), "{rpc:?}: {}", received.text());
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[test]
fn names_are_found_in_any_case() {
    let expected = tool(["describe", "grpc.AgentService/GetIPTables"])
        .run()
        .succeeded()
        .text();
    for name in [
        "GetIPTables",
        "getiptables",
        "GETIPTABLES",
        "AgentService.GetIPTables",
        "AgentService/GetIPTables",
        "grpc.AgentService.GetIPTables",
        "GetIptables",
    ] {
        assert_eq!(
            tool(["describe", name]).run().succeeded().text(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_wrong_name_gets_a_suggestion() {
    for (command, suggestion) in [
        ("GetGuestDetail", "GetGuestDetails"),
        ("Chekc", "Check"),
        ("StartContainers", "StartContainer"),
        ("CreateSandbox hostnam=x", "hostname"),
        ("CreateSandbox storages[0].drivr=x", "driver"),
        (
            "CreateSandbox storages[0].fs_group.group_change_policy=OnRootMismatc",
            "OnRootMismatch",
        ),
        (r#"CreateSandbox json://{"hostnam":"x"}"#, "hostname"),
    ] {
        let output = connect("sim://", ["-c", command]).run();
        assert_eq!(output.status, 2, "{command}");
        assert!(
            output.error().contains(suggestion),
            "{command}: {}",
            output.stderr
        );
    }
    let output = tool(["describe", "Storag"]).run();
    assert_eq!(output.status, 2);
    assert!(output.error().contains("Storage"), "{}", output.stderr);
}
