//! The other end of a connection, as bytes: a thread that runs a script.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use agent_client::{Call, Connection};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protobuf::Message;
use ttrpc::get_status;
use ttrpc::proto::{Code, MessageHeader, Request, Response};

/// Long enough for whatever should happen.
pub(crate) const AMPLE: Duration = Duration::from_secs(30);
/// Short, for what should not happen.
pub(crate) const SHORT: Duration = Duration::from_millis(150);

pub(crate) const REQUEST: u8 = 1;
pub(crate) const RESPONSE: u8 = 2;
pub(crate) const DATA: u8 = 3;

/// A call with a deadline that nothing here reaches.
pub(crate) const CALL: Call<'static> = Call {
    service: "test.Service",
    method: "Method",
    payload: b"\x0a\x01x",
    metadata: &[],
    timeout: Some(AMPLE),
};

/// A client whose other end runs `script` on a thread.
pub(crate) fn connection_and(
    script: impl FnOnce(Peer) + Send + 'static,
) -> (Connection, JoinHandle<()>) {
    let (near, far) = UnixStream::pair().unwrap();
    let thread = thread::spawn(move || script(Peer::new(far)));
    (Connection::new(near), thread)
}

/// A frame's bytes.
pub(crate) fn frame(stream_id: u32, type_: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = MessageHeader {
        length: data.len() as u32,
        stream_id,
        type_,
        flags,
    }
    .into();
    bytes.extend_from_slice(data);
    bytes
}

/// The response frame with this payload.
pub(crate) fn ok(stream_id: u32, payload: &[u8]) -> Vec<u8> {
    let mut response = Response::new();
    response.set_status(get_status(Code::OK, ""));
    response.payload = payload.to_vec();
    frame(stream_id, RESPONSE, 0, &response.write_to_bytes().unwrap())
}

/// The response frame with this status.
pub(crate) fn failed(stream_id: u32, code: i32, message: &str) -> Vec<u8> {
    let mut status = get_status(Code::OK, message);
    status.code = protobuf::EnumOrUnknown::from_i32(code);
    let mut response = Response::new();
    response.set_status(status);
    frame(stream_id, RESPONSE, 0, &response.write_to_bytes().unwrap())
}

/// The far end of a connection.
pub(crate) struct Peer(pub(crate) UnixStream);

impl Peer {
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(AMPLE)).unwrap();
        Peer(stream)
    }

    /// One frame from the connection.
    pub(crate) fn frame(&mut self) -> (MessageHeader, Vec<u8>) {
        let mut header = [0; 10];
        self.0.read_exact(&mut header).unwrap();
        let header = MessageHeader::from(header);
        let mut data = vec![0; header.length as usize];
        self.0.read_exact(&mut data).unwrap();
        (header, data)
    }

    /// One request from the connection, with its stream ID.
    pub(crate) fn request(&mut self) -> (u32, Request) {
        let (header, data) = self.frame();
        assert_eq!((header.type_, header.flags), (REQUEST, 0));
        (header.stream_id, Request::parse_from_bytes(&data).unwrap())
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Waits until the client has closed its end.
    pub(crate) fn wait_for_end(&mut self) {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
    }

    /// Waits until the client has closed its end, without reading anything.
    pub(crate) fn wait_until_gone(&self) {
        let began = Instant::now();
        loop {
            let mut polled = [PollFd::new(self.0.as_fd(), PollFlags::empty())];
            if poll(&mut polled, PollTimeout::from(50u8)).unwrap() > 0 {
                return;
            }
            assert!(began.elapsed() < AMPLE);
        }
    }

    /// Asserts that the client sends nothing for a moment.
    pub(crate) fn assert_silence(&mut self) {
        self.0.set_read_timeout(Some(SHORT)).unwrap();
        let outcome = self.0.read(&mut [0; 64]);
        assert!(outcome.is_err(), "{outcome:?}");
        self.0.set_read_timeout(Some(AMPLE)).unwrap();
    }
}
