//! What the `config.json` of an OCI bundle adds to a request, and what beats it.

mod guest;
mod mistakes;
mod precedence;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use typed_peer::Peer;
use typed_peer::protos::agent::{CreateContainerRequest, ExecProcessRequest};

use crate::sent::{lines, sent_by};
use crate::tool::{Tool, connect, tool};

const COMPLETE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bundles/complete");

/// A folder with this configuration in `bundle`.
fn bundle(config: &Value) -> TempDir {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("bundle")).unwrap();
    write(folder.path(), &config.to_string());
    folder
}

fn write(folder: &Path, config: &str) {
    fs::write(folder.join("bundle/config.json"), config).unwrap();
}

fn shell() -> Value {
    json!({
        "ociVersion": "1.2.0",
        "process": {
            "user": {"uid": 5, "gid": 6},
            "args": ["sh", "-i"],
            "env": ["A=1"],
            "cwd": "/srv",
        },
        "root": {"path": "rootfs"},
        "annotations": {"a": "1", "b": "2"},
    })
}

/// A run that sends configurations as they are, and so as the tests have them.
fn as_it_is(tool: Tool) -> Tool {
    tool.arguments(["--bundle-as-is"])
}

/// A dry run in this folder: each request on a line.
fn dry_run(folder: &Path, arguments: &[&str]) -> Tool {
    as_it_is(tool(["connect", "--dry-run", "-o", "jsonl"]))
        .arguments(arguments)
        .folder(folder)
}

#[test]
fn a_containers_life_from_a_bundle() {
    let mut config = shell();
    config["annotations"] = json!({"b": "2"});
    let folder = bundle(&config);
    let root = folder.path().join("bundle/rootfs");
    let root = root.to_str().unwrap();
    let peer = Peer::start();
    let life = [
        "--bundle-dir",
        "bundle",
        "-c",
        "CreateSandbox sid=pod",
        "CreateContainer cid=web OCI.Annotations[b]=mine OCI.Process.NoNewPrivileges=true",
        "StartContainer",
        "ExecProcess exec_id=ls process.Args=ls process.Args=-l",
        "SignalProcess exec_id=web",
        "WaitProcess",
        "RemoveContainer",
        "DestroySandbox",
    ];
    as_it_is(connect(peer.address(), life))
        .folder(folder.path())
        .run()
        .succeeded();
    assert_eq!(
        lines(&peer),
        [
            r#"CreateSandbox sandbox_id: "pod""#.to_owned(),
            format!(
                "CreateContainer container_id: \"web\" exec_id: \"web\" \
                 OCI {{Version: \"1.2.0\" Process {{User {{UID: 5 GID: 6}} Args: \"sh\" \
                 Args: \"-i\" Env: \"A=1\" Cwd: \"/srv\" NoNewPrivileges: true}} \
                 Root {{Path: \"{root}\"}} \
                 Annotations {{key: \"b\" value: \"mine\"}}}}"
            ),
            r#"StartContainer container_id: "web""#.to_owned(),
            "ExecProcess container_id: \"web\" exec_id: \"ls\" process {User {UID: 5 GID: 6} \
             Args: \"ls\" Args: \"-l\" Env: \"A=1\" Cwd: \"/srv\"}"
                .to_owned(),
            r#"SignalProcess container_id: "web" exec_id: "web" signal: 9"#.to_owned(),
            r#"WaitProcess container_id: "web" exec_id: "web""#.to_owned(),
            r#"RemoveContainer container_id: "web""#.to_owned(),
            "DestroySandbox".to_owned(),
        ]
    );
}

