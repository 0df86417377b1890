//! `doctor`: each of these faults is found in its own stage.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::geteuid;
use serde_json::{Value, json};
use test_support::skip_even_if_required;

use super::agent::{Says, agent, serving, version};
use super::exec::{Pod, SANDBOX};
use super::host::{CONTAINERD, Host, ok, said};
use crate::tool::{program, tool};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// What was found in the one stage that failed first: its name, what is wrong, what to do.
struct Found {
    stage: String,
    found: String,
    advice: String,
    stages: Vec<Value>,
}

impl Found {
    fn outcome(&self, stage: &str) -> &str {
        let found = self.stages.iter().find(|it| it["stage"] == stage).unwrap();
        found["outcome"].as_str().unwrap()
    }
}

#[track_caller]
fn examine(arguments: &[&str]) -> Found {
    let output = tool(["doctor", "-o", "json", "--timeout", "700ms"])
        .arguments(["--connect-timeout", "300ms"])
        .arguments(arguments)
        .run();
    of(
        output.status,
        &output.text(),
        output.stderr.lines().last().unwrap_or_default(),
    )
}

#[track_caller]
fn of(status: i32, stdout: &str, error: &str) -> Found {
    let document: Value = serde_json::from_str(stdout).unwrap();
    let stages = document["stages"].as_array().unwrap().clone();
    assert_eq!(stages.len(), 13);
    let failed = stages.iter().find(|it| it["outcome"] == "failed").cloned();
    let text = |name: &str| {
        let failed = failed.as_ref();
        failed
            .map_or("", |it| it[name].as_str().unwrap())
            .to_owned()
    };
    let found = Found {
        stage: text("stage"),
        found: text("found"),
        advice: text("advice"),
        stages,
    };
    match failed {
        None => assert_eq!((status, &document["failed"]), (0, &Value::Null)),
        Some(_) => {
            assert_eq!(status, 1);
            assert_eq!(document["failed"], *found.stage);
            let line = format!(
                "error: the stage \"{}\" failed: {}",
                found.stage, found.found
            );
            assert_eq!(error, line);
            assert!(!found.advice.is_empty());
        }
    }
    found
}

/// The stage, what is wrong and what to do are these.
#[track_caller]
fn finds(arguments: &[&str], stage: &str, wrong: &str, advice: &str) -> Found {
    let found = examine(arguments);
    assert_eq!(found.stage, stage, "{}", found.found);
    assert!(found.found.contains(wrong), "{}", found.found);
    assert!(found.advice.contains(advice), "{}", found.advice);
    found
}

#[test]
fn all_is_well() {
    let pod = Pod::start();
    let option = pod.host.option();
    for arguments in [&["--sandbox", "shop/till"][..], &[]] {
        let output = tool(["doctor", &option])
            .arguments(arguments)
            .run()
            .succeeded();
        let text = output.text();
        let lines: Vec<&str> = text.lines().collect();
        let root = pod.host.root().display();
        assert_eq!(
            lines[0],
            format!(
                "ok       sandbox      {SANDBOX} of the pod shop/till, with 1 container, by the \
                 rust runtime"
            )
        );
        assert_eq!(
            lines[1],
            "skipped  process      the runtime has not written down which it is"
        );
        assert_eq!(
            lines[3],
            format!("ok       address      remote://{root}/run/agent")
        );
        assert!(
            lines[4..]
                .iter()
                .all(|line| { line.starts_with("ok ") || line.starts_with("skipped  handshake ") })
        );
    }
    assert_eq!(examine(&[&option]).stage, "");
    assert_eq!(examine(&["-a", "sim://"]).stage, "");
    assert_eq!(examine(&["-a", "sim://", "--timeout", "0"]).stage, "");
}

