//! The agent with the RPCs of the project's own protos.

use std::process;

use serde_json::{Value, json};
use ttrpc::proto::FLAG_REMOTE_CLOSED;

use super::wire::{Frame, Wire, request};
use crate::behaviour;
use crate::host::Host;
use crate::in_process;
use agent_schema::json::{self, Style};
use agent_schema::{Explicit, Plain, Rpc};

fn agent() -> Wire {
    Wire::new(in_process::connect(agent_api::schema()).unwrap())
}

fn rpcs() -> impl Iterator<Item = &'static Rpc> {
    let services = agent_api::schema().services.iter();
    services.flat_map(|service| service.rpcs)
}

/// The answer to a call, as JSON both ways.
fn call(method: &str, document: &str) -> Value {
    let schema = agent_api::schema();
    let rpc = rpcs().find(|rpc| rpc.name == method).unwrap();
    let mut message = (rpc.request.new)();
    let explicit = &mut Explicit::default();
    json::merge(message.as_mut(), explicit, &Plain, schema, document).unwrap();
    let mut payload = Vec::new();
    message.encode_into(&mut payload).unwrap();

    let frame = agent().call(rpc.service, rpc.name, &payload);
    assert_eq!(frame.status(), (0, String::new()));
    let mut response = (rpc.response.new)();
    response.merge_from(&frame.response().payload).unwrap();
    let mut text = Vec::new();
    json::write(response.as_ref(), schema, Style::default(), &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn every_rpc_answers_and_those_without_behaviour_nothing() {
    let mut wire = agent();
    // One that waits for an event has nothing to answer yet.
    let answering = rpcs().filter(|rpc| rpc.name != "GetOOMEvent");
    for (index, rpc) in answering.enumerate() {
        let stream = 2 * u32::try_from(index).unwrap() + 1;
        let flags = if rpc.is_streaming() {
            FLAG_REMOTE_CLOSED
        } else {
            0
        };
        wire.request(stream, flags, &request(rpc.service, rpc.name, b""));
        if rpc.server_streaming {
            assert_eq!(wire.receive(), Frame::data(stream, b""));
            assert_eq!(wire.receive(), Frame::end(stream));
            continue;
        }
        let frame = wire.receive();
        assert_eq!(frame.stream, stream, "{}", rpc.path());
        let answer = (frame.status(), frame.response().payload);
        if behaviour::find(rpc).is_none() {
            assert_eq!(answer, ((0, String::new()), Vec::new()), "{}", rpc.path());
        }
    }
}

#[test]
fn the_health_service_tells_of_the_agent_that_is_imitated() {
    assert_eq!(call("Check", "{}"), json!({"status": "SERVING"}));
    assert_eq!(
        call("Version", "{}"),
        json!({"grpc_version": "0.0.1", "agent_version": "4.1.0"})
    );
}

#[test]
fn guest_details_are_this_machines_as_far_as_asked_for() {
    let host = Host::this();
    let mut details = json!({
        "version": "4.1.0",
        "extra_features": ["seccomp"],
        "storage_handlers": [
            "blk", "ephemeral", "erofs.multi-layer", "image_guest_pull", "local", "mmioblk",
            "nvdimm", "overlayfs", "scsi", "virtio-fs", "watchable-bind",
        ],
    });
    if host.supports_seccomp() {
        details["supports_seccomp"] = true.into();
    }
    if process::id() == 1 {
        details["init_daemon"] = true.into();
    }
    let mut expected = json!({"agent_details": details});
    assert_eq!(call("GetGuestDetails", "{}"), expected);

    if let Some(bytes) = host.memory_block_size() {
        expected["mem_block_size_bytes"] = bytes.to_string().into();
    }
    let asked = r#"{"mem_block_size": true}"#;
    assert_eq!(call("GetGuestDetails", asked), expected);

    if host.has_memory_probe() {
        expected["support_mem_hotplug_probe"] = true.into();
    }
    let asked = r#"{"mem_block_size": true, "mem_hotplug_probe": true}"#;
    assert_eq!(call("GetGuestDetails", asked), expected);
}
