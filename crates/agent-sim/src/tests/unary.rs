//! Calls with one request and one response, in this process.

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use protobuf::Message as _;
use ttrpc::Code;
use ttrpc::proto::{FLAG_NO_DATA, KeyValue};

use super::api::{HEALTH, SCHEMA, SERVICE};
use super::wire::{Wire, request};
use crate::in_process;

/// A connection to an agent with the small API.
pub(super) fn small() -> Wire {
    Wire::new(UnixStream::connect_addr(small_address()).unwrap())
}

fn small_address() -> &'static SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    ADDRESS.get_or_init(|| in_process::start(&SCHEMA).unwrap())
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
fn behaviour_whose_fields_the_proto_lacks_answers_an_empty_response() {
    let answer = small().call(HEALTH, "Check", b"");
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
    let (code, _) = wire.call("test.Other", "Plain", b"").status();
    assert_eq!(code, Code::INVALID_ARGUMENT as i32);
    let (code, _) = wire.call(SERVICE, "Other", b"").status();
    assert_eq!(code, Code::UNIMPLEMENTED as i32);
}

#[test]
fn a_request_that_does_not_decode_is_refused_and_the_connection_lives() {
    let mut wire = small();
    let (code, message) = wire.call(SERVICE, "Plain", b"\x0a\x05ab").status();
    assert_eq!(code, Code::UNKNOWN as i32);
    let start = "ttrpc err: the request is not a valid test.Pair: ";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
}

#[test]
fn hundreds_of_connections_are_served_at_once() {
    let mut wires: Vec<_> = (0..300).map(|_| small()).collect();
    for wire in &mut wires {
        assert_eq!(wire.call(SERVICE, "Plain", b"").status().0, 0);
    }
}

#[test]
fn this_process_reaches_one_agent_from_every_thread() {
    let connect = || in_process::connect(agent_api::schema()).unwrap();
    let threads: Vec<_> = (0..8).map(|_| thread::spawn(connect)).collect();
    let name = |socket: UnixStream| {
        socket
            .peer_addr()
            .unwrap()
            .as_abstract_name()
            .map(<[u8]>::to_vec)
    };
    let names: Vec<_> = threads
        .into_iter()
        .map(|thread| name(thread.join().unwrap()))
        .collect();
    assert!(names[0].is_some());
    assert!(names.iter().all(|name| *name == names[0]));
}

/// Where the process of the next test finds the agent.
const STRANGER: &str = "SIM_TEST_STRANGER";
/// How that process ends when it was refused as it should be.
const REFUSED: i32 = 42;

#[test]
fn another_process_is_refused() {
    if let Some(name) = std::env::var_os(STRANGER) {
        be_refused(&name);
        std::process::exit(REFUSED);
    }
    let test = "tests::unary::another_process_is_refused";
    let name = small_address().as_abstract_name().unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(STRANGER, OsStr::from_bytes(name))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(REFUSED));
}

/// The other process.
fn be_refused(name: &OsStr) {
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let mut wire = Wire::new(UnixStream::connect_addr(&address).unwrap());
    let refused = (
        Code::PERMISSION_DENIED as i32,
        "this simulated agent serves its own process only".to_owned(),
    );
    assert_eq!(wire.call(SERVICE, "Plain", b"").status(), refused);
    wire.request(3, FLAG_NO_DATA, &request(SERVICE, "Up", b""));
    assert_eq!(wire.receive().status(), refused);
}
