//! Calls with one request and one response, in this process.

use std::sync::OnceLock;

use protobuf::Message as _;
use ttrpc::Code;
use ttrpc::proto::KeyValue;

use super::api::{SCHEMA, SERVICE};
use super::wire::Wire;
use crate::GuestOptions;
use crate::in_process::InProcess;

/// A connection to an agent with the small API.
pub(super) fn small() -> Wire {
    static AGENT: OnceLock<InProcess> = OnceLock::new();
    let start = || InProcess::start(&SCHEMA, GuestOptions::default(), |_| {}).unwrap();
    Wire::new(AGENT.get_or_init(start).connect().unwrap())
}

/// An encoded message of the small API.
pub(super) fn pair(key: &str) -> Vec<u8> {
    let pair = KeyValue {
        key: key.to_owned(),
        ..KeyValue::default()
    };
    pair.write_to_bytes().unwrap()
}

#[test]
fn an_rpc_without_behaviour_answers_its_empty_response() {
    let answer = small().call(SERVICE, "Plain", &pair("x"));
    assert_eq!(answer.status(), (0, String::new()));
    assert_eq!(answer.response().payload, b"");
}

#[test]
fn a_method_of_another_service_has_none_of_the_behaviour() {
    let answer = small().call(SERVICE, "CreateContainer", b"");
    assert_eq!(answer.status(), (0, String::new()));
    assert_eq!(answer.response().payload, b"");
}

#[test]
fn an_unknown_service_or_method_has_a_status_of_its_own() {
    let mut wire = small();
    let service = wire.call("test.Other", "Plain", b"").status();
    let told = "test.Other service does not exist".to_owned();
    assert_eq!(service, (Code::INVALID_ARGUMENT as i32, told));
    let method = wire.call(SERVICE, "Other", b"").status();
    assert_eq!(
        method,
        (Code::UNIMPLEMENTED as i32, "Other method".to_owned())
    );
}

#[test]
fn a_request_that_does_not_decode_is_refused_and_the_connection_lives() {
    let mut wire = small();
    let (code, message) = wire.call(SERVICE, "Plain", b"\x0a\x05ab").status();
    assert_eq!(code, Code::UNKNOWN as i32);
    let start = "ttrpc err: Unpack request error ";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
}
