//! The typed clients, called against a peer that speaks ttRPC by hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use agent_client::Connection;
use agent_typed::{CallError, Caller};
use fixtures::streams::clients::Streams;
use fixtures::streams::messages::streams::Chunk;
use protobuf::Message as _;
use ttrpc::proto::{Request, Response};

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const DATA: u8 = 3;
const REMOTE_CLOSED: u8 = 1;
const NO_DATA: u8 = 4;

/// A connection to a peer on a thread of its own.
fn connect() -> Connection {
    let (near, far) = UnixStream::pair().unwrap();
    thread::spawn(move || Peer(far).serve());
    Connection::new(near)
}

fn chunk(data: &str) -> Chunk {
    Chunk {
        data: data.into(),
        ..Chunk::default()
    }
}

fn text(chunk: Chunk) -> String {
    String::from_utf8(chunk.data).unwrap()
}

struct Peer(UnixStream);

impl Peer {
    /// A frame's type, flags and data, until there are no more.
    fn read(&mut self) -> Option<(u8, u8, Vec<u8>)> {
        let mut header = [0; 10];
        self.0.read_exact(&mut header).ok()?;
        let [a, b, c, d, .., kind, flags] = header;
        let length = u32::from_be_bytes([a, b, c, d]);
        let mut data = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut data).unwrap();
        Some((kind, flags, data))
    }

    fn write(&mut self, stream: u32, kind: u8, flags: u8, data: &[u8]) {
        let length = u32::try_from(data.len()).unwrap();
        let frame = [
            &length.to_be_bytes()[..],
            &stream.to_be_bytes(),
            &[kind, flags],
            data,
        ];
        self.0.write_all(&frame.concat()).unwrap();
    }

    fn respond(&mut self, stream: u32, payload: Vec<u8>) {
        let response = Response {
            payload,
            ..Response::default()
        };
        self.write(stream, RESPONSE, 0, &response.write_to_bytes().unwrap());
    }

    /// Answers one call after the other: what it is sent, in each RPC's way.
    fn serve(&mut self) {
        for stream in (1..).step_by(2) {
            let Some((REQUEST, _, data)) = self.read() else {
                return;
            };
            let request = Request::parse_from_bytes(&data).unwrap();
            assert_eq!(request.service, "streams.Streams");
            match &request.method[..] {
                "Plain" if request.payload.is_empty() => self.respond(stream, vec![0]),
                "Plain" => {
                    let mut told: Vec<String> = vec![request.timeout_nano.to_string()];
                    told.extend(request.metadata.iter().map(|pair| pair.value.clone()));
                    self.respond(stream, chunk(&told.join(" ")).write_to_bytes().unwrap());
                }
                "Download" => {
                    self.write(stream, DATA, 0, &request.payload);
                    self.write(stream, DATA, 0, &request.payload);
                    self.write(stream, DATA, REMOTE_CLOSED | NO_DATA, &[]);
                }
                method => self.take_stream(stream, method == "Both"),
            }
        }
    }

    /// Gives each message back, or the whole at the end.
    fn take_stream(&mut self, stream: u32, both: bool) {
        let mut whole = String::new();
        while let Some((DATA, flags, data)) = self.read() {
            if flags & NO_DATA == 0 {
                if both {
                    self.write(stream, DATA, 0, &data);
                }
                whole += &text(Chunk::parse_from_bytes(&data).unwrap());
            }
            if flags & REMOTE_CLOSED != 0 {
                break;
            }
        }
        match both {
            true => self.write(stream, DATA, REMOTE_CLOSED | NO_DATA, &[]),
            false => self.respond(stream, chunk(&whole).write_to_bytes().unwrap()),
        }
    }
}

#[test]
fn a_plain_call_sends_what_its_caller_is_told() {
    let mut connection = connect();
    let answer = Streams::new(&mut connection).plain(&chunk("a")).unwrap();
    assert_eq!(text(answer), "0");
    let caller = Caller::new(&mut connection)
        .timeout(Duration::from_secs(20))
        .metadata("first", "one")
        .metadata("second", "two");
    let answer = Streams::new(caller).plain(&chunk("a")).unwrap();
    assert_eq!(text(answer), "20000000000 one two");
}

#[test]
fn a_response_of_another_type_is_an_error() {
    let mut connection = connect();
    match Streams::new(&mut connection).plain(&Chunk::default()) {
        Err(CallError::Protocol(error)) => {
            assert!(
                error
                    .to_string()
                    .contains("not the message that they have to be"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn streams_take_and_give_messages_in_their_order() {
    let mut connection = connect();
    let mut streams = Streams::new(&mut connection);

    let messages = streams.download(&chunk("a")).unwrap();
    let texts: Result<Vec<String>, CallError> = messages.map(|chunk| chunk.map(text)).collect();
    assert_eq!(texts, Ok(vec!["a".to_owned(), "a".to_owned()]));

    let (mut sender, answer) = streams.upload(&chunk("a")).unwrap();
    sender.send(&chunk("b")).unwrap();
    sender.close().unwrap();
    assert_eq!(answer.wait().map(text), Ok("ab".to_owned()));

    let (mut sender, mut messages) = streams.both(&chunk("a")).unwrap();
    assert_eq!(messages.next().unwrap().map(text), Ok("a".to_owned()));
    sender.send(&chunk("b")).unwrap();
    assert_eq!(messages.next().unwrap().map(text), Ok("b".to_owned()));
    sender.close().unwrap();
    assert_eq!(messages.next(), None);
    drop(messages);
    assert_eq!(text(streams.plain(&chunk("c")).unwrap()), "0");
}
