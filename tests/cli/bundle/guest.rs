//! What is made of a host's configuration before it goes to a guest.

use serde_json::{Value, json};

use super::bundle;
use crate::tool::{Output, tool};

/// A dry run that creates a container of this configuration, with these arguments too.
fn request(config: &Value, arguments: &[&str]) -> Output {
    let folder = bundle(config);
    let run = tool([
        "connect",
        "--dry-run",
        "-o",
        "jsonl",
        "--bundle-dir",
        "bundle",
    ]);
    let commands = ["-c", "CreateContainer cid=web OCI.Root.Path=/r"];
    run.arguments(arguments)
        .arguments(commands)
        .folder(folder.path())
        .run()
}

/// What every container needs, and nothing that is for a host.
fn least() -> Value {
    json!({
        "process": {
            "user": {}, "cwd": "/", "args": ["sh"], "env": ["PATH=/bin"], "capabilities": {},
        },
        "mounts": [{"destination": "/proc"}, {"destination": "/dev/"}],
        "linux": {"namespaces": [{"type": "mount"}]},
    })
}

/// As runc, containerd and Docker write them.
fn of_a_host() -> Value {
    let mut config = least();
    config["linux"]["namespaces"] = json!([
        {"type": "pid"},
        {"type": "network", "path": "/var/run/netns/cni-1"},
        {"type": "ipc", "path": "/proc/42/ns/ipc"},
        {"type": "uts", "path": ""},
        {"type": "mount"},
        {"type": "cgroup"},
        {"type": "time"},
    ]);
    let hook = json!([{"path": "/usr/bin/hook"}]);
    config["hooks"] = json!({
        "prestart": hook, "createRuntime": hook, "createContainer": hook,
        "startContainer": hook, "poststart": [], "poststop": hook,
    });
    config
}

#[test]
fn what_is_for_a_host_is_left_out() {
    let output = request(&of_a_host(), &["-v"]);
    assert_eq!(
        output.error(),
        "> \"bundle/config.json\": left out, as it is for a host: linux.namespaces[0] (pid), \
         linux.namespaces[1] (network), linux.namespaces[2].path, linux.namespaces[6] (time), \
         hooks.createContainer, hooks.createRuntime, hooks.poststop, hooks.prestart"
    );
    let spec = &output.json()["OCI"];
    assert_eq!(
        spec["Linux"]["Namespaces"],
        json!([{"Type": "ipc"}, {"Type": "uts"}, {"Type": "mount"}, {"Type": "cgroup"}])
    );
    assert_eq!(
        spec["Hooks"],
        json!({"StartContainer": [{"Path": "/usr/bin/hook"}]})
    );
    // Without being asked for it, nothing is told.
    assert_eq!(request(&of_a_host(), &[]).succeeded().json()["OCI"], *spec);
}

#[test]
fn a_setter_wins_all_the_same() {
    let folder = bundle(&of_a_host());
    let command =
        r#"CreateContainer OCI.Linux.Namespaces={"Type":"pid"} OCI.Hooks.Poststop={"Path":"/x"}"#;
    let run = tool([
        "connect",
        "--dry-run",
        "--bundle-dir",
        "bundle",
        "-c",
        command,
    ]);
    let spec = &run.folder(folder.path()).run().succeeded().json()["OCI"];
    assert_eq!(spec["Linux"]["Namespaces"], json!([{"Type": "pid"}]));
    assert_eq!(spec["Hooks"]["Poststop"], json!([{"Path": "/x"}]));
}

#[test]
fn as_it_is_nothing_is_changed_or_told() {
    let mut config = of_a_host();
    config["mounts"] = json!([]);
    config["process"] = json!({"user": {}, "cwd": "/", "args": ["sh"]});
    for flag in ["--bundle-as-is", "--bundle-as-is=true"] {
        let spec = &request(&config, &["-v", flag]).succeeded().json()["OCI"];
        assert_eq!(spec["Linux"]["Namespaces"].as_array().unwrap().len(), 7);
        assert_eq!(spec["Linux"]["Namespaces"][2]["Path"], "/proc/42/ns/ipc");
        assert_eq!(spec["Hooks"].as_object().unwrap().len(), 5);
        assert_eq!(spec["Process"]["Capabilities"], Value::Null);
    }
}

