//! Frames as they are taken apart and made.

use std::time::Duration;

use protobuf::{EnumOrUnknown, Message as _};
use ttrpc::proto::{GenMessage, MESSAGE_HEADER_LENGTH, MessageHeader};
use ttrpc::{Request, Response, Status};

/// Whether a whole frame is there.
pub(super) fn has_frame(buffer: &[u8]) -> bool {
    let length = buffer
        .first_chunk()
        .map(|length| u32::from_be_bytes(*length));
    let length = length.and_then(|length| usize::try_from(length).ok());
    length.is_some_and(|length| buffer.len() >= MESSAGE_HEADER_LENGTH + length)
}

/// A frame as it is sent.
pub(super) fn bytes(frame: GenMessage) -> Vec<u8> {
    let mut bytes = Vec::from(frame.header);
    bytes.extend(frame.payload);
    bytes
}

/// The frame of a response.
pub(super) fn frame_of(stream: u32, response: &Response) -> Vec<u8> {
    // It is as long as a user wants it, and has no required fields.
    let data = response.write_to_bytes().unwrap_or_default();
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::from(MessageHeader::new_response(stream, length));
    bytes.extend(data);
    bytes
}

/// A frame with other data.
pub(super) fn frame_with(
    mut header: MessageHeader,
    payload: protobuf::Result<Vec<u8>>,
) -> GenMessage {
    let payload = payload.unwrap_or_default();
    header.length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    GenMessage { header, payload }
}

/// The frame of a request that has waited, with what is left of its time.
pub(super) fn later(mut request: Request, left: Duration, frame: GenMessage) -> GenMessage {
    request.timeout_nano = i64::try_from(left.as_nanos()).unwrap_or(i64::MAX);
    frame_with(frame.header, request.write_to_bytes())
}

/// A response with a status.
pub(super) fn refusal(code: i32, message: String) -> Response {
    let mut response = Response::new();
    response.set_status(Status {
        code: EnumOrUnknown::from_i32(code),
        message,
        ..Status::default()
    });
    response
}