#[test]
fn faults_on_the_host() {
    let host = Host::new();
    let option = host.option();
    finds(
        &[&option],
        "sandbox",
        "this host has no Kata sandbox",
        "runtime class",
    );
    finds(
        &[&option, "--sandbox", "shop/till"],
        "sandbox",
        "no sandbox of this host matches \"shop/till\"",
        "\"kata-agent-ctl sandboxes\"",
    );
    host.pod(CONTAINERD, "other", ("shop", "plain"), ("0123", "app"));
    finds(
        &[&option, "--sandbox", "shop/plain"],
        "sandbox",
        "another runtime runs it",
        "runtime class",
    );

    // Left over.
    host.go("gone", "qemu", 4000, "vsock://3:1024");
    drop(host.bind("run/vc/sbs/gone/shim-monitor.sock"));
    let found = finds(
        &[&option, "--sandbox", "gone"],
        "process",
        "qemu, process 4000, does not run any more",
        "/run/vc/sbs/gone",
    );
    assert_eq!(found.outcome("sandbox"), "ok");
    assert_eq!(found.outcome("monitor"), "failed");
    assert_eq!(found.outcome("address"), "skipped");
    assert_eq!(found.outcome("connect"), "skipped");

    // A shim that hangs, while the hypervisor runs.
    host.go("hangs", "clh", 4001, "hvsock:///run/none.sock:1024");
    host.process(
        4001,
        &[
            "cloud-hypervisor",
            "--api-socket",
            "/run/vc/vm/hangs/api.sock",
        ],
    );
    let _silent = host.bind("run/vc/sbs/hangs/shim-monitor.sock");
    let found = finds(
        &[&option, "--sandbox", "hangs"],
        "monitor",
        "the shim does not answer on",
        "the shim hangs",
    );
    assert_eq!(found.outcome("process"), "ok");
    // What the runtime wrote down is tried all the same.
    assert_eq!(found.outcome("address"), "ok");
    assert_eq!(found.outcome("connect"), "failed");

    // A guest that is not up.
    host.shim("run/kata/starting", ok(":1024"));
    finds(
        &[&option, "--sandbox", "starting"],
        "monitor",
        "the guest is not up",
        "try again in a few seconds",
    );
    host.shim(
        "run/vc/sbs/failing",
        said("500 Internal Server Error", "no sandbox"),
    );
    finds(
        &[&option, "--sandbox", "failing"],
        "monitor",
        "its shim answers 500",
        "see the log of the runtime",
    );

    // No module for the guest's vsock.
    host.shim("run/kata/vsock", ok("vsock://3:1024"));
    finds(
        &[&option, "--sandbox", "vsock"],
        "permissions",
        "there is no ",
        "modprobe vhost_vsock",
    );

    let several = tool(["doctor", &option]).run();
    assert_eq!(several.status, 2);
    assert!(
        several
            .error()
            .contains("this host has 5 sandboxes: name one"),
        "{}",
        several.stderr
    );
}

#[test]
fn no_right_to_connect() {
    let folder = tempfile::TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("agent.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let address = format!("unix://{}", path.display());
    let mut command = Command::new(program());
    command.args(["doctor", "-o", "json", "-a", &address]);
    if geteuid().is_root() {
        command.uid(65_534);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return skip_even_if_required(format_args!("as another user: {error}")),
    };
    let stderr = String::from_utf8(output.stderr).unwrap();
    let status = output.status.code().unwrap();
    let found = of(
        status,
        &String::from_utf8(output.stdout).unwrap(),
        stderr.trim_end(),
    );
    assert_eq!(found.stage, "permissions");
    assert!(found.found.starts_with("permission denied for "));
    assert_eq!(found.advice, "run this as root");
}

#[test]
fn nobody_to_connect_to() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let missing = format!("unix://{}", path("none").display());
    finds(
        &["-a", &missing],
        "connect",
        "there is no such socket file",
        "see that the guest runs",
    );
    drop(UnixListener::bind(path("dead")).unwrap());
    let dead = format!("unix://{}", path("dead").display());
    finds(&["-a", &dead], "connect", "nothing listens", "has ended");
    fs::write(path("file"), "").unwrap();
    let file = format!("unix://{}", path("file").display());
    finds(
        &["-a", &file],
        "connect",
        "not a socket",
        "give the path of",
    );

    let vsock = socket(
        AddressFamily::Vsock,
        SockType::Stream,
        SockFlag::empty(),
        None,
    );
    let (stage, wrong) = match vsock {
        // A guest that there is not looks like one that does not react on some hosts.
        Ok(_) => ("connect", "guest"),
        Err(_) => ("permissions", "no vsock"),
    };
    finds(&["-a", "vsock://4000000:1024"], stage, wrong, "");
}

