//! One call as its caller states it, and its two envelopes: the request that the
//! payload travels in, and the response that an answer comes in. It knows no
//! sockets.

use std::time::Duration;

use protobuf::Message;
use ttrpc::proto::{KeyValue, Request, Response};

use crate::error::{CallError, ProtocolError};
use crate::reason;
use crate::status::Status;
use crate::writer::check_size;
use agent_wire::{Content, Fields};

/// The tags of the request's fields that every call has, and of the response's fields.
const SERVICE: u8 = 1 << 3 | LENGTH_DELIMITED;
const METHOD: u8 = 2 << 3 | LENGTH_DELIMITED;
const PAYLOAD: u8 = 3 << 3 | LENGTH_DELIMITED;
const RESPONSE_STATUS: u8 = 1 << 3 | LENGTH_DELIMITED;
const RESPONSE_PAYLOAD: u8 = 2 << 3 | LENGTH_DELIMITED;
/// The wire type of strings, bytes and messages.
const LENGTH_DELIMITED: u8 = 2;

/// One call of an RPC.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The service's full name, such as `grpc.AgentService`.
    pub service: &'a str,
    /// The RPC's name, such as `GetGuestDetails`.
    pub method: &'a str,
    /// The request message, encoded. On a stream from the client: its first message.
    pub payload: &'a [u8],
    /// Keys and values to send beside the request, in this order.
    pub metadata: &'a [(String, String)],
    /// The time that writing the request and reading the answer may take
    /// together; for a stream, the time until its end. It is told to the agent
    /// too. `None` waits forever.
    pub timeout: Option<Duration>,
}

impl Call<'_> {
    /// Appends all of the request's envelope that stands before the `payload_length`
    /// bytes of its payload to `head`, and all that stands after them to `tail`.
    pub(super) fn encode_around(
        &self,
        payload_length: usize,
        head: &mut Vec<u8>,
        tail: &mut Vec<u8>,
    ) -> protobuf::Result<()> {
        for (tag, text) in [(SERVICE, self.service), (METHOD, self.method)] {
            put_start(tag, text.len(), head);
            head.extend_from_slice(text.as_bytes());
        }
        put_start(PAYLOAD, payload_length, head);
        if self.metadata.is_empty() && self.timeout.is_none() {
            return Ok(());
        }
        let after = Request {
            timeout_nano: self.timeout_nano(),
            metadata: self
                .metadata
                .iter()
                .map(|(key, value)| KeyValue {
                    key: key.clone(),
                    value: value.clone(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        after.write_to_vec(tail)
    }

    /// Whether the call's request would fit into a frame with a payload of this
    /// many bytes.
    ///
    /// # Errors
    /// [`CallError::TooLarge`] if it would not.
    pub fn check_size(&self, payload_length: usize) -> Result<(), CallError> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        let size = match self.encode_around(payload_length, &mut head, &mut tail) {
            Ok(()) => head.len() + payload_length + tail.len(),
            // Only what is larger than protobuf allows has no encoding.
            Err(_) => usize::MAX,
        };
        check_size(size).map(drop)
    }

    /// The timeout as the agent is told it: 0 is none, and 292 years are the most.
    fn timeout_nano(&self) -> i64 {
        self.timeout.map_or(0, |timeout| {
            i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX)
        })
    }
}

/// Appends what stands before the content of a field of so many bytes. What is empty is
/// left out.
fn put_start(tag: u8, length: usize, out: &mut Vec<u8>) {
    if length == 0 {
        return;
    }
    out.push(tag);
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// The payload of a response that is nothing else, but for a status without content, as
/// nearly all are.
fn payload_alone(data: &[u8]) -> Option<&[u8]> {
    let data = data.strip_prefix(&[RESPONSE_STATUS, 0]).unwrap_or(data);
    if data.first() != Some(&RESPONSE_PAYLOAD) {
        return data.is_empty().then_some(data);
    }
    let mut fields = Fields::of(data);
    match fields.next_field() {
        Ok(Some((_, Content::Bytes(payload)))) if fields.rest().is_empty() => Some(payload),
        _ => None,
    }
}

/// The payload out of a response frame's data. No status means OK, and no
/// payload the empty message.
pub(super) fn decode_response(data: &[u8]) -> Result<Vec<u8>, CallError> {
    if let Some(payload) = payload_alone(data) {
        return Ok(payload.to_vec());
    }
    let bad_response = |reason| ProtocolError::BadResponse {
        reason,
        data: data.to_vec(),
    };
    let mut response =
        Response::parse_from_bytes(data).map_err(|error| bad_response(reason::decoding(&error)))?;
    agent_wire::check_groups(data).map_err(|error| bad_response(error.to_string()))?;
    match response.status.take() {
        Some(status) if status.code.value() != 0 => Err(CallError::Status(Status {
            code: status.code.value(),
            message: status.message,
        })),
        _ => Ok(response.payload),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn encoded(call: &Call<'_>) -> Vec<u8> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        call.encode_around(call.payload.len(), &mut head, &mut tail)
            .unwrap();
        [&head, call.payload, &tail].concat()
    }

    #[test]
    fn the_envelope_is_what_the_ttrpc_crate_writes() {
        let metadata =
            [("k", "2"), ("k", "1"), ("", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let call = Call {
            service: "grpc.AgentService",
            method: "CopyFile",
            payload: &[7; 300],
            metadata: &metadata,
            timeout: Some(Duration::from_millis(5)),
        };
        let request = Request {
            service: call.service.to_owned(),
            method: call.method.to_owned(),
            payload: call.payload.to_vec(),
            timeout_nano: 5_000_000,
            metadata: metadata
                .iter()
                .map(|(key, value)| KeyValue {
                    key: key.clone(),
                    value: value.clone(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        };
        assert_eq!(encoded(&call), request.write_to_bytes().unwrap());
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let call = Call {
            service: "",
            method: "M",
            payload: &[],
            metadata: &[],
            timeout: None,
        };
        assert_eq!(encoded(&call), b"\x12\x01M");
        let endless = Call {
            timeout: Some(Duration::MAX),
            ..call
        };
        let request = Request::parse_from_bytes(&encoded(&endless)).unwrap();
        assert_eq!(request.timeout_nano, i64::MAX);
    }

    #[test]
    fn a_response_gives_its_payload_its_status_or_a_violation() {
        assert_eq!(decode_response(&[]), Ok(vec![]));
        assert_eq!(decode_response(b"\x0a\x00"), Ok(vec![]));
        assert_eq!(decode_response(b"\x12\x01x"), Ok(b"x".to_vec()));
        assert_eq!(decode_response(b"\x12\x01x\x12\x01y"), Ok(b"y".to_vec()));
        assert_eq!(decode_response(b"\x12\x01x\x0a\x00"), Ok(b"x".to_vec()));
        assert_eq!(decode_response(b"\x0a\x00\x12\x01x"), Ok(b"x".to_vec()));
        let unnamed_code = b"\x0a\x0e\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x01\n";
        assert_eq!(
            decode_response(unnamed_code),
            Err(CallError::Status(Status {
                code: -1,
                message: "\n".to_owned(),
            }))
        );
        for bad in [&b"\x0a\x05\x08"[..], b"garbage", b"\x0a\x03\x12\x01\xff"] {
            assert!(
                matches!(
                    decode_response(bad),
                    Err(CallError::Protocol(ProtocolError::BadResponse { data, .. })) if data == bad
                ),
                "{bad:?}"
            );
        }
    }
}
