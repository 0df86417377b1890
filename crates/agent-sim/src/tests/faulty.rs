//! Calls that go wrong by rules, seen frame by frame.

use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED, FLAG_REMOTE_OPEN};

use super::api::{AGENT, HEALTH, SERVICE};
use super::serving::Running;
use super::unary::pair;
use super::wire::{Frame, Wire, request};

/// An agent with rules.
fn faulty(rules: &[&str]) -> Running {
    let running = Running::start();
    running.rules(rules);
    running
}

#[test]
fn a_dropped_call_is_not_even_answered_at_its_deadline() {
    let agent = faulty(&["drop Plain", "drop Up"]);
    let mut wire = agent.connect();
    let mut call = request(SERVICE, "Plain", b"");
    call.timeout_nano = 1_000_000;
    wire.request(1, 0, &call);
    let mut call = request(SERVICE, "Up", b"");
    call.timeout_nano = 1_000_000;
    wire.request(3, FLAG_REMOTE_OPEN | FLAG_NO_DATA, &call);
    wire.send(&Frame::data(3, &pair("x")));
    std::thread::sleep(std::time::Duration::from_millis(50));
    wire.request(5, 0, &request(HEALTH, "Check", b""));
    assert_eq!(wire.receive().stream, 5);
    assert_eq!(agent.line()["faults"], serde_json::json!(["drop"]));
    agent.end();
}

#[test]
fn a_dropped_stream_takes_what_comes_and_says_nothing() {
    let agent = faulty(&["drop Both"]);
    let mut wire = agent.connect();
    wire.request(
        1,
        FLAG_REMOTE_OPEN | FLAG_NO_DATA,
        &request(SERVICE, "Both", b""),
    );
    for _ in 0..300 {
        wire.send(&Frame::data(1, &pair("x")));
    }
    wire.send(&Frame::end(1));
    wire.request(3, 0, &request(SERVICE, "Plain", b""));
    assert_eq!(wire.receive().stream, 3);
    wire.leave();
    agent.end();
}

#[test]
fn garbage_stands_between_whole_frames_of_other_calls() {
    let garbage = "\u{1}garbage";
    let hex = "0167617262616765";
    let rule = format!("garbage DestroySandbox hex:{hex}");
    let big = format!("reply Plain value={}", "v".repeat(300_000));
    let agent = faulty(&[&rule, &big]);
    let mut wire = agent.connect();
    // More than the sockets hold, so that frames are written in pieces.
    for stream in (1..80).step_by(2) {
        let (service, method) = match stream % 4 {
            1 => (SERVICE, "Plain"),
            _ => (AGENT, "DestroySandbox"),
        };
        wire.request(stream, 0, &request(service, method, b""));
    }
    let (mut answers, mut garbled) = (0, 0);
    while answers + garbled < 40 {
        if wire.skip(garbage.as_bytes()) {
            garbled += 1;
        } else {
            assert_eq!(wire.receive().response().payload.len(), 300_004);
            answers += 1;
        }
    }
    assert_eq!((answers, garbled), (20, 20));
    agent.end();
}

#[test]
fn streams_go_wrong_too() {
    let agent = faulty(&[
        "fail Up[1] 5 x",
        "close Up[2]",
        "garbage Up[3] hex:ff",
        "reply Up key=z",
        "reply Down key=z",
        "truncate Both 4",
    ]);
    let opening = FLAG_REMOTE_CLOSED | FLAG_NO_DATA;
    let up = |wire: &mut Wire| wire.request(1, opening, &request(SERVICE, "Up", b""));
    let mut wire = agent.connect();
    up(&mut wire);
    assert_eq!(wire.receive().status(), (5, "x".to_owned()));
    up(&mut wire);
    assert_eq!(wire.rest(), b"");
    let mut wire = agent.connect();
    up(&mut wire);
    assert!(wire.skip(b"\xff"));
    up(&mut wire);
    assert_eq!(wire.receive().response().payload, pair("z"));
    wire.request(3, FLAG_REMOTE_CLOSED, &request(SERVICE, "Down", b""));
    assert_eq!(wire.receive(), Frame::data(3, &pair("z")));
    assert_eq!(wire.receive(), Frame::end(3));
    wire.request(5, FLAG_REMOTE_CLOSED, &request(SERVICE, "Both", b""));
    assert_eq!(wire.rest().len(), 4);
    agent.end();
}

#[test]
fn an_agent_that_refuses_to_end_stays() {
    let agent = faulty(&["fail DestroySandbox 13"]);
    let mut wire = agent.connect();
    assert_eq!(wire.call(AGENT, "DestroySandbox", b"").status().0, 13);
    assert_eq!(wire.call(HEALTH, "Check", b"").status().0, 0);
    agent.end();
}
