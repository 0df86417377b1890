//! `probe`: which RPCs an agent has, and which release that makes it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::agent::{Says, agent, serving, version};
use crate::tool::tool;
use crate::wire::Listener;

/// RPCs that came with 3.13 or later.
const LATE: [&str; 4] = [
    "AddSwapPath",
    "GetDiagnosticData",
    "MemAgentMemcgSet",
    "MemAgentCompactSet",
];
/// RPCs that came with 2.2 or later.
const NEWER_THAN_2: [&str; 12] = [
    "AddSwapPath",
    "GetDiagnosticData",
    "MemAgentMemcgSet",
    "MemAgentCompactSet",
    "UpdateEphemeralMounts",
    "RemoveStaleVirtiofsShareMounts",
    "SetPolicy",
    "GetIPTables",
    "SetIPTables",
    "GetVolumeStats",
    "ResizeVolume",
    "AddSwap",
];

/// The first line, and how many RPCs have each result.
#[track_caller]
fn probed(agent: &Listener, timeout: &str) -> (String, [usize; 3]) {
    let address = agent.address();
    let output = tool(["probe", "-a", &address, "--timeout", timeout]).run();
    let text = output.succeeded().text();
    let count = |result: &str| {
        let rows = text
            .lines()
            .filter(|line| line.starts_with(&format!("{result} ")));
        rows.count()
    };
    let first = text.lines().next().unwrap().to_owned();
    (first, ["has", "lacks", "no answer"].map(count))
}

#[test]
fn an_agent_of_now() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let agent = agent(move |method, payload| {
        seen.lock()
            .unwrap()
            .push((method.to_owned(), payload.to_vec()));
        match (method, payload) {
            ("Version", []) => version("3.14.0"),
            (late, _) if LATE[..2].contains(&late) => Says::Status(12, "AddSwapPath method"),
            (_, [0]) => Says::Status(2, "ttrpc err: invalid tag"),
            _ => panic!("{method} {payload:?}"),
        }
    });
    let (first, counts) = probed(&agent, "20s");
    assert_eq!(
        first,
        "the agent says that it is \"3.14.0\"; by its RPCs it is 3.13 or newer, and older than 3.15"
    );
    assert_eq!(counts, [42, 2, 0]);
    // None but Version is called with anything that is a message.
    let calls = calls.lock().unwrap();
    let good = calls.iter().filter(|(_, payload)| *payload != [0]);
    assert!(good.map(|(method, _)| method.as_str()).eq(["Version"]));
}

#[test]
fn older_ones_and_those_of_other_makes() {
    let does_not_exist = |method: &str| match NEWER_THAN_2.contains(&method) {
        true => Some(Says::Status(3, "/grpc.AgentService/It does not exist")),
        false => None,
    };
    // ttrpc 0.5 says nothing to what it cannot decode, and lives on.
    let of_2 = agent(move |method, payload| match (method, payload) {
        ("Version", []) => version("2.1.0"),
        ("Check", []) => serving(),
        _ => does_not_exist(method).unwrap_or(Says::Nothing),
    });
    let (first, counts) = probed(&of_2, "500ms");
    assert_eq!(
        first,
        "the agent says that it is \"2.1.0\"; by its RPCs it is older than 2.2"
    );
    assert_eq!(counts, [32, 12, 0]);

    // A newer agent has to answer.
    let stuck = agent(move |method, payload| match (method, payload) {
        ("Version", []) => version("3.2.0"),
        ("Check", []) => serving(),
        _ => does_not_exist(method).unwrap_or(Says::Nothing),
    });
    assert_eq!(probed(&stuck, "500ms").1, [0, 12, 32]);

    // A server in Go has other words for code 3.
    let go = agent(move |method, payload| match (method, payload) {
        ("Version", []) => Says::Status(12, "unknown method"),
        ("GetDiagnosticData", _) => Says::Status(12, "unknown method"),
        _ => Says::Status(3, "unmarshalling payload: proto: cannot parse"),
    });
    let (first, counts) = probed(&go, "20s");
    assert_eq!(
        first,
        "the agent does not say its version; by its RPCs it is 3.15 or newer, and older than 3.29"
    );
    assert_eq!(counts, [43, 1, 0]);

    // One that somebody put together.
    let odd = agent(move |method, payload| match (method, payload) {
        ("Version", []) => version("\u{1b}[2J"),
        ("AddSwap", _) => Says::Status(12, ""),
        _ => Says::Status(2, ""),
    });
    assert_eq!(
        probed(&odd, "20s").0,
        r#"the agent says that it is "\x1b[2J"; by its RPCs it is of no release: it has what came with 3.29, and lacks what came with 2.2"#
    );
}

#[test]
fn an_agent_that_takes_everything_is_left_alone() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let agent = agent(move |_, _| {
        seen.fetch_add(1, Ordering::SeqCst);
        Says::Payload(Vec::new())
    });
    tool(["probe", "-a", &agent.address()])
        .status(3)
        .stderr(
            "error: the agent takes a payload that is not a message: to go on might run its RPCs\n",
        )
        .test();
    // Version and Check.
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn one_that_says_nothing_or_goes_away() {
    let silent = agent(|_, _| Says::Nothing);
    tool(["probe", "-a", &silent.address(), "--timeout", "100ms"])
        .status(4)
        .stderr("error: the agent answered nothing within 100ms\n")
        .test();
    // In about the time of two answers.
    let begun = std::time::Instant::now();
    let output = tool(["probe", "-a", &silent.address(), "--timeout", "2s"]).run();
    assert_eq!(output.status, 4);
    assert!(begun.elapsed() < std::time::Duration::from_secs(6));
    // The time is that of each answer, if they come one after the other.
    let slow = agent(|method, payload| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        match (method, payload) {
            ("Version", []) => version("4.1.0"),
            _ => Says::Status(2, "ttrpc err"),
        }
    });
    assert_eq!(probed(&slow, "1s").1, [44, 0, 0]);
    assert_eq!(probed(&slow, "0").1, [44, 0, 0]);
    let gone = Listener::start(|_, stream| drop(stream));
    let output = tool(["probe", "-a", &gone.address()]).run();
    assert_eq!(output.status, 3, "{}", output.stderr);
    tool(["probe"])
        .status(2)
        .stderr(
            "error: no server address: give --server-address or set KATA_AGENT_SERVER_ADDRESS, \
             for example unix:///run/agent.sock, vsock://3:1024, \
             hvsock:///run/vc/vm/ID/clh.sock:1024 or sim://; on a node, --sandbox takes \
             namespace/pod instead\n",
        )
        .test();
}

#[test]
fn as_json() {
    let output = tool(["probe", "-a", "sim://", "-o", "json"])
        .run()
        .succeeded();
    let found = output.json();
    assert_eq!(found["version"], "4.1.0");
    assert_eq!(found["from"], "3.29");
    assert_eq!(found["before"], serde_json::Value::Null);
    let rpcs = found["rpcs"].as_array().unwrap();
    assert_eq!(rpcs.len(), 44);
    let row = serde_json::json!({
        "rpc": "grpc.AgentService/AddSwapPath", "result": "has", "since": "3.15",
    });
    assert!(rpcs.contains(&row));
}
