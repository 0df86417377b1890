//! What the benchmarks share: which CPU something runs on, a bare server to
//! measure clients against, variants that take turns, and the memory of a
//! program. It knows nothing of what is measured.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub(crate) mod cpu;
pub(crate) mod memory;
pub(crate) mod server;
pub(crate) mod turns;

/// The answer frame's data for `grpc.Health/Check`: status SERVING.
pub(crate) const SERVING: &[u8] = b"\x12\x02\x08\x01";

/// Another one, as long: NOT_SERVING.
pub(crate) const NOT_SERVING: &[u8] = b"\x12\x02\x08\x02";

/// Bytes of a frame's header.
pub(crate) const HEADER_LENGTH: usize = 10;

/// A request frame with this data.
pub(crate) fn request_frame(data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEADER_LENGTH + data.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&1u32.to_be_bytes());
    frame.extend_from_slice(&[1, 0]);
    frame.extend_from_slice(data);
    frame
}

/// The data of the request for `grpc.Health/Check`, as the tool sends it.
pub(crate) const CHECK: &[u8] = b"\x0a\x0bgrpc.Health\x12\x05Check";
