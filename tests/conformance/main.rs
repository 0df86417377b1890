//! The conformance suite: the same scripted calls, made with the real binary,
//! against the simulated agent in each of its forms and against a real one. The
//! scripts say what the real agent answers; where the simulation differs, the
//! simulation is wrong. See `scripts/README.md`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod agents;
mod answer;
#[expect(dead_code, reason = "tests/cli uses more of it")]
#[path = "../cli/console.rs"]
mod console;
mod examples;
#[cfg(feature = "node")]
mod exec;
mod guest;
mod judge;
mod machine;
#[cfg(feature = "policy")]
mod policy;
#[cfg(all(feature = "node", feature = "tap"))]
mod replay;
mod script;
mod session;
mod shape;
#[cfg(feature = "node")]
#[expect(dead_code, reason = "tests/cli uses more of it")]
#[path = "../cli/terminal.rs"]
mod terminal;
#[cfg(feature = "node")]
#[expect(dead_code, reason = "tests/cli uses more of it")]
#[path = "../cli/tool.rs"]
mod tool;

use std::collections::BTreeSet;
use std::process::Command;

use agents::{Serve, Simulated, Transport};
use guest::{AGENT, AGENT_WITH_POLICY, Guest};
use script::Script;
use test_support::skip_even_if_required;

/// The binary under test.
fn program() -> &'static str {
    test_support::program(env!("CARGO_BIN_EXE_kata-agent-ctl"))
}

#[test]
fn the_agent_within_the_process() {
    // They need several connections, or features.
    let left_out = [
        "destroyed",
        "missing_program",
        "policy",
        "policy_empty",
        "policy_locked",
        "programs",
        "terminal",
        "waiting",
    ];
    judge::all("sim://", &Simulated, 4, Some(&left_out));
}

#[test]
fn serve_on_a_unix_socket() {
    judge::all(
        "serve on a Unix socket",
        &Serve(Transport::Unix),
        4,
        Some(&[]),
    );
}

#[test]
fn the_examples() {
    examples::all("serve on a Unix socket", &Serve(Transport::Unix)).unwrap();
}

#[test]
fn serve_on_an_abstract_socket() {
    judge::all(
        "serve on an abstract socket",
        &Serve(Transport::Abstract),
        4,
        Some(&[]),
    );
}

#[test]
fn serve_behind_a_hybrid_vsock_device() {
    judge::all(
        "serve over hybrid vsock",
        &Serve(Transport::Hybrid),
        4,
        Some(&[]),
    );
}

#[test]
fn serve_over_vsock() {
    match agents::vsock_loopback() {
        Ok(()) => judge::all("serve over vsock", &Serve(Transport::Vsock), 4, Some(&[])),
        // A matter of the kernel; the tests in a virtual machine have one.
        Err(reason) => skip_even_if_required(reason),
    }
}

#[test]
fn a_real_agent() {
    agrees(Guest::in_namespaces(AGENT), "the real agent", 1);
}

#[test]
#[ignore = "boots virtual machines: make test-vm"]
fn a_real_agent_in_a_virtual_machine() {
    let guest = Guest::in_a_machine(AGENT);
    agrees(guest, "the real agent in a virtual machine", 2);
}

#[test]
#[ignore = "boots virtual machines: make test-vm"]
fn a_real_agent_with_policies_in_a_virtual_machine() {
    match Guest::in_a_machine(AGENT_WITH_POLICY) {
        Ok(guest) => {
            let name = "the real agent with policies in a virtual machine";
            judge::all(name, &guest, 2, None);
        }
        Err(reason) => skip_even_if_required(reason),
    }
}

/// Runs all scripts and examples, where there is such an agent: nothing that can be installed
/// brings one.
fn agrees(guest: Result<Guest, String>, name: &str, workers: usize) {
    match guest {
        Ok(guest) => {
            judge::all(name, &guest, workers, None);
            // One script is wanted alone.
            let is_all = std::env::var_os("CONFORMANCE_SCRIPT").is_none();
            if is_all && let Err(reason) = examples::all(name, &guest) {
                skip_even_if_required(reason);
            }
        }
        Err(reason) => skip_even_if_required(reason),
    }
}

#[cfg(feature = "node")]
#[test]
fn programs_run_in_containers_alike() {
    exec::works(&Serve(Transport::Unix)).unwrap();
    exec::works(&Serve(Transport::Hybrid)).unwrap();
    // Nothing that can be installed brings one.
    if let Err(reason) = Guest::in_namespaces(AGENT).and_then(|guest| exec::works(&guest)) {
        skip_even_if_required(reason);
    }
}

#[cfg(feature = "node")]
#[test]
#[ignore = "boots virtual machines: make test-vm"]
fn programs_run_in_containers_of_a_virtual_machine_alike() {
    if let Err(reason) = Guest::in_a_machine(AGENT).and_then(|guest| exec::works(&guest)) {
        skip_even_if_required(reason);
    }
}

#[cfg(all(feature = "node", feature = "tap"))]
#[test]
fn a_life_replayed_on_a_simulated_agent() {
    let serve = Serve(Transport::Unix);
    replay::is_the_same(&serve, &[("serve after serve", &serve)]).unwrap();
}

#[cfg(all(feature = "node", feature = "tap"))]
#[test]
#[ignore = "boots virtual machines: make test-vm"]
fn a_life_replayed_on_a_real_agent_in_a_virtual_machine() {
    let serve = Serve(Transport::Unix);
    let same = Guest::in_a_machine(AGENT).and_then(|guest| {
        replay::is_the_same(&serve, &[("the real agent after serve", &guest)])?;
        replay::is_the_same(
            &guest,
            &[
                ("the real agent after itself", &guest),
                ("serve after the real agent", &serve),
            ],
        )
    });
    if let Err(reason) = same {
        skip_even_if_required(reason);
    }
}

/// Each RPC of the build is called by a script, well and badly where the agent
/// can refuse it at all.
#[test]
fn every_rpc_is_called() {
    let listed = Command::new(program())
        .args(["list", "--json"])
        .output()
        .unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut listed = names(&listed);
    assert!(listed.len() >= 44, "{listed:?}");

    for script in Script::all() {
        for step in &script.steps {
            listed.remove(step.rpc());
        }
    }
    assert!(listed.is_empty(), "called by no script: {listed:?}");
}

/// The names of RPCs, at whatever depth the listing has them.
fn names(listing: &serde_json::Value) -> BTreeSet<String> {
    match listing {
        serde_json::Value::Array(items) => items.iter().flat_map(names).collect(),
        serde_json::Value::Object(fields) => match fields.get("request") {
            Some(_) => fields["name"]
                .as_str()
                .map(str::to_owned)
                .into_iter()
                .collect(),
            None => fields.values().flat_map(names).collect(),
        },
        _ => BTreeSet::new(),
    }
}
