//! Calls that the agent never answers, as the real one would not, and what it
//! refuses to run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::served::{Served, serve};
use crate::tool::connect;

/// The creation of `web` with changes to a specification that is right.
fn create(changes: &[(&str, Value)]) -> String {
    let mut spec = json!({
        "Process": {"Args": ["/bin/sleep", "100"], "Cwd": "/", "Capabilities": {}},
        "Root": {"Path": "/rootfs"},
        "Mounts": [{"destination": "/proc"}],
        "Linux": {"Namespaces": [{"Type": "mount"}]},
    });
    for (path, value) in changes {
        *spec.pointer_mut(path).unwrap() = value.clone();
    }
    let request = json!({"container_id": "web", "OCI": spec});
    format!("CreateContainer json://{request}")
}

const START: &str = "StartContainer container_id=web";

/// Makes calls of which the last is never answered: the log says why, and no other
/// call that needs the sandbox is answered before it is given up.
fn never(changes: &[(&str, Value)], calls: &[&str], reason: &str) {
    let served = serve(&[]);
    served.listening();
    let create = create(changes);
    let calls: Vec<_> = [create.as_str()].iter().chain(calls).copied().collect();
    let blocked = served.call(&calls).arguments(["--timeout", "3s"]).start();
    let stats = || {
        served
            .call(&["StatsContainer cid=web"])
            .arguments(["--timeout", "200ms"])
    };
    while stats().run().status != 4 {}
    served.call(&["Check"]).run().succeeded();
    assert_eq!(blocked.wait().status, 4);
    assert_ne!(stats().run().status, 4);
    let (_, lines, _) = served.end(nix::sys::signal::Signal::SIGTERM);
    let told: Vec<_> = lines
        .iter()
        .filter_map(|line| line["never_answered"].as_str())
        .collect();
    assert_eq!(told, [reason]);
}

#[test]
fn a_start_without_proc() {
    never(
        &[("/Mounts", json!([]))],
        &[START],
        "nothing is mounted on /proc",
    );
}

#[test]
fn a_second_start() {
    let reason = "the container's process was started before, or has ended";
    never(&[], &[START, START], reason);
}

#[test]
fn a_capability_that_there_is_not() {
    let capabilities = json!({"Bounding": ["CAP_KILL", "CAP_FLY"]});
    let reason = "there is no capability \"CAP_FLY\"";
    never(&[("/Process/Capabilities", capabilities)], &[], reason);
}

#[test]
fn the_agent_within_the_process_tells_it_on_standard_error() {
    let create = create(&[("/Mounts", json!([]))]);
    connect("sim://", ["-n", "-o", "jsonl", "--timeout", "300ms", "-c"])
        .arguments([&create, START])
        .status(4)
        .stdout("{}\n")
        .stderr(
            "warning: the agent never answers this StartContainer: nothing is mounted on /proc\n\
             error: StartContainer: no answer within 300ms\n",
        )
        .test();
}

fn refuses(served: &Served, changes: &[(&str, Value)], message: &str) {
    let call = served.call(&[&create(changes)]);
    call.status(77)
        .stderr(format!(
            "error: CreateContainer: the agent answered code: INTERNAL (13): {message}\n"
        ))
        .test();
}

