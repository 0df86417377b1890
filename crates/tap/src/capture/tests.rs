use std::io::Write;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

use super::packet::{End, Packet, What};
use super::*;
use crate::log::{LogThread, Sinks};

const HOST: End = End { cid: 2, port: 5000 };
const AGENT: End = End { cid: 3, port: 1024 };
/// vsockmon's operations, and the numbers of virtio's that belong to them.
const REQUEST: (u16, u16) = (1, 1);
const RESPONSE: (u16, u16) = (1, 2);
const RESET: (u16, u16) = (2, 3);
const SHUTDOWN: (u16, u16) = (2, 4);
const CREDIT: (u16, u16) = (3, 6);
const PAYLOAD: (u16, u16) = (4, 5);

/// A packet of a virtio transport.
fn packet(from: End, to: End, what: (u16, u16), flags: u32, payload: &[u8]) -> Vec<u8> {
    let mut ends = from.cid.to_le_bytes().to_vec();
    ends.extend(to.cid.to_le_bytes());
    ends.extend(from.port.to_le_bytes());
    ends.extend(to.port.to_le_bytes());
    let mut bytes = ends.clone();
    bytes.extend(what.0.to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(44_u16.to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(ends);
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(what.1.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend_from_slice(payload);
    bytes
}

fn frame(stream_id: u32, type_: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = (data.len() as u32).to_be_bytes().to_vec();
    frame.extend(stream_id.to_be_bytes());
    frame.extend([type_, 0]);
    frame.extend_from_slice(data);
    frame
}

fn check(stream_id: u32) -> Vec<u8> {
    frame(stream_id, 1, b"\x0a\x0bgrpc.Health\x12\x05Check")
}

fn serving(stream_id: u32) -> Vec<u8> {
    frame(stream_id, 2, b"\x12\x02\x08\x01")
}

/// A file that the test reads.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Connections whose packets a test makes.
struct Made {
    connections: Connections,
    thread: LogThread,
    recording: Kept,
}

impl Made {
    fn new(cid: Option<u32>) -> Made {
        let recording = Kept::default();
        let sinks = Sinks {
            what: "a test".to_owned(),
            recording: Some(Box::new(recording.clone())),
            failed: |error| panic!("{error}"),
            lines: None,
        };
        let (log, thread) = Log::start(agent_api::schema(), sinks).unwrap();
        let filter = Filter { cid, port: 1024 };
        Made {
            connections: Connections::new(filter, log),
            thread,
            recording,
        }
    }

    fn runtime_says(&mut self, what: (u16, u16), flags: u32, payload: &[u8]) {
        self.connections
            .take(&packet(HOST, AGENT, what, flags, payload));
    }

    fn agent_says(&mut self, what: (u16, u16), flags: u32, payload: &[u8]) {
        self.connections
            .take(&packet(AGENT, HOST, what, flags, payload));
    }

    /// The lines of the recording, each as its kind and what tells it from others.
    fn lines(mut self) -> Vec<String> {
        self.connections.finish();
        drop(self.connections);
        self.thread.finish().unwrap();
        let text = self.recording.0.lock().unwrap();
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|it| !it.is_empty());
        let told = lines.skip(1).map(|line| {
            let line: Value = serde_json::from_slice(line).unwrap();
            let of = |name: &str| match &line[name] {
                Value::Null => String::new(),
                Value::String(text) => format!(" {text}"),
                other => format!(" {other}"),
            };
            let parts = [
                "connection",
                "stream",
                "method",
                "text",
                "lost",
                "bytes_to_agent",
            ];
            let kind = line["kind"].as_str().unwrap();
            format!("{kind}{}", parts.map(of).concat())
        });
        told.collect()
    }
}

#[test]
fn a_packet_is_read() {
    let bytes = packet(HOST, AGENT, PAYLOAD, 0, b"abc");
    let expected = Packet {
        from: HOST,
        to: AGENT,
        what: What::Payload(b"abc"),
    };
    assert_eq!(Packet::read(&bytes), Some(expected));
    for (what, flags, expected) in [
        (REQUEST, 0, What::Request),
        (RESPONSE, 0, What::Control),
        (RESET, 0, What::Reset),
        (SHUTDOWN, 3, What::Reset),
        (SHUTDOWN, 2, What::Shutdown),
        (SHUTDOWN, 1, What::Control),
        (CREDIT, 0, What::Control),
        (PAYLOAD, 0, What::Payload(b"")),
    ] {
        let bytes = packet(HOST, AGENT, what, flags, b"");
        assert_eq!(
            Packet::read(&bytes).unwrap().what,
            expected,
            "{what:?} {flags}"
        );
    }
    // No stream's; cut; a transport's header that is longer than all there is.
    let mut other = bytes.clone();
    other[32 + 28] = 2;
    assert_eq!(Packet::read(&other), None);
    for length in 0..76 {
        assert_eq!(Packet::read(&bytes[..length]), None, "{length} bytes");
    }
    let mut long = bytes.clone();
    long[28..30].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(Packet::read(&long), None);
    // A transport that is not virtio's, without a header of its own.
    let mut bare = bytes[..32].to_vec();
    bare[26..30].copy_from_slice(&[1, 0, 0, 0]);
    bare.extend(b"xyz");
    assert_eq!(Packet::read(&bare).unwrap().what, What::Payload(b"xyz"));
}

#[test]
fn a_connections_life_is_told_as_one_that_passes_a_proxy() {
    let mut made = Made::new(Some(3));
    made.runtime_says(REQUEST, 0, b"");
    made.agent_says(RESPONSE, 0, b"");
    let request = check(1);
    made.runtime_says(PAYLOAD, 0, &request[..12]);
    made.runtime_says(PAYLOAD, 0, &request[12..]);
    made.agent_says(CREDIT, 0, b"");
    made.agent_says(PAYLOAD, 0, &serving(1));
    made.runtime_says(SHUTDOWN, 2, b"");
    made.agent_says(SHUTDOWN, 3, b"");
    made.runtime_says(RESET, 0, b"");
    // Another guest's, and another port's.
    let other = End { cid: 4, ..AGENT };
    made.connections
        .take(&packet(HOST, other, PAYLOAD, 0, &check(1)));
    let other = End {
        port: 1025,
        ..AGENT
    };
    made.connections
        .take(&packet(HOST, other, PAYLOAD, 0, &check(1)));
    assert_eq!(
        made.lines(),
        [
            "open 1 vsock://2:5000 to vsock://3:1024",
            "request 1 1 Check",
            "response 1 1 Check",
            "close 1 30",
        ]
    );
}

#[test]
fn a_gap_is_told_and_the_calls_after_it_are_found() {
    let mut made = Made::new(None);
    made.runtime_says(REQUEST, 0, b"");
    made.runtime_says(PAYLOAD, 0, &check(1)[..20]);
    made.connections.lose(5);
    made.runtime_says(PAYLOAD, 0, &check(1)[20..]);
    made.agent_says(PAYLOAD, 0, &serving(1));
    made.runtime_says(PAYLOAD, 0, &check(3));
    made.agent_says(PAYLOAD, 0, &serving(3));
    assert_eq!(
        made.lines(),
        [
            "open 1 vsock://2:5000 to vsock://3:1024",
            "lost {\"bytes\":0,\"frames\":5}",
            "response 1 1",
            "request 1 3 Check",
            "response 1 3 Check",
            "close 1 the capture has ended 60",
        ]
    );
}

#[test]
fn a_connection_that_is_open_already_is_joined_at_the_next_frame() {
    let mut made = Made::new(None);
    made.runtime_says(PAYLOAD, 0, &check(7)[11..]);
    made.runtime_says(PAYLOAD, 0, &check(9));
    // Its client dials again from the same port.
    made.runtime_says(REQUEST, 0, b"");
    made.agent_says(RESET, 0, b"");
    assert_eq!(
        made.lines(),
        [
            "open 1 vsock://2:5000 to vsock://3:1024, which was open already",
            "request 1 9 Check",
            "close 1 49",
            "open 2 vsock://2:5000 to vsock://3:1024",
            "close 2 0",
        ]
    );
}

#[test]
fn a_guest_cannot_make_it_keep_more_and_more() {
    let mut made = Made::new(None);
    // Each the beginning of a frame that never ends.
    let mut begin = frame(1, 2, &vec![0x12; 1 << 20]);
    begin.truncate(64 << 10);
    begin[..4].copy_from_slice(&(4_u32 << 20).to_be_bytes());
    for port in 0..5000 {
        let host = End { cid: 2, port };
        for _ in 0..if port % 10 == 0 { 20 } else { 1 } {
            made.connections
                .take(&packet(AGENT, host, PAYLOAD, 0, &begin));
        }
    }
    let lines = made.lines();
    let let_go = lines
        .iter()
        .filter(|line| line.contains("nothing was heard of it for longest"));
    assert!(let_go.count() > 900);
    // Of the frames that go on, those that do not fit into 32 MiB are left out.
    let left_out = lines.iter().filter(|line| line.starts_with("lost "));
    assert!(left_out.count() > 4000);
}

proptest! {
    #[test]
    fn any_packets_are_taken(
        packets in proptest::collection::vec(
            (any::<[u8; 4]>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..100)),
            0..40,
        ),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut made = Made::new(None);
        for ([from, operation, virtio, gap], flags, payload) in &packets {
            let ends = match from % 2 {
                0 => (HOST, AGENT),
                _ => (AGENT, HOST),
            };
            let what = (u16::from(operation % 6), u16::from(virtio % 8));
            let mut bytes = packet(ends.0, ends.1, what, flags % 4, payload);
            let place = usize::from(*gap) % bytes.len();
            if gap % 3 == 0 {
                bytes[place] ^= 0x55;
            }
            made.connections.take(&bytes);
            if gap % 7 == 0 {
                made.connections.lose(1);
            }
            made.connections.take(&noise);
        }
        made.lines();
    }
}