/// A hypervisor's socket that does this once a connection asked for a port.
fn hypervisor(handle: impl Fn(UnixStream) + Send + Sync + 'static) -> (Listener, String) {
    let device = Listener::start(move |_, mut stream| {
        let mut request = [0; 64];
        let _ = stream.read(&mut request);
        handle(stream);
    });
    let address = format!("hvsock://{}:1024", device.path.display());
    (device, address)
}

#[test]
fn faults_in_the_handshake() {
    let (_device, address) = hypervisor(drop);
    let found = finds(
        &["-a", &address],
        "handshake",
        "nothing listens on this port of the guest",
        "the guest's console",
    );
    assert_eq!(found.outcome("connect"), "ok");
    assert_eq!(found.outcome("ttrpc"), "skipped");

    let (_device, address) = hypervisor(|mut stream| {
        let _ = stream.write_all(b"NO such port\n");
        thread::sleep(Duration::from_secs(5));
    });
    finds(
        &["-a", &address],
        "handshake",
        "answered CONNECT with \"NO such port\"",
        "write unix:// in place of hvsock://",
    );

    let (_device, address) = hypervisor(|_stream| thread::sleep(Duration::from_secs(60)));
    finds(
        &["-a", &address],
        "handshake",
        "did not answer CONNECT",
        "the hypervisor hangs",
    );
}

#[test]
fn a_guest_that_resets_the_connection() {
    // Unread bytes make the close of a Unix socket a reset.
    let device = Listener::start(|_, mut stream| {
        let _ = stream.read(&mut [0; 1]);
    });
    let address = format!("hvsock://{}:1024", device.path.display());
    finds(
        &["-a", &address],
        "handshake",
        "the hypervisor reset the connection: the guest is not up",
        "no running guest",
    );
}

#[test]
fn who_answers_is_no_agent_or_does_not_answer() {
    let silent = agent(|_, _| Says::Nothing);
    finds(
        &["-a", &silent.address()],
        "ttrpc",
        "no answer within 700ms",
        "the agent hangs",
    );

    let other = Listener::start(|_, mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
        thread::sleep(Duration::from_secs(5));
    });
    let found = finds(
        &["-a", &other.address()],
        "ttrpc",
        "broke the ttRPC protocol",
        "not an agent",
    );
    assert_eq!(found.outcome("connect"), "ok");

    let closes = Listener::start(|_, mut stream| {
        let _ = read_frame(&mut stream);
    });
    finds(
        &["-a", &closes.address()],
        "ttrpc",
        "closed the connection",
        "why the agent ended",
    );

    // One that answers in Check that it has none.
    let strange = Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let _ = stream.write_all(&frame(stream_id + 2, RESPONSE, 0, &[]));
        }
    });
    finds(
        &["-a", &strange.address()],
        "ttrpc",
        "frame for stream",
        "not an agent",
    );
}

/// An agent of now, but for these answers.
fn nearly(odd: impl Fn(&str, &[u8]) -> Option<Says> + Send + Sync + 'static) -> Listener {
    agent(move |method, payload| {
        odd(method, payload).unwrap_or_else(|| match (method, payload) {
            (_, [0]) => Says::Status(2, "ttrpc err"),
            ("Check", _) => serving(),
            ("Version", _) => version("4.1.0"),
            ("ReadStdout" | "StatsContainer", _) => Says::Status(3, "InvalidContainerId"),
            ("ExecProcess" | "WriteStdin", _) => Says::Status(13, "Invalid container id"),
            _ => Says::Payload(Vec::new()),
        })
    })
}

