//! What an agent answers: ttRPC's `Response`, with the `google.rpc.Status` that it has for an
//! error. Both are decoded as protobuf's specification says: of a number or a text that comes
//! more than once the last one counts, a message that comes in parts is merged, and fields that
//! are not known are skipped.

use agent_wire::{Content, Fields, WireError};

use crate::error::{CallError, ProtocolError};
use crate::status::{Any, Status};

/// The fields of `Response`, of `Status` and of `google.protobuf.Any`.
const STATUS: u32 = 1;
const PAYLOAD: u32 = 2;
const CODE: u32 = 1;
const MESSAGE: u32 = 2;
const DETAILS: u32 = 3;
const TYPE_URL: u32 = 1;
const VALUE: u32 = 2;

/// The payload out of a response frame's data, or the status that it has in its place. No
/// status means OK, and no payload the empty message.
///
/// # Errors
/// [`CallError::Status`] for a status other than OK, and [`CallError::Protocol`] when the data
/// is not an encoding of a response.
pub fn decode_response(data: &[u8]) -> Result<Vec<u8>, CallError> {
    let (status, payload) = decode(data).map_err(|reason| ProtocolError::BadResponse {
        reason,
        data: data.to_vec(),
    })?;
    match status.code {
        0 => Ok(payload.to_vec()),
        _ => Err(CallError::Status(status)),
    }
}

fn decode(data: &[u8]) -> Result<(Status, &[u8]), WireError> {
    let (mut status, mut payload) = (Status::default(), &[][..]);
    let mut fields = Fields::of(data);
    while let Some(field) = fields.next_field()? {
        match field {
            (STATUS, Content::Bytes(part)) => merge(&mut status, fields.nested(part)?)?,
            (PAYLOAD, Content::Bytes(content)) => payload = content,
            _ => {}
        }
    }
    Ok((status, payload))
}

