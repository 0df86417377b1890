//! The statuses that the agent refuses calls with, and how it puts its errors: as
//! its language's debugging form shows them, so that some stand in quotes.

use std::fmt::Display;
use std::io;

use nix::errno::Errno;
use ttrpc::{Code, Error, get_status};

/// The error that a call answers as a status.
pub(super) fn refusal(code: Code, message: impl ToString) -> Error {
    Error::RpcStatus(get_status(code, message))
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

/// A text in quotes, with escapes.
pub(super) fn quoted(text: impl Display) -> String {
    format!("{:?}", text.to_string())
}

/// A failed system call where the error is told with its text alone.
pub(super) fn system(error: Errno) -> String {
    io::Error::from(error).to_string()
}

/// A failed system call of the standard library, in full.
pub(super) fn in_full(error: Errno) -> String {
    format!("{:?}", io::Error::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_look_as_the_agent_shows_them() {
        assert_eq!(quoted("a \"b\"\nc"), r#""a \"b\"\nc""#);
        assert_eq!(
            system(Errno::ENOENT),
            "No such file or directory (os error 2)"
        );
        assert_eq!(
            in_full(Errno::ENOENT),
            r#"Os { code: 2, kind: NotFound, message: "No such file or directory" }"#
        );
    }
}
