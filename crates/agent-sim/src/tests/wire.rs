//! The client's side of ttRPC, frame by frame.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use protobuf::Message as _;
use ttrpc::proto::{
    FLAG_NO_DATA, FLAG_REMOTE_CLOSED, MESSAGE_TYPE_DATA, MESSAGE_TYPE_REQUEST,
    MESSAGE_TYPE_RESPONSE,
};
use ttrpc::{Request, Response};

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) stream: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) data: Vec<u8>,
}

impl Frame {
    /// A data frame of a stream.
    pub(super) fn data(stream: u32, data: &[u8]) -> Frame {
        Frame {
            stream,
            kind: MESSAGE_TYPE_DATA,
            flags: 0,
            data: data.to_vec(),
        }
    }

    /// The frame that closes one side of a stream.
    pub(super) fn end(stream: u32) -> Frame {
        Frame {
            stream,
            kind: MESSAGE_TYPE_DATA,
            flags: FLAG_REMOTE_CLOSED | FLAG_NO_DATA,
            data: Vec::new(),
        }
    }

    /// The response in this frame.
    pub(super) fn response(&self) -> Response {
        assert_eq!(self.kind, MESSAGE_TYPE_RESPONSE);
        Response::parse_from_bytes(&self.data).unwrap()
    }

    /// The code and message of the status in this frame.
    pub(super) fn status(&self) -> (i32, String) {
        let status = self.response().status.unwrap_or_default();
        (status.code.value(), status.message)
    }
}

/// A connection.
pub(super) struct Wire {
    socket: UnixStream,
}

impl Wire {
    pub(super) fn new(socket: UnixStream) -> Wire {
        // A test that gets no answer fails.
        let limit = Some(Duration::from_secs(20));
        socket.set_read_timeout(limit).unwrap();
        socket.set_write_timeout(limit).unwrap();
        Wire { socket }
    }

    pub(super) fn send(&mut self, frame: &Frame) {
        let length = u32::try_from(frame.data.len()).unwrap();
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(&frame.stream.to_be_bytes());
        bytes.extend_from_slice(&[frame.kind, frame.flags]);
        bytes.extend_from_slice(&frame.data);
        self.socket.write_all(&bytes).unwrap();
    }

    /// Sends a request frame.
    pub(super) fn request(&mut self, stream: u32, flags: u8, request: &Request) {
        self.send(&Frame {
            stream,
            kind: MESSAGE_TYPE_REQUEST,
            flags,
            data: request.write_to_bytes().unwrap(),
        });
    }

    pub(super) fn receive(&mut self) -> Frame {
        let mut header = [0; 10];
        self.socket.read_exact(&mut header).unwrap();
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        let mut data = vec![0; usize::try_from(number(&header[..4])).unwrap()];
        self.socket.read_exact(&mut data).unwrap();
        Frame {
            stream: number(&header[4..8]),
            kind: header[8],
            flags: header[9],
            data,
        }
    }

    /// Whether these bytes come next. They are taken if they do.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> bool {
        let mut next = vec![0; bytes.len()];
        let fd = self.socket.as_raw_fd();
        let read = recv(fd, &mut next, MsgFlags::MSG_PEEK | MsgFlags::MSG_WAITALL).unwrap();
        let comes = read == bytes.len() && next == bytes;
        if comes {
            self.socket.read_exact(&mut next).unwrap();
        }
        comes
    }

    /// All that still comes, until the agent closes the connection.
    pub(super) fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.socket.read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Ends the client's side, and returns once the agent has let go of the
    /// connection as well.
    pub(super) fn leave(mut self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
        self.socket.read_to_end(&mut Vec::new()).unwrap();
    }

    /// One unary call.
    pub(super) fn call(&mut self, service: &str, method: &str, payload: &[u8]) -> Frame {
        self.request(1, 0, &request(service, method, payload));
        let answer = self.receive();
        assert_eq!(answer.stream, 1);
        answer
    }
}

/// A request without metadata or deadline.
pub(super) fn request(service: &str, method: &str, payload: &[u8]) -> Request {
    Request {
        service: service.to_owned(),
        method: method.to_owned(),
        payload: payload.to_vec(),
        ..Request::default()
    }
}
