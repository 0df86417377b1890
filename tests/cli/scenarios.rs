//! What the author of a runtime's tests brings about with rules, each seen by a
//! client that is not this tool.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use typed_peer::Ended;

use crate::foreign::play;
use crate::served::{Served, serve};

const GREETING: &str = "CONNECT 1024\n";

/// A call of the agent's service, that waits no longer than so.
fn call(method: &str, request: Value, timeout: &str) -> String {
    let service = match method {
        "Check" | "Version" => "grpc.Health",
        _ => "grpc.AgentService",
    };
    let call = format!("{service}/{method}");
    json!({"call": call, "req": request, "timeout": timeout}).to_string()
}

fn check() -> String {
    call("Check", json!({}), "5s")
}

/// The creation of a container with the least that it must have.
fn create(id: &str, args: &[&str]) -> String {
    let spec = json!({
        "Process": {"Args": args, "Cwd": "/", "Env": ["PATH=/bin"], "Capabilities": {}},
        "Root": {"Path": "/rootfs"},
        "Mounts": [{"destination": "/proc", "source": "proc", "type": "proc"}],
        "Linux": {"Namespaces": [{"Type": "mount"}]},
    });
    let request = json!({"container_id": id, "exec_id": id, "OCI": spec});
    call("CreateContainer", request, "5s")
}

fn of(method: &str, id: &str, more: Value) -> String {
    let mut request = json!({"container_id": id, "exec_id": id});
    let fields = request.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    call(method, request, "1s")
}

/// A runtime that connects once and makes these calls.
fn runtime(served: &Served, calls: &[String]) -> Vec<Ended> {
    let address = served.address();
    let socket = Path::new(address.strip_prefix("unix://").unwrap());
    play(socket, GREETING, &calls.join("\n"))
}

/// What went wrong with each call; nothing for one that was answered.
fn errors(calls: &[Ended]) -> Vec<&str> {
    let text = calls.iter().map(|call| match &call.answer {
        Ok(_) => "",
        Err(error) => error.as_str(),
    });
    text.collect()
}

fn rules(rules: &[&str]) -> Served {
    let served = serve(rules);
    served.listening();
    served
}

#[test]
fn a_read_of_output_that_hangs() {
    let served = rules(&["--drop", "ReadStdout"]);
    let calls = [
        create("web", &["echo", "hi"]),
        call("StartContainer", json!({"container_id": "web"}), "5s"),
        of("ReadStdout", "web", json!({"len": 9})),
        of("ReadStderr", "web", json!({"len": 9})),
    ];
    let calls = runtime(&served, &calls);
    let errors = errors(&calls);
    assert_eq!(errors[..2], ["", ""]);
    assert!(!errors[2].is_empty(), "it hangs");
    assert_eq!(errors[3], "");
}

#[test]
fn an_agent_that_dies_in_a_creation() {
    let served = rules(&["--die", "CreateContainer[1]"]);
    let sandbox = call("CreateSandbox", json!({"sandbox_id": "pod"}), "5s");
    let first = runtime(
        &served,
        &[sandbox.clone(), create("web", &["pause"]), check()],
    );
    let lost = errors(&first);
    assert_eq!(lost[0], "");
    assert!(!lost[1].is_empty() && !lost[2].is_empty(), "{first:?}");
    // The next connection finds an agent that knows nothing.
    let second = runtime(&served, &[sandbox, create("web", &["pause"])]);
    assert_eq!(errors(&second), ["", ""]);
}

#[test]
fn bytes_that_are_no_answer() {
    let served = rules(&["--garbage", "Check[1]"]);
    let first = runtime(&served, &[check()]);
    assert!(!errors(&first)[0].is_empty(), "{first:?}");
    assert_eq!(errors(&runtime(&served, &[check()])), [""]);
}

#[test]
fn a_first_check_that_takes_long() {
    let served = rules(&["--delay", "Check[1] 1s"]);
    let start = Instant::now();
    let impatient = call("Check", json!({}), "200ms");
    let calls = runtime(&served, &[impatient, check()]);
    let errors = errors(&calls);
    assert!(!errors[0].is_empty(), "{calls:?}");
    assert_eq!(errors[1], "");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_guest_whose_disk_is_full() {
    let rule = "CreateContainer INTERNAL \"ENOSPC: No space left on device\"";
    let served = rules(&["--fail", rule]);
    let calls = runtime(&served, &[create("web", &["pause"]), check()]);
    let errors = errors(&calls);
    assert!(errors[0].contains("ENOSPC: No space left on device"));
    assert_eq!(errors[1], "");
}

#[test]
fn an_agent_of_another_version() {
    let served = rules(&["--reply-with", "Version agent_version=3.2.0"]);
    let calls = runtime(&served, &[call("Version", json!({}), "5s")]);
    let version = calls[0].answer.as_ref().unwrap();
    assert_eq!(version["agent_version"], "3.2.0");
    assert_eq!(version["grpc_version"], "0.0.1");
}

#[test]
fn an_agent_that_lacks_an_rpc() {
    let served = rules(&["--fail", "GetMetrics UNIMPLEMENTED \"GetMetrics method\""]);
    let calls = runtime(&served, &[call("GetMetrics", json!({}), "5s"), check()]);
    let errors = errors(&calls);
    assert!(errors[0].contains("UNIMPLEMENTED"), "{calls:?}");
    assert_eq!(errors[1], "");
}

#[test]
fn an_answer_that_is_lost_when_the_work_is_done() {
    let served = rules(&["--truncate", "CreateContainer[1] 0"]);
    let first = runtime(&served, &[create("web", &["pause"])]);
    assert!(!errors(&first)[0].is_empty(), "{first:?}");
    // The container is there.
    let start = call("StartContainer", json!({"container_id": "web"}), "5s");
    assert_eq!(errors(&runtime(&served, &[start])), [""]);
}

#[test]
fn half_of_the_calls_failing_by_a_seed() {
    let calls: Vec<_> = (0..40).map(|_| check()).collect();
    let fail = |seed: &str| {
        let served = rules(&["--fail", "Check[50%] UNAVAILABLE", "--seed", seed]);
        let calls = runtime(&served, &calls);
        let failed = errors(&calls).into_iter().map(|error| !error.is_empty());
        failed.collect::<Vec<_>>()
    };
    let first = fail("7");
    let count = first.iter().filter(|failed| **failed).count();
    assert!((8..=32).contains(&count), "{count}");
    assert_eq!(fail("7"), first);
    assert_ne!(fail("8"), first);
}

#[test]
fn every_call_dropped() {
    let mut served = rules(&["--drop", "*"]);
    let impatient = call("Check", json!({}), "200ms");
    let calls = [impatient, call("GetMetrics", json!({}), "200ms")];
    let calls = runtime(&served, &calls);
    assert!(errors(&calls).iter().all(|error| !error.is_empty()));
    served.obeys("clear\n");
    assert_eq!(errors(&runtime(&served, &[check()])), [""]);
    let (_, lines, _) = served.end(Signal::SIGTERM);
    let answered = lines.iter().filter(|line| line.get("status").is_some());
    assert_eq!((answered.count(), lines.len()), (1, 3));
}
