//! The calls that a runtime makes in a pod's life, made by a client that is not this
//! tool, on a connection as to a hypervisor's socket.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;
use typed_peer::Ended;

use crate::foreign::play;
use crate::served::{Served, serve};

const COLD_PLUG: &str = include_str!("../shim/cold-plug.jsonl");

/// An agent on a Unix socket, where a hypervisor's handshake is understood.
struct Guest(Served);

impl Guest {
    fn start() -> Guest {
        let served = serve(&[]);
        served.listening();
        Guest(served)
    }

    /// Makes the calls of a script, each of which is answered OK but for one that
    /// waits for an event until the sandbox ends.
    fn live(&self, greeting: &str, script: &str) -> Vec<Ended> {
        let address = self.0.address();
        let socket = Path::new(address.strip_prefix("unix://").unwrap());
        let ended = play(socket, greeting, script);
        for call in &ended {
            let waits_for_events = call.rpc == "grpc.AgentService/GetOOMEvent";
            assert_eq!(call.answer.is_err(), waits_for_events, "{call:?}");
        }
        ended
    }

    fn end(self) {
        assert_eq!(self.0.end(Signal::SIGTERM).0, Some(0));
    }
}

/// The answers to an RPC about a process.
fn answers<'a>(calls: &'a [Ended], method: &str, exec_id: &str) -> Vec<&'a Value> {
    let wanted = |call: &&Ended| {
        call.rpc.ends_with(method) && call.request["execId"].as_str() == Some(exec_id)
    };
    let answers = calls.iter().filter(wanted);
    answers.map(|call| call.answer.as_ref().unwrap()).collect()
}

#[test]
fn a_pod_lives_and_ends_twice_as_the_shim_has_it() {
    let guest = Guest::start();
    let (pod, container) = ("a".repeat(64), "b".repeat(64));
    for greeting in ["CONNECT 1024\n", "connect 1024\n"] {
        let calls = guest.live(greeting, COLD_PLUG);
        for (exec_id, status) in [(pod.as_str(), 137), (&container, 137), ("exec1", 7)] {
            let waited = answers(&calls, "/WaitProcess", exec_id);
            assert_eq!(waited[0]["status"], status, "{exec_id}");
        }
        // "hi\n"
        let read = answers(&calls, "/ReadStdout", "exec1");
        assert_eq!(read[0]["data"], "aGkK");
    }
    guest.end();
}

#[test]
fn cards_may_be_several_and_plugged_in_later() {
    let card = |number: u8, path: &str| {
        serde_json::json!({
            "call": "grpc.AgentService/UpdateInterface",
            "req": {"interface": {
                "device": format!("eth{number}"), "name": format!("eth{number}"),
                "IPAddresses": [{"address": format!("10.1.{number}.2"), "mask": "24"}],
                "mtu": "1500", "hwAddr": format!("02:00:00:00:00:0{number}"), "devicePath": path,
            }},
        })
        .to_string()
    };
    let list = r#"{"call": "grpc.AgentService/ListInterfaces", "req": {}}"#;
    let script = [card(1, ""), card(2, "02/00"), card(1, ""), list.to_owned()];
    let guest = Guest::start();
    let calls = guest.live("CONNECT 1024\n", &script.join("\n"));
    let listed = calls.last().unwrap().answer.as_ref().unwrap();
    let names: Vec<_> = listed["Interfaces"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|card| card["name"].as_str()).collect();
    assert_eq!(names, [Some("lo"), Some("eth1"), Some("eth2")]);
    guest.end();
}
