//! Denials as people have them.

use super::{folder, policy};

const EVENT: &str = "  Warning  Failed  2s (x3 over 20s)  kubelet  Error: failed to create containerd \
     task: failed to create shim task: rpc error: code = PermissionDenied desc = \
     \"CreateContainerRequest is blocked by policy: agent_policy:70: CreateContainerRequest: trying \
     {\\\"a\\\":\\\"b\\\"} agent_policy:1201: allow_env: A=1\\nB=2\": unknown\n";

#[test]
fn a_denial_is_made_readable() {
    let folder = folder(&[]);
    policy(&folder, &["explain"])
        .stdin(format!("Events:\n{EVENT}{EVENT}"))
        .stdout(
            "CreateContainerRequest is blocked by policy\n  \
               line 70    CreateContainerRequest: trying {\"a\":\"b\"}\n  \
               line 1201  allow_env: A=1\\nB=2\n",
        )
        .test();
    let output = policy(&folder, &["explain", "--json"]).stdin(EVENT).run();
    let said = output.succeeded().json();
    assert_eq!(said["rule"], "CreateContainerRequest");
    assert_eq!(said["prints"][1]["line"], 1201);
    assert_eq!(said["prints"][1]["text"], "allow_env: A=1\nB=2");
}

#[test]
fn long_prints_are_cut_unless_all_is_asked_for() {
    let folder = folder(&[]);
    let text = format!(
        "R is blocked by policy: agent_policy:1: {}",
        "x".repeat(500)
    );
    let cut = policy(&folder, &["explain"])
        .stdin(&text)
        .run()
        .succeeded()
        .text();
    assert!(cut.ends_with("xx…\n") && cut.len() < 300, "{cut}");
    let full = policy(&folder, &["explain", "--full"])
        .stdin(&text)
        .run()
        .succeeded()
        .text();
    assert!(full.ends_with(&format!("{}\n", "x".repeat(500))), "{full}");
}

#[test]
fn a_text_without_a_denial_is_told() {
    let folder = folder(&[("log", "nothing here\n")]);
    policy(&folder, &["explain", "log"])
        .status(2)
        .stderr("error: \"log\": there is no denial in it: nothing \"is blocked by policy\"\n")
        .test();
}