#[test]
fn what_is_not_there_is_not_run() {
    let served = serve(&[]);
    served.listening();
    let bare = [("/Process/Args", json!(["sleep", "100"]))];
    refuses(&served, &bare, "the file sleep was not found");
    // Without a root filesystem to look into, a program is there.
    served.call(&[&create(&[])]).run().succeeded();

    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("rootfs/bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("busybox"), "").unwrap();
    std::os::unix::fs::symlink("/bin/busybox", folder.join("sleep")).unwrap();
    let served = serve(&["--root", &root.path().display().to_string()]);
    served.listening();
    let missing = [("/Process/Args", json!(["/bin/cat"]))];
    refuses(&served, &missing, "the file /bin/cat was not found");
    let nowhere = [("/Process/Cwd", json!("/no/such"))];
    refuses(&served, &nowhere, "ENOENT: No such file or directory");
    served.call(&[&create(&[])]).run().succeeded();

    let executes = |field: &str, message: &str| {
        let exec = format!("ExecProcess container_id=web exec_id=one {field}");
        served
            .call(&[&exec])
            .status(77)
            .stderr(format!(
                "error: ExecProcess: the agent answered code: INTERNAL (13): {message}\n"
            ))
            .test();
    };
    executes(
        r#"process.Args=["/bin/cat"]"#,
        "the file /bin/cat was not found",
    );
    executes(
        r#"process.Args=["/bin/sleep"] process.Cwd=/no/such"#,
        "ENOENT: No such file or directory",
    );
    // A file that nobody may execute, and a folder, are found out later.
    for program in ["/bin/busybox", "/bin"] {
        let exec = format!("ExecProcess container_id=web exec_id=one process.Args={program}");
        served
            .call(&[&exec, "WaitProcess container_id=web exec_id=one"])
            .stdout("{}\n{\"status\":13}\n")
            .test();
    }
}

#[test]
fn output_that_the_policy_forbids_is_read_and_thrown_away() {
    let served = serve(&["--feature", "policy"]);
    served.listening();
    let rules = [
        "CreateContainer",
        "StartContainer",
        "ExecProcess",
        "WriteStream",
        "SetPolicy",
    ];
    let rules = rules
        .map(|name| format!("default {name}Request := true\n"))
        .concat();
    let policy = format!("package agent_policy\n{rules}default ReadStreamRequest := false\n");
    let policy = format!("SetPolicy json://{}", json!({"policy": policy}));
    let cat = [("/Process/Args", json!(["/bin/cat"]))];
    let write = "WriteStdin container_id=web exec_id=web data=secret";
    let read = "ReadStdout container_id=web exec_id=web len=99";
    served
        .call(&[&policy, &create(&cat), START, write, read])
        .stdout("{}\n{}\n{}\n{\"len\":6}\n{}\n")
        .test();
    let wait = served.call(&["WaitProcess container_id=web"]).run();
    assert!(
        wait.stderr.contains("WaitProcessRequest"),
        "{}",
        wait.stderr
    );
}

#[test]
fn while_the_policy_is_asked_other_connections_go_on() {
    let served = serve(&["--feature", "policy"]);
    served.listening();
    let policy = "package agent_policy\n\
                  ListRoutesRequest if {\n\
                  numbers := numbers.range(1, 100000)\n\
                  some a in numbers\n\
                  some b in numbers\n\
                  a * b < 0\n\
                  }\n";
    let policy = format!("SetPolicy json://{}", json!({"policy": policy}));
    served.call(&[&policy]).run().succeeded();
    let slow = served.call(&["ListRoutes"]);
    let slow = std::thread::spawn(move || slow.run());
    std::thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    served.call(&["Check"]).run().succeeded();
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(!slow.is_finished());
    let told = slow.join().unwrap().stderr;
    assert!(told.contains("no answer within 5.00s"), "{told}");
}

#[test]
fn a_policy_looks_into_requests() {
    let served = serve(&["--feature", "policy"]);
    served.listening();
    let policy = "package agent_policy\n\
                  default SetPolicyRequest := true\n\
                  default CreateContainerRequest := false\n\
                  CreateContainerRequest if {\n\
                  print(\"args\", input.OCI.Process.Args)\n\
                  input.OCI.Process.Args[0] == \"/bin/sleep\"\n\
                  }\n";
    let policy = format!("SetPolicy json://{}", json!({"policy": policy}));
    served.call(&[&policy, &create(&[])]).run().succeeded();
    let shell = create(&[("/Process/Args", json!(["/bin/sh"]))]);
    let denied = served.call(&[&shell]).run();
    assert_eq!(denied.status, 71, "{}", denied.stderr);
    let told = "\"CreateContainerRequest is blocked by policy: ";
    assert!(denied.stderr.contains(told), "{}", denied.stderr);
    assert!(denied.stderr.contains("/bin/sh"), "{}", denied.stderr);
}