/// Adds to a status what one more part of it says.
fn merge(status: &mut Status, mut fields: Fields<'_>) -> Result<(), WireError> {
    while let Some(field) = fields.next_field()? {
        match field {
            // A number of 32 bits is the low half of a longer one.
            (CODE, Content::Varint(code)) => status.code = code as i32,
            (MESSAGE, Content::Bytes(text)) => status.message = fields.text(text)?.to_owned(),
            (DETAILS, Content::Bytes(any)) => {
                status.details.push(decode_any(fields.nested(any)?)?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn decode_any(mut fields: Fields<'_>) -> Result<Any, WireError> {
    let mut any = Any::default();
    while let Some(field) = fields.next_field()? {
        match field {
            (TYPE_URL, Content::Bytes(text)) => any.type_url = fields.text(text)?.to_owned(),
            (VALUE, Content::Bytes(value)) => any.value = value.to_vec(),
            _ => {}
        }
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use agent_wire::{put_bytes, put_varint_field};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use protobuf::{EnumOrUnknown, Message};
    use ttrpc::proto::{self, Response};

    use super::*;

    fn failed(code: i32, message: &str, details: Vec<Any>) -> Result<Vec<u8>, CallError> {
        Err(CallError::Status(Status {
            code,
            message: message.to_owned(),
            details,
        }))
    }

    fn bytes(field: u32, content: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        put_bytes(field, content, &mut message);
        message
    }

    #[test]
    fn a_response_gives_its_payload() {
        for (data, payload) in [
            (&b""[..], &b""[..]),
            (b"\x0a\x00", b""),
            (b"\x12\x01x", b"x"),
            (b"\x12\x01x\x0a\x00", b"x"),
            (b"\x0a\x00\x12\x01x", b"x"),
            // The last of several counts.
            (b"\x12\x01x\x12\x01y", b"y"),
            (b"\x12\x01x\x12\x00", b""),
            // OK with a message.
            (b"\x0a\x05\x08\x00\x12\x01m\x12\x01x", b"x"),
            // Fields, a group among them, that no response has, and fields of another type.
            (b"\x1a\x01u\x12\x01x\x23\x08\x01\x24\x2d\0\0\0\0", b"x"),
            (b"\x12\x01x\x10\x01\x08\x05\x15\0\0\0\0", b"x"),
        ] {
            assert_eq!(decode_response(data), Ok(payload.to_vec()), "{data:?}");
        }
    }

    #[test]
    fn a_status_in_parts_is_merged() {
        let code_and_message = b"\x0a\x06\x08\x05\x12\x02no";
        assert_eq!(decode_response(code_and_message), failed(5, "no", vec![]));
        for (more, code, message) in [
            // The second part is empty, or has fields that nobody knows.
            (&b"\x0a\x00"[..], 5, "no"),
            (b"\x0a\x03\x22\x01x", 5, "no"),
            (b"\x0a\x02\x08\x07", 7, "no"),
            (b"\x0a\x02\x12\x00", 5, ""),
            (b"\x0a\x05\x08\x09\x12\x01x\x0a\x02\x08\x08", 8, "x"),
            // Of another type, as is the code in it.
            (b"\x08\x00", 5, "no"),
            (b"\x0a\x02\x0a\x00", 5, "no"),
        ] {
            let data = [code_and_message, more].concat();
            assert_eq!(
                decode_response(&data),
                failed(code, message, vec![]),
                "{more:?}"
            );
        }
        assert_eq!(
            decode_response(b"\x0a\x02\x08\x05\x12\x01x\x0a\x02\x08\x00"),
            Ok(b"x".to_vec())
        );
    }

    #[test]
    fn a_code_is_the_low_half_of_a_longer_number() {
        for (number, code) in [
            (u64::MAX, -1),
            (u64::from(u32::MAX), -1),
            (1 << 31, i32::MIN),
            (7 << 32 | 13, 13),
        ] {
            let mut status = Vec::new();
            put_varint_field(CODE, number, &mut status);
            let data = bytes(STATUS, &status);
            assert_eq!(decode_response(&data), failed(code, "", vec![]), "{number}");
        }
        // Which is 0 here, and so the status is OK.
        assert_eq!(
            decode_response(b"\x0a\x06\x08\x80\x80\x80\x80\x10\x12\x01x"),
            Ok(b"x".to_vec())
        );
    }

    #[test]
    fn details_are_kept() {
        let any = |type_url: &str, value: &[u8]| Any {
            type_url: type_url.to_owned(),
            value: value.to_vec(),
        };
        let detail = |type_url: &[u8], value: &[u8]| {
            bytes(
                DETAILS,
                &[bytes(TYPE_URL, type_url), bytes(VALUE, value)].concat(),
            )
        };
        let first = [
            &b"\x08\x05"[..],
            &detail(b"type.googleapis.com/x.Y", b"\xff"),
        ]
        .concat();
        let second = [detail(b"z", b""), bytes(DETAILS, b"")].concat();
        let data = [bytes(STATUS, &first), bytes(STATUS, &second)].concat();
        let details = vec![
            any("type.googleapis.com/x.Y", b"\xff"),
            any("z", b""),
            any("", b""),
        ];
        assert_eq!(decode_response(&data), failed(5, "", details));
    }

    #[test]
    fn what_is_no_response_is_refused_with_its_place() {
        for (data, reason) in [
            (&b"\x0a\x05\x08"[..], WireError::Truncated(0)),
            (b"\x12\x01x\x0a\x02\x08\x80", WireError::Truncated(5)),
            (b"\x0a\x04\x1a\x02\x12\x01", WireError::Truncated(4)),
            (b"garbage", WireError::BadTag(0)),
            (b"\x0a\x03\x12\x01\xff", WireError::NotUtf8(4)),
            (b"\x0a\x05\x1a\x03\x0a\x01\xff", WireError::NotUtf8(6)),
            (b"\x23\x1c", WireError::WrongEnd(0)),
            (b"\x0a\x02\x23\x1c", WireError::WrongEnd(2)),
        ] {
            let data = data.to_vec();
            let violation = ProtocolError::BadResponse {
                reason,
                data: data.clone(),
            };
            assert_eq!(decode_response(&data), Err(violation.into()));
        }
    }

    proptest! {
        #[test]
        fn what_the_ttrpc_crate_writes_is_read_and_no_cut_of_it(
            code in any::<i32>(),
            message in ".*",
            details in vec((".*", vec(any::<u8>(), 0..9)), 0..4),
            payload in vec(any::<u8>(), 0..300),
        ) {
            let mut response = Response::new();
            let status = response.mut_status();
            status.code = EnumOrUnknown::from_i32(code);
            status.message.clone_from(&message);
            let details = details.into_iter();
            let details: Vec<_> = details.map(|(type_url, value)| Any { type_url, value }).collect();
            for detail in &details {
                let mut any = proto::Any::new();
                any.type_url.clone_from(&detail.type_url);
                any.value.clone_from(&detail.value);
                status.details.push(any);
            }
            response.payload.clone_from(&payload);
            let status = response.status.write_to_bytes().unwrap_or_default();
            let data = response.write_to_bytes().unwrap_or_default();
            let expected = match code {
                0 => Ok(payload),
                code => failed(code, &message, details),
            };
            prop_assert_eq!(decode_response(&data), expected);
            // Between the two fields it is whole.
            let between = bytes(STATUS, &status).len();
            for cut in (1..data.len()).filter(|cut| *cut != between) {
                let cut = decode_response(&data[..cut]);
                let is_refused = matches!(
                    cut,
                    Err(CallError::Protocol(ProtocolError::BadResponse { .. }))
                );
                prop_assert!(is_refused, "{cut:?}");
            }
        }
    }
}
