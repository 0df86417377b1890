//! `list`, `describe` and `template`: what can be called, and how.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use typed_peer::{Peer, Rpc};

use crate::tool::{connect, program, tool};

#[test]
fn every_rpc_is_listed_in_80_columns() {
    let text = tool(["list"]).run().succeeded().text();
    let mut listed = Vec::new();
    let (mut service, mut name) = ("", "");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        if let Some(types) = line.strip_prefix("      ") {
            let (request, response) = types.split_once(" \u{2192} ").unwrap();
            listed.push([service, name, request, response].map(str::to_owned));
        } else if let Some(row) = line.strip_prefix("  ") {
            let (rpc, doc) = row.split_once("  ").unwrap();
            assert!(doc.starts_with(char::is_uppercase), "{line}");
            name = rpc;
        } else {
            service = line.split(' ').next().unwrap();
        }
    }
    assert_eq!(listed, rows());
}

#[test]
fn the_rpcs_of_a_service_can_be_listed_alone() {
    let all = tool(["list"]).run().succeeded().text();
    let (_, health) = all.split_once("\n\n").unwrap();
    for name in ["grpc.Health", "Health", "health"] {
        assert_eq!(tool(["list", name]).run().succeeded().text(), health);
        let command = format!("list {name}");
        let typed = connect("sim://", ["-c", &command]).run().succeeded();
        assert_eq!(typed.text(), health);
    }
    let json = tool(["list", "--json", "Health"]).run().succeeded().json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    for arguments in [
        &["list", "Helth"][..],
        &["connect", "--dry-run", "-c", "list Helth"],
    ] {
        tool(arguments)
            .status(2)
            .stderr(
                "error: there is no service \"Helth\"; did you mean \"grpc.AgentService\" or \
                 \"grpc.Health\"?\n",
            )
            .test();
    }
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

/// The exit status that an example tells of.
fn told(outcome: &str) -> i32 {
    let names = [("NOT_FOUND", 5), ("UNIMPLEMENTED", 12), ("INTERNAL", 13)];
    let code = names.iter().find(|(name, _)| outcome.contains(name));
    match code {
        Some((_, code)) => 64 + code,
        None if outcome.contains("waits until") => 4,
        None => {
            assert_eq!(outcome, "");
            0
        }
    }
}

#[cfg(feature = "sim")]
#[test]
fn examples_in_descriptions_do_what_they_say() {
    let folder = TempDir::new().unwrap();
    symlink(program(), folder.path().join("kata-agent-ctl")).unwrap();
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    for rpc in typed_peer::rpcs() {
        let page = tool(["describe", &rpc.path(), "--json"]).run().succeeded();
        let json = page.json();
        let text = tool(["describe", &rpc.path()]).run().succeeded().text();
        let examples = json["examples"].as_array().unwrap();
        let has_fields = rpc.request().fields().next().is_some();
        assert!(examples.len() >= if has_fields { 3 } else { 2 }, "{json}");
        for example in examples {
            let lines = example["lines"].as_array().unwrap();
            let lines: Vec<_> = lines.iter().map(|line| line.as_str().unwrap()).collect();
            // As they stand in the text.
            assert!(
                text.contains(&format!("\n  {}\n", lines.join("\n  "))),
                "{text}"
            );
            let output = Command::new("sh")
                .args(["-c", &lines.join("\n")])
                .env("PATH", &path)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let outcome = example["outcome"].as_str().unwrap_or_default();
            let status = told(outcome);
            assert_eq!(output.status.code(), Some(status), "{lines:?}\n{stderr}");
            assert_eq!(stderr.is_empty(), status == 0, "{lines:?}\n{stderr}");
        }
    }
    // Nothing is left behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(feature = "sim")]
#[test]
fn what_a_description_shows_at_the_prompt_can_be_typed_there() {
    let mut count = 0;
    for rpc in typed_peer::rpcs() {
        let describe = format!("describe {}", rpc.path());
        let text = connect("sim://", ["-c", &describe])
            .run()
            .succeeded()
            .text();
        let (page, examples) = text.split_once("\nExamples:\n").unwrap();
        let commands = |text: &str| {
            let lines = text.lines().map(str::trim);
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let types = page.split_once("\nTypes:\n").map_or("", |(_, types)| types);
        for command in commands(types) {
            connect("sim://", ["-c", &command]).run().succeeded();
        }
        let mut parts = examples.split("  # ");
        assert_eq!(parts.next(), Some(""));
        for part in parts {
            let (title, script) = part.split_once('\n').unwrap();
            assert!(
                !script.contains("kata-agent-ctl") && !script.is_empty(),
                "{text}"
            );
            let outcome = title.split_once("; ").map_or("", |(_, outcome)| outcome);
            let script = commands(script).join("\n");
            let run = connect("sim://", ["--timeout", "2s", "-i"])
                .stdin(script)
                .run();
            assert_eq!(run.status, told(outcome), "{part}\n{}", run.stderr);
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_path_leads_to_a_field() {
    for (name, parts) in [
        (
            "CreateContainer.OCI.Process",
            &[
                "field grpc.Spec.Process (oci.proto)",
                "grpc.Process  2",
                "  Args ",
            ][..],
        ),
        (
            "createcontainer.storages[0].fs_group.group_change_policy",
            &[
                "field grpc.FSGroup.group_change_policy",
                "OnRootMismatch = 1",
            ],
        ),
        (
            "grpc.Storage.driver",
            &["field grpc.Storage.driver", "string  1"],
        ),
        (
            "StartContainer.container_id",
            &["Automatic: 64 random hex digits", "Alias: cid"],
        ),
        // A field of the response.
        (
            "GetGuestDetails.agent_details",
            &[
                "field grpc.GuestDetailsResponse.agent_details",
                "  version ",
            ],
        ),
    ] {
        let text = tool(["describe", name]).run().succeeded().text();
        for part in parts {
            assert!(text.contains(part), "{name}: {part} is not in\n{text}");
        }
        let command = format!("describe {name}");
        connect("sim://", ["-c", &command]).run().succeeded();
    }
    let json = tool(["describe", "CreateContainer.OCI.Process", "--json"]);
    let json = json.run().succeeded().json();
    assert_eq!(json["kind"], "field");
    assert_eq!(json["full_name"], "grpc.Spec.Process");
    assert_eq!(json["field"]["number"], 2);
    assert_eq!(json["type"]["full_name"], "grpc.Process");
    for (name, error) in [
        (
            "CreateContainer.OCI.Proces",
            "grpc.Spec has no field \"Proces\"; did you mean \"Process\"?",
        ),
        (
            "CreateContainer.container_id.x",
            "grpc.CreateContainerRequest.container_id is of type string, which has no fields",
        ),
    ] {
        tool(["describe", name])
            .status(2)
            .stderr(format!("error: {error}\n"))
            .test();
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
