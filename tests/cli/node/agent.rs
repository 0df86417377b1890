//! Agents that answer calls as a test says.

use std::io::Write;
use std::thread;
use std::time::Duration;

use protobuf::Message as _;
use ttrpc::proto::{Request, Response, Status};

use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// What an agent says to a call.
pub(super) enum Says {
    /// A response.
    Payload(Vec<u8>),
    /// A status.
    Status(i32, &'static str),
    /// Nothing.
    Nothing,
}

/// An answer of Version.
pub(super) fn version(version: &str) -> Says {
    let mut payload = vec![0x12, u8::try_from(version.len()).unwrap()];
    payload.extend(version.as_bytes());
    Says::Payload(payload)
}

/// An answer of Check: SERVING.
pub(super) fn serving() -> Says {
    Says::Payload(vec![8, 1])
}

/// An agent that answers each call by its method and its payload.
pub(super) fn agent(answer: impl Fn(&str, &[u8]) -> Says + Send + Sync + 'static) -> Listener {
    Listener::start(move |_, mut stream| {
        while let Ok((stream_id, data)) = read_frame(&mut stream) {
            let request = Request::parse_from_bytes(&data).unwrap();
            let mut response = Response::new();
            match answer(&request.method, &request.payload) {
                Says::Payload(payload) => response.payload = payload,
                Says::Status(code, message) => {
                    let mut status = Status::new();
                    // The crate's codes end at 16, and an agent's need not.
                    status.code = protobuf::EnumOrUnknown::from_i32(code);
                    status.message = message.to_owned();
                    response.status = protobuf::MessageField::some(status);
                }
                Says::Nothing => continue,
            }
            let data = response.write_to_bytes().unwrap();
            if stream
                .write_all(&frame(stream_id, RESPONSE, 0, &data))
                .is_err()
            {
                return;
            }
        }
        // The connection stays open until the other side has ended it.
        thread::sleep(Duration::from_millis(1));
    })
}
