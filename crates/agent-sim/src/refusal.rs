//! The statuses that the agent refuses calls with. Wording belongs to whoever
//! refuses; this knows codes only.

use std::fmt::Display;

use protobuf::EnumOrUnknown;
use ttrpc::{Code, Error, Status, get_status};

/// The error that a call answers as a status.
pub(super) fn refusal(code: Code, message: impl ToString) -> Error {
    Error::RpcStatus(get_status(code, message.to_string()))
}

/// As [`refusal`], with a code that may be none of ttRPC's.
pub(super) fn refusal_with(code: i32, message: String) -> Error {
    Error::RpcStatus(Status {
        code: EnumOrUnknown::from_i32(code),
        message,
        ..Status::default()
    })
}

/// Something within the agent failed: how it answers most mistakes.
pub(super) fn internal(message: impl ToString) -> Error {
    refusal(Code::INTERNAL, message)
}

/// The request itself is wrong.
pub(super) fn invalid(message: impl ToString) -> Error {
    refusal(Code::INVALID_ARGUMENT, message)
}

/// What the request names is not there.
pub(super) fn not_found(message: impl ToString) -> Error {
    refusal(Code::NOT_FOUND, message)
}

/// The request's bytes are no such message, as the server that the real agent
/// uses says it.
pub(super) fn undecodable(reason: impl Display) -> Error {
    refusal(Code::UNKNOWN, format!("ttrpc err: {reason}"))
}
