//! The policy that the pod of a sandbox on this host brought.

use serde_json::{Value, json};

use super::source::{INITDATA, annotation_of};
use super::{folder, policy};
use crate::node::host::{CONTAINERD, Host, ok};
use crate::tool::tool;

const SANDBOX: &str = "5a0dbox";
const POLICY: &str = "package agent_policy

default GetMetricsRequest := false
default ListRoutesRequest := false
default ReadStreamRequest := false
default StartContainerRequest := false

ListRoutesRequest if settings.routes == true
ReadStreamRequest if settings.logs
StartContainerRequest if input.container_id == \"web\"
PauseContainerRequest if data.pstate.known
ResumeContainerRequest if level > 3

settings := {\"routes\": false, \"logs\": true}
level := count(input.container_id)
";

/// A host with one sandbox, whose container has these annotations too.
fn host(annotations: &[(&str, &str)]) -> Host {
    let host = Host::new();
    host.shim(&format!("run/kata/{SANDBOX}"), ok("remote:///run/agent"));
    let mut all = json!({
        "io.kubernetes.cri.container-type": "sandbox",
        "io.kubernetes.cri.sandbox-id": SANDBOX,
        "io.kubernetes.cri.sandbox-namespace": "shop",
        "io.kubernetes.cri.sandbox-name": "till",
    });
    for (name, value) in annotations {
        all[*name] = Value::from(*value);
    }
    host.bundle(&format!("{CONTAINERD}/{SANDBOX}"), all, json!({}));
    host
}

#[test]
fn the_policy_of_a_running_sandbox_is_asked() {
    let host = host(&[(INITDATA, &annotation_of(POLICY))]);
    let folder = folder(&[]);
    for which in ["shop/till", "5a0"] {
        let option = host.option();
        policy(&folder, &["why", "--sandbox", which, &option, "-c"])
            .arguments(["StartContainer cid=db", "StartContainer cid=web"])
            .stdout(
                "1  denied   StartContainer  code: PERMISSION_DENIED: StartContainerRequest is \
                 blocked by policy\n  \
                 policy.rego:10: input.container_id == \"web\"\n      \
                 input.container_id = \"db\"\n\
                 2  allowed  StartContainer\n",
            )
            .test();
    }
    policy(
        &folder,
        &[
            "check",
            "-p",
            "p.rego",
            "--sandbox",
            "5a0",
            "-c",
            "GetMetrics",
        ],
    )
    .stderr("error: the argument '--policy <FILE>' cannot be used with '--sandbox <WHICH>'\n")
    .status(2)
    .test();
}

#[test]
fn what_has_no_policy_is_told() {
    let without = host(&[]);
    let bad = host(&[(INITDATA, "%%")]);
    let folder = folder(&[]);
    let fails = |host: &Host, which: &str, message: &str| {
        let option = host.option();
        policy(
            &folder,
            &["check", "--sandbox", which, &option, "-c", "Check"],
        )
        .stderr(format!("error: {message}\n"))
        .status(2)
        .test();
    };
    fails(
        &without,
        SANDBOX,
        "the sandbox 5a0dbox: its pod brought no policy, so it has that of its guest: no bundle of \
         a container has the annotation io.katacontainers.config.hypervisor.cc_init_data or \
         io.katacontainers.config.agent.policy",
    );
    fails(
        &bad,
        SANDBOX,
        "the sandbox 5a0dbox: the annotation \"io.katacontainers.config.hypervisor.cc_init_data\" \
         is not base64: Invalid symbol 37, offset 0.",
    );
    policy(&folder, &["check", "-c", "Check"])
        .stderr("error: no policy: give one with -p, or that of a pod with --sandbox\n")
        .status(2)
        .test();
}

/// What the stage about the policy says.
fn examined(host: &Host) -> String {
    let output = tool(["doctor", "-o", "json", "--timeout", "300ms"])
        .arguments(["--connect-timeout", "0", &host.option()])
        .run();
    let stages: Value = serde_json::from_str(&output.text()).unwrap();
    let last = &stages["stages"].as_array().unwrap()[12];
    assert_eq!(last["stage"], "policy");
    last["found"].as_str().unwrap().to_owned()
}

#[test]
fn doctor_tells_what_it_never_allows() {
    let said = examined(&host(&[(INITDATA, &annotation_of(POLICY))]));
    let (_, never) = said
        .split_once("; the pod's policy never allows ")
        .unwrap_or_else(|| panic!("{said}"));
    let names: Vec<_> = never.split(", ").collect();
    // By a default, by what the policy says itself, and by no rule.
    for name in ["GetMetrics", "ListRoutes", "AddSwap", "SetPolicy"] {
        assert!(names.contains(&name), "{name}: {said}");
    }
    // By what is asked or was asked before, and not at all.
    for name in [
        "StartContainer",
        "PauseContainer",
        "ResumeContainer",
        "ReadStdout",
    ] {
        assert!(!names.contains(&name), "{name}: {said}");
    }
    let older = "package agent_policy\nGetMetricsRequest { true }\n";
    let said = examined(&host(&[(INITDATA, &annotation_of(older))]));
    assert!(
        said.contains("never allows") && !said.contains("GetMetrics"),
        "{said}"
    );
    let all = "package agent_policy\ndefault AllowRequestsFailingPolicy := true\n";
    let said = examined(&host(&[(INITDATA, &annotation_of(all))]));
    assert!(
        said.ends_with("; there is no call that the pod's policy never allows"),
        "{said}"
    );
    let said = examined(&host(&[(INITDATA, "%%")]));
    assert!(
        said.contains("; the pod's policy cannot be read: "),
        "{said}"
    );
    assert!(!examined(&host(&[])).contains("the pod's policy"));
}
