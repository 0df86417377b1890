//! The agent of a test: a thread behind a Unix socket that reads frames, and answers as the
//! test says.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use protobuf::Message;
use tempfile::TempDir;
use ttrpc::proto::{Request, Response, Status};

use super::super::decode;
use agent_client::transport::Address;
use agent_schema::json::{self, Style};
use agent_schema::lookup;

pub(super) const RESPONSE: u8 = 2;
pub(super) const DATA: u8 = 3;

/// An agent that runs until the tests end. It serves one connection after the other.
pub(super) struct Agent {
    folder: TempDir,
    seen: Arc<Mutex<Seen>>,
}

/// What an agent has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    closed: usize,
    calls: Vec<Request>,
}

/// What an agent does about a call.
pub(super) enum Reply {
    /// Answers with this payload.
    Ok(Vec<u8>),
    /// Answers, and closes the connection.
    Last(Vec<u8>),
    /// Answers with this status.
    Error(i32, &'static str),
    /// Goes on without an answer.
    Nothing,
    /// Closes the connection.
    Close,
}

impl Agent {
    /// An agent that answers each call as `answer` says of its method.
    pub(super) fn answering(mut answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        Self::serving(move |mut peer| {
            while let Ok((id, request)) = peer.request() {
                let (payload, is_last) = match answer(&request.method) {
                    Reply::Ok(payload) => (Ok(payload), false),
                    Reply::Last(payload) => (Ok(payload), true),
                    Reply::Error(code, text) => (Err((code, text)), false),
                    Reply::Nothing => continue,
                    Reply::Close => return,
                };
                peer.send(id, RESPONSE, 0, &response(payload));
                if is_last {
                    return;
                }
            }
        })
    }

    /// An agent that gives every call an empty answer.
    pub(super) fn content() -> Self {
        Self::answering(|_| Reply::Ok(Vec::new()))
    }

    /// An agent that serves each connection as `serve` says.
    pub(super) fn serving(mut serve: impl FnMut(Peer) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let agent = Agent {
            folder,
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                seen.lock().unwrap().connections += 1;
                let seen_by_peer = Arc::clone(&seen);
                serve(Peer {
                    stream,
                    seen: seen_by_peer,
                });
                seen.lock().unwrap().closed += 1;
            }
        });
        agent
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Address {
        let socket = self.folder.path().join("agent.sock");
        format!("unix://{}", socket.display()).parse().unwrap()
    }

    /// How many connections were made to it.
    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// Waits until it has closed so many connections, for up to ten seconds.
    pub(super) fn closing(&self, count: usize) -> impl FnMut() + Send + use<> {
        let seen = Arc::clone(&self.seen);
        move || {
            for _ in 0..10_000 {
                if seen.lock().unwrap().closed >= count {
                    return;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// The calls that came, each with its request as JSON.
    pub(super) fn asked(&self) -> Vec<String> {
        let calls = self.seen.lock().unwrap().calls.clone();
        calls.iter().map(as_text).collect()
    }

    /// The methods of the calls that came.
    pub(super) fn methods(&self) -> Vec<String> {
        let calls = &self.seen.lock().unwrap().calls;
        calls.iter().map(|call| call.method.clone()).collect()
    }

    /// The last call that came, as it was sent.
    pub(super) fn last(&self) -> Request {
        self.seen.lock().unwrap().calls.last().unwrap().clone()
    }
}

/// The agent's end of a connection.
pub(super) struct Peer {
    stream: UnixStream,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// The next frame: its stream, flags and data.
    pub(super) fn frame(&mut self) -> io::Result<(u32, u8, Vec<u8>)> {
        let mut header = [0; 10];
        self.stream.read_exact(&mut header)?;
        let [l0, l1, l2, l3, s0, s1, s2, s3, _, flags] = header;
        let mut data = vec![0; u32::from_be_bytes([l0, l1, l2, l3]) as usize];
        self.stream.read_exact(&mut data)?;
        Ok((u32::from_be_bytes([s0, s1, s2, s3]), flags, data))
    }

    /// The next call: its stream and request.
    pub(super) fn request(&mut self) -> io::Result<(u32, Request)> {
        let (id, _, data) = self.frame()?;
        let request = Request::parse_from_bytes(&data).unwrap();
        self.seen.lock().unwrap().calls.push(request.clone());
        Ok((id, request))
    }

    /// Sends a frame; nobody may be there to read it.
    pub(super) fn send(&mut self, id: u32, kind: u8, flags: u8, data: &[u8]) {
        let length = u32::try_from(data.len()).unwrap();
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(id.to_be_bytes());
        frame.extend([kind, flags]);
        frame.extend(data);
        let _ = self.stream.write_all(&frame);
    }
}

/// A response's bytes: a payload, or a status code and its text.
pub(super) fn response(answer: Result<Vec<u8>, (i32, &str)>) -> Vec<u8> {
    let mut response = Response::new();
    let mut status = Status::new();
    match answer {
        Ok(payload) => response.payload = payload,
        Err((code, text)) => {
            status.code = protobuf::EnumOrUnknown::from_i32(code);
            status.message = text.to_owned();
        }
    }
    response.status = Some(status).into();
    response.write_to_bytes().unwrap()
}

/// A field of a message that holds a number below 128.
pub(super) fn number(field: u32, value: u8) -> Vec<u8> {
    let mut bytes = varint(field << 3);
    bytes.push(value);
    bytes
}

/// A field of a message that holds a short text.
pub(super) fn text(field: u32, text: &str) -> Vec<u8> {
    let mut bytes = varint(field << 3 | 2);
    bytes.push(u8::try_from(text.len()).unwrap());
    bytes.extend(text.as_bytes());
    bytes
}

fn varint(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn as_text(call: &Request) -> String {
    let schema = agent_api::schema();
    let rpc = lookup::rpc(schema, &format!("{}/{}", call.service, call.method)).unwrap();
    let request = decode(rpc.request, &call.payload).unwrap();
    let style = Style {
        pretty: false,
        emit_defaults: false,
    };
    let mut json = Vec::new();
    json::write(request.as_ref(), schema, style, &mut json).unwrap();
    format!("{} {}", call.method, String::from_utf8(json).unwrap())
}
