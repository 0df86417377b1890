//! One call as its caller states it, and the request that it travels in: ttRPC's `Request`,
//! written, and read as one who stands between the two sides sees it.

use std::time::Duration;

use agent_wire::{Content, Fields, WireError, put_bytes, put_length, put_varint_field};

use crate::error::CallError;
use crate::frame::check_size;

/// The fields of ttRPC's `Request`, and of the `KeyValue` that metadata consists of.
const SERVICE: u32 = 1;
const METHOD: u32 = 2;
const PAYLOAD: u32 = 3;
const TIMEOUT_NANO: u32 = 4;
const METADATA: u32 = 5;
const KEY: u32 = 1;
const VALUE: u32 = 2;

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
    /// Appends all of the request that stands before the `payload_length` bytes of its payload
    /// to `head`, and all that stands after them to `tail`. Fields that are empty are left out.
    pub(crate) fn encode_around(
        &self,
        payload_length: usize,
        head: &mut Vec<u8>,
        tail: &mut Vec<u8>,
    ) {
        for (field, text) in [(SERVICE, self.service), (METHOD, self.method)] {
            put_text(field, text, head);
        }
        if payload_length > 0 {
            put_length(PAYLOAD, payload_length, head);
        }
        if self.timeout_nano() > 0 {
            put_varint_field(TIMEOUT_NANO, self.timeout_nano(), tail);
        }
        for (key, value) in self.metadata {
            let mut pair = Vec::new();
            put_text(KEY, key, &mut pair);
            put_text(VALUE, value, &mut pair);
            put_bytes(METADATA, &pair, tail);
        }
    }

    /// The data of the request frame that begins this call.
    pub fn encode(&self) -> Vec<u8> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        self.encode_around(self.payload.len(), &mut head, &mut tail);
        [&head, self.payload, &tail].concat()
    }

    /// Whether the call's request would fit into a frame with a payload of this
    /// many bytes.
    ///
    /// # Errors
    /// [`CallError::TooLarge`] if it would not.
    pub fn check_size(&self, payload_length: usize) -> Result<(), CallError> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        self.encode_around(payload_length, &mut head, &mut tail);
        check_size(head.len() + payload_length + tail.len()).map(drop)
    }

    /// The timeout as the agent is told it: 0 is none, and 292 years are the most.
    fn timeout_nano(&self) -> u64 {
        const MOST: u64 = i64::MAX.unsigned_abs();
        self.timeout.map_or(0, |timeout| {
            u64::try_from(timeout.as_nanos()).map_or(MOST, |nanoseconds| nanoseconds.min(MOST))
        })
    }
}

/// A request as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The service's full name.
    pub service: &'a str,
    /// The RPC's name.
    pub method: &'a str,
    /// The request message, encoded.
    pub payload: &'a [u8],
    /// The time in nanoseconds that the caller gives the call, 0 for no limit.
    pub timeout_nano: i64,
    /// Keys and values, in the order in which they came.
    pub metadata: Vec<(String, String)>,
}

/// The request out of a request frame's data. Of a field that comes more than once the last one
/// counts, and fields that are not known are skipped.
///
/// # Errors
/// Where the data is not an encoding of a request.
pub fn decode_request(data: &[u8]) -> Result<Request<'_>, WireError> {
    let mut request = Request::default();
    let mut fields = Fields::of(data);
    while let Some(field) = fields.next_field()? {
        match field {
            (SERVICE, Content::Bytes(text)) => request.service = fields.text(text)?,
            (METHOD, Content::Bytes(text)) => request.method = fields.text(text)?,
            (PAYLOAD, Content::Bytes(payload)) => request.payload = payload,
            (TIMEOUT_NANO, Content::Varint(time)) => request.timeout_nano = time as i64,
            (METADATA, Content::Bytes(pair)) => {
                request.metadata.push(pair_of(fields.nested(pair)?)?);
            }
            _ => {}
        }
    }
    Ok(request)
}

fn pair_of(mut fields: Fields<'_>) -> Result<(String, String), WireError> {
    let (mut key, mut value) = (String::new(), String::new());
    while let Some(field) = fields.next_field()? {
        match field {
            (KEY, Content::Bytes(text)) => key = fields.text(text)?.to_owned(),
            (VALUE, Content::Bytes(text)) => value = fields.text(text)?.to_owned(),
            _ => {}
        }
    }
    Ok((key, value))
}

fn put_text(field: u32, text: &str, message: &mut Vec<u8>) {
    if !text.is_empty() {
        put_bytes(field, text.as_bytes(), message);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use protobuf::Message;
    use ttrpc::proto::{self, KeyValue};

    use super::*;

    #[test]
    fn the_request_is_what_the_ttrpc_crate_writes() {
        let metadata =
            [("k", "2"), ("k", "1"), ("", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let call = Call {
            service: "grpc.AgentService",
            method: "CopyFile",
            payload: &[7; 300],
            metadata: &metadata,
            timeout: Some(Duration::from_millis(5)),
        };
        let request = proto::Request {
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
        let data = request.write_to_bytes().unwrap();
        assert_eq!(call.encode(), data);
        let read = decode_request(&data).unwrap();
        let expected = Request {
            service: call.service,
            method: call.method,
            payload: call.payload,
            timeout_nano: 5_000_000,
            metadata: metadata.to_vec(),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn of_a_field_that_comes_again_the_last_one_counts() {
        // The third is a field that no request has.
        let data = b"\x12\x05Check\x1a\x01a\x32\x01u\x1a\x02bc\x12\x07Version";
        let request = decode_request(data).unwrap();
        assert_eq!((request.method, request.payload), ("Version", &b"bc"[..]));
        assert_eq!(decode_request(b""), Ok(Request::default()));
    }

    #[test]
    fn a_request_that_is_cut_is_refused() {
        let data = b"\x0a\x0bgrpc.Health";
        for length in 1..data.len() {
            assert!(decode_request(&data[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(decode_request(b"\x12\x01\xff"), Err(WireError::NotUtf8(2)));
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
        assert_eq!(call.encode(), b"\x12\x01M");
        let endless = Call {
            timeout: Some(Duration::MAX),
            ..call
        };
        let request = proto::Request::parse_from_bytes(&endless.encode()).unwrap();
        assert_eq!(request.timeout_nano, i64::MAX);
    }
}
