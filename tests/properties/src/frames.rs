//! What an agent sends, byte by byte: a call ends at once when the agent has
//! hung up, with what the bytes are or with an error that shows some of them.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use kata_agent_ctl::client::{Call, CallError, Connection, ProtocolError};

use crate::check::error_text;

/// What fits into a socket that nobody reads from yet.
const MOST: usize = 64 << 10;
/// Never waited for, as the other side has hung up.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How many calls read from one connection.
const CALLS: usize = 8;
/// More than an error shows of what came.
const LONGEST_ERROR: usize = 1000;
const HEADER_LENGTH: usize = 10;
const LARGEST_DATA: usize = 4 << 20;
const RESPONSE: u8 = 2;
const DATA: u8 = 3;

pub(crate) fn run(data: &[u8]) {
    let Some((mode, sent)) = data.split_first() else {
        return;
    };
    let sent = sent.get(..MOST).unwrap_or(sent);
    let (near, far) = UnixStream::pair().expect("two connected sockets");
    let mut connection = Connection::new(near);
    thread::scope(|scope| {
        scope.spawn(|| answer(&far, sent).expect("a connected socket"));
        check_all(&mut connection, *mode, sent);
        drop(connection);
    });
}

/// Sends all of it, and hangs up, once there is a request.
fn answer(mut far: &UnixStream, sent: &[u8]) -> io::Result<()> {
    far.read_exact(&mut [0; HEADER_LENGTH])?;
    far.write_all(sent)?;
    far.shutdown(Shutdown::Write)
}

fn check_all(connection: &mut Connection, mode: u8, sent: &[u8]) {
    let call = Call {
        service: "a.B",
        method: "C",
        payload: b"",
        metadata: &[],
        timeout: Some(TIMEOUT),
    };
    match mode % 4 {
        0 => calls(connection, &call, sent),
        mode => stream(connection, &call, mode & 1 != 0, mode & 2 != 0, sent),
    }
}

fn calls(connection: &mut Connection, call: &Call<'_>, sent: &[u8]) {
    let mut left = sent;
    for number in 0..CALLS {
        let stream_id = u32::try_from(2 * number + 1).unwrap_or(u32::MAX);
        let answer = connection.call(call);
        check(&answer, sent);
        // All was sent at once, after the first request.
        let is_early = number > 0
            && matches!(
                answer,
                Err(CallError::Protocol(ProtocolError::TooEarly { .. }))
            );
        match expected(left, stream_id) {
            Expected::Answer(rest) => {
                let is_answer = matches!(
                    answer,
                    Ok(_)
                        | Err(CallError::Status(_)
                            | CallError::Protocol(ProtocolError::BadResponse { .. }))
                );
                assert!(is_answer || is_early, "{answer:?}: {sent:?}");
                left = rest;
            }
            Expected::End => {
                let is_end = matches!(answer, Err(CallError::Closed { .. }));
                assert!(is_end || is_early, "{answer:?}: {sent:?}");
            }
            Expected::Violation => {
                assert!(
                    matches!(answer, Err(CallError::Protocol(_))),
                    "{answer:?}: {sent:?}"
                );
            }
        }
        let is_over = match &answer {
            Ok(_) | Err(CallError::Status(_)) => false,
            Err(_) => true,
        };
        if is_over {
            assert_eq!(connection.call(call), Err(CallError::Unusable));
            return;
        }
    }
}

fn stream(
    connection: &mut Connection,
    call: &Call<'_>,
    client_streams: bool,
    agent_streams: bool,
    sent: &[u8],
) {
    let stream = connection.stream(call, client_streams, agent_streams);
    let stream = stream.expect("the request fits into the socket");
    let (_sender, mut receiver) = stream.split();
    // Each frame is one message at most.
    for _ in 0..=sent.len() / HEADER_LENGTH + 1 {
        match receiver.next_message() {
            Ok(Some(message)) => assert!(message.len() <= sent.len()),
            Ok(None) => return,
            Err(error) => return check(&Err(error), sent),
        }
    }
    panic!("more messages than frames: {sent:?}");
}

/// An answer is a part of what was sent, and an error is short.
fn check(answer: &Result<Vec<u8>, CallError>, sent: &[u8]) {
    match answer {
        Ok(payload) => assert!(payload.len() <= sent.len()),
        Err(error) => {
            assert!(!matches!(
                error,
                CallError::Timeout { .. } | CallError::Io { .. }
            ));
            let text = error_text(error);
            assert!(text.len() <= LONGEST_ERROR, "{text}");
        }
    }
}

enum Expected<'a> {
    /// A whole response frame, and what follows it.
    Answer(&'a [u8]),
    /// The bytes end before the frame does.
    End,
    /// A frame that is none.
    Violation,
}

/// What the next frame is for a plain call, told from its header alone.
fn expected(bytes: &[u8], stream_id: u32) -> Expected<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LENGTH>() else {
        return Expected::End;
    };
    let [l0, l1, l2, l3, s0, s1, s2, s3, frame_type, _] = *header;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if !matches!(frame_type, RESPONSE | DATA) || length > LARGEST_DATA {
        return Expected::Violation;
    }
    let Some(rest) = rest.get(length..) else {
        return Expected::End;
    };
    match (
        u32::from_be_bytes([s0, s1, s2, s3]) == stream_id,
        frame_type,
    ) {
        (true, RESPONSE) => Expected::Answer(rest),
        _ => Expected::Violation,
    }
}