#[test]
fn what_an_agent_needs_is_added() {
    for (path, value) in [
        ("/linux", Value::Null),
        ("/linux/namespaces", json!([{"type": "pid"}])),
    ] {
        let mut config = least();
        *config.pointer_mut(path).unwrap() = value;
        config["process"]["capabilities"] = Value::Null;
        let output = request(&config, &["-v"]);
        let added = "> \"bundle/config.json\": added, as the agent needs it: process.capabilities \
                     (none), linux.namespaces (mount, ipc, uts)";
        assert_eq!(output.stderr.lines().last(), Some(added));
        let spec = &output.json()["OCI"];
        let kinds = ["mount", "ipc", "uts"].map(|kind| json!({ "Type": kind }));
        assert_eq!(spec["Linux"]["Namespaces"], json!(kinds));
        assert_eq!(spec["Process"]["Capabilities"], json!({}));
    }
    // A process in the container has its capabilities if none are named.
    let mut config = least();
    config["process"]["capabilities"] = Value::Null;
    let folder = bundle(&config);
    let run = tool([
        "connect",
        "--dry-run",
        "--bundle-dir",
        "bundle",
        "-c",
        "ExecProcess",
    ]);
    let request = run.folder(folder.path()).run().succeeded().json();
    assert_eq!(request["process"]["Capabilities"], Value::Null);
}

#[test]
fn what_a_container_lacks_is_told() {
    let proc = "a mount of /proc, without which StartContainer is never answered";
    let dev = "a tmpfs on /dev, without which device files are made in the image";
    let path = "PATH in its environment, without which its program is not found";
    for (place, value, lacking) in [
        ("/mounts", json!([{"destination": "/proc"}]), dev.to_owned()),
        ("/mounts", json!([{"destination": "/dev"}]), proc.to_owned()),
        ("/process/env", json!(["A=1"]), path.to_owned()),
        ("/mounts", json!([]), format!("{proc}; {dev}")),
    ] {
        let mut config = least();
        *config.pointer_mut(place).unwrap() = value;
        let warning = format!(
            "warn: \"bundle/config.json\": lacks what a container needs in a real guest: {lacking}"
        );
        // Once in a run.
        let output = request(&config, &["--repeat", "2"]);
        assert_eq!(output.error(), warning);
    }
    // An absolute program is not looked for, and setters count.
    let mut config = least();
    config["process"]["env"] = json!([]);
    config["process"]["args"] = json!(["/bin/sh"]);
    request(&config, &[]).succeeded();
    config["process"]["args"] = json!(["sh"]);
    config["mounts"] = json!([]);
    let folder = bundle(&config);
    let command = r#"CreateContainer OCI.Mounts=[{"destination":"/proc"},{"destination":"/dev"}] OCI.Process.Env=PATH=/"#;
    let run = tool([
        "connect",
        "--dry-run",
        "--bundle-dir",
        "bundle",
        "-c",
        command,
    ]);
    run.folder(folder.path()).run().succeeded();
    // A process in the container needs no mounts.
    let run = tool([
        "connect",
        "--dry-run",
        "--bundle-dir",
        "bundle",
        "-c",
        "ExecProcess",
    ]);
    let output = run.folder(folder.path()).run();
    assert!(
        output.error().ends_with(&format!("real guest: {path}")),
        "{}",
        output.stderr
    );
}

#[test]
fn an_unknown_capability_is_passed_on() {
    let mut config = least();
    config["process"]["capabilities"] = json!({
        "bounding": ["CAP_KILL", "CAP_FUTURE"], "effective": ["CAP_FUTURE"],
    });
    for more in [&[][..], &["--bundle-as-is"]] {
        let output = request(&config, more);
        assert_eq!(
            output.error(),
            "warn: \"bundle/config.json\": the capability \"CAP_FUTURE\" is not known here; an \
             agent may not know it either"
        );
        let capabilities = &output.json()["OCI"]["Process"]["Capabilities"];
        assert_eq!(capabilities["Bounding"], json!(["CAP_KILL", "CAP_FUTURE"]));
        assert_eq!(capabilities["Effective"], json!(["CAP_FUTURE"]));
    }
}

/// Before version 1.0 of the specification there was one list.
#[test]
fn a_list_of_capabilities_is_one_for_each_set() {
    let mut config = least();
    config["process"]["capabilities"] = json!(["CAP_KILL", "CAP_CHOWN"]);
    let spec = &request(&config, &[]).succeeded().json()["OCI"];
    let all = json!(["CAP_KILL", "CAP_CHOWN"]);
    assert_eq!(
        spec["Process"]["Capabilities"],
        json!({"Bounding": all, "Effective": all, "Inheritable": all, "Permitted": all})
    );
}

#[test]
fn a_limit_of_huge_pages_has_64_bits() {
    let mut config = least();
    config["linux"]["resources"] = json!({
        "hugepageLimits": [{"pageSize": "2MB", "limit": u64::MAX}],
    });
    let spec = &request(&config, &[]).succeeded().json()["OCI"];
    assert_eq!(
        spec["Linux"]["Resources"]["HugepageLimits"],
        json!([{"Pagesize": "2MB", "Limit": "18446744073709551615"}])
    );
}