#[test]
fn every_field_of_a_configuration_arrives() {
    let peer = Peer::start();
    let commands = [
        "--bundle-dir",
        COMPLETE,
        "-c",
        "CreateContainer",
        "ExecProcess",
    ];
    as_it_is(connect(peer.address(), commands))
        .run()
        .succeeded();
    let received = peer.received();
    let spec = &received[0].request::<CreateContainerRequest>().OCI;
    assert_eq!(spec.Version, "1.2.0");
    assert_eq!(spec.Root.Path, "/srv/rootfs");
    assert_eq!(spec.Process.OOMScoreAdj, -999);
    assert_eq!(spec.Process.Rlimits[0].Hard, u64::MAX);
    let linux = &spec.Linux;
    assert_eq!(linux.UIDMappings[0].HostID, 1000);
    assert_eq!(linux.GIDMappings[0].Size, u32::MAX);
    assert_eq!(linux.Devices[0].FileMode, 0o666);
    assert_eq!(linux.Sysctl["net.ipv4.ip_forward"], "1");
    assert_eq!(linux.IntelRdt.L3CacheSchema, "L3:0=7f0;1=1f");
    let resources = &linux.Resources;
    assert_eq!(resources.Memory.KernelTCP, 536_870_915);
    assert_eq!(resources.CPU.Cpus, "2-3");
    assert_eq!(resources.BlockIO.ThrottleWriteIOPSDevice[0].Rate, 603);
    assert_eq!(resources.HugepageLimits[0].Pagesize, "2MB");
    let calls = &linux.Seccomp.Syscalls;
    assert!(calls[0].has_errnoret() && calls[0].errnoret() == 1);
    assert!(!calls[1].has_errnoret());
    assert!(calls[2].has_errnoret() && calls[2].errnoret() == 0);

    let process = &received[1].request::<ExecProcessRequest>().process;
    assert_eq!(process, &spec.Process);
}

#[test]
fn a_bundle_without_a_process_fills_none() {
    let folder = bundle(&json!({"hostname": "h"}));
    let arguments = ["--bundle-dir", "bundle", "-c", "ExecProcess cid=a"];
    let sent = sent_by(|address| connect(address, arguments).folder(folder.path()));
    assert_eq!(sent, [r#"ExecProcess container_id: "a" exec_id: "a""#]);
}

#[test]
fn links_lead_to_a_configuration() {
    let folder = bundle(&json!({}));
    fs::rename(
        folder.path().join("bundle/config.json"),
        folder.path().join("shared.json"),
    )
    .unwrap();
    write(folder.path(), "");
    fs::remove_file(folder.path().join("bundle/config.json")).unwrap();
    symlink("../shared.json", folder.path().join("bundle/config.json")).unwrap();
    symlink("bundle", folder.path().join("link")).unwrap();
    let root = json!({"root": {"path": "rootfs", "readonly": true}});
    fs::write(folder.path().join("shared.json"), root.to_string()).unwrap();
    // The root is below the name that was given, wherever that leads.
    let given = folder.path().join("link");
    for name in ["link", "./link/", given.to_str().unwrap()] {
        let arguments = ["--bundle-dir", name, "-c", "CreateContainer"];
        let output = dry_run(folder.path(), &arguments).run().succeeded().json();
        let root = folder.path().join("link/rootfs");
        assert_eq!(output["OCI"]["Root"]["Path"], json!(root), "{name}");
    }
}

#[test]
fn descriptions_tell_of_it() {
    for (name, field, automatic) in [
        (
            "CreateContainer",
            "OCI",
            "what the config.json of spec or --bundle-dir says, where the command says nothing",
        ),
        (
            "ExecProcess",
            "process",
            "the process of the last container's config.json, else of --bundle-dir's, where the \
             command says nothing",
        ),
    ] {
        let page = tool(["describe", "--json", name]).run().succeeded().json();
        let fields = page["request"]["fields"].as_array().unwrap();
        let found = fields.iter().find(|it| it["name"] == field).unwrap();
        assert_eq!(found["automatic"], automatic);
    }
    let text = tool(["describe", "CreateContainer"])
        .run()
        .succeeded()
        .text();
    assert!(text.contains("\nAlso takes, as setters or in a document:\n  spec=FILE\n"));
}