#[test]
fn an_agent_that_cannot_do_all() {
    assert_eq!(examine(&["-a", &nearly(|_, _| None).address()]).stage, "");

    let busy = nearly(|method, payload| match (method, payload) {
        ("StatsContainer", [_, _, ..]) => Some(Says::Nothing),
        _ => None,
    });
    let found = finds(
        &["-a", &busy.address()],
        "busy",
        "Check is answered, and StatsContainer is not",
        "an exec on a paused container",
    );
    assert_eq!(found.outcome("ttrpc"), "ok");
    // What needs the sandbox as well is not tried, and not held against the agent.
    for (stage, outcome) in [
        ("version", "ok"),
        ("features", "skipped"),
        ("rpcs", "ok"),
        ("policy", "skipped"),
    ] {
        assert_eq!(found.outcome(stage), outcome, "{stage}");
    }

    // One that cannot have a policy, and answers as one with a policy might.
    let generous = nearly(|method, payload| match (method, payload) {
        ("ReadStdout", [_, _, ..]) => Some(Says::Payload(Vec::new())),
        _ => None,
    });
    assert_eq!(examine(&["-a", &generous.address()]).stage, "");

    let older = nearly(|method, payload| match (method, payload) {
        ("Version", []) => Some(version("3.14.0")),
        ("AddSwapPath" | "GetDiagnosticData", _) => Some(Says::Status(12, "no method")),
        _ => None,
    });
    let found = finds(
        &["-a", &older.address()],
        "version",
        "the agent says \"3.14.0\", and this build has what came up to 3.29",
        "from the protos of that release",
    );
    assert_eq!(found.outcome("rpcs"), "failed");
    assert_eq!(found.outcome("policy"), "ok");

    let lacking = nearly(|method, _| match method {
        "ResizeVolume" => Some(Says::Status(12, "no method")),
        _ => None,
    });
    let found = finds(
        &["-a", &lacking.address()],
        "rpcs",
        "the agent lacks ResizeVolume (since 2.4)",
        "update the guest's agent",
    );
    assert_eq!(found.outcome("version"), "ok");

    let denying = nearly(|method, payload| match (method, payload) {
        (_, [0]) => None,
        ("GetGuestDetails", _) => Some(Says::Status(7, "GuestDetailsRequest is blocked by policy")),
        ("ExecProcess", _) => Some(Says::Status(7, "ExecProcessRequest is blocked by policy")),
        // What it forbids to read it answers with nothing.
        ("ReadStdout", _) => Some(Says::Payload(Vec::new())),
        _ => None,
    });
    let found = finds(
        &["-a", &denying.address()],
        "policy",
        "it forbids GetGuestDetails, ExecProcess, ReadStdout",
        "set a policy that allows them",
    );
    assert_eq!(found.outcome("features"), "skipped");
    assert_eq!(found.outcome("rpcs"), "ok");
}

#[test]
fn a_feature_that_the_pod_needs() {
    let pod = Pod::start();
    let policy = "io.katacontainers.config.hypervisor.cc_init_data";
    pod.host.bundle(
        &format!("{CONTAINERD}/{SANDBOX}"),
        json!({
            "io.kubernetes.cri.container-type": "sandbox",
            "io.kubernetes.cri.sandbox-id": SANDBOX,
            policy: "H4sIAAAAAAAAAw==",
        }),
        json!({}),
    );
    let found = finds(
        &[&pod.host.option()],
        "features",
        "the pod brings a policy, and the agent does not evaluate any",
        "agent-policy",
    );
    assert_eq!(found.outcome("version"), "ok");
    assert_eq!(found.outcome("policy"), "ok");
}
