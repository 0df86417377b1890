//! The `google.rpc.Status` that an agent answers for an error.

use std::fmt;
use std::time::Duration;

/// The status code of an agent that gave up because of the deadline it was sent.
const DEADLINE_EXCEEDED: i32 = 4;

/// The part of the deadline after which the agent's DEADLINE_EXCEEDED is about that: its
/// clock began later, and may be coarser.
const ALMOST: f64 = 0.9;

/// An answer's status other than OK.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The code as it came, any 32-bit number but 0.
    pub code: i32,
    /// The message as it came: not escaped, of any length, with any number of
    /// lines. Whoever prints it must not trust it.
    pub message: String,
    /// More about the error, in messages of any type.
    pub details: Vec<Any>,
}

/// An encoded message with its type, as `google.protobuf.Any` has it. It need not be an
/// encoding of that type, nor need there be such a type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Any {
    /// The type's full name, mostly behind a prefix that ends in `/`.
    pub type_url: String,
    /// The message, encoded.
    pub value: Vec<u8>,
}

impl Status {
    /// The code's name, if it has one.
    pub fn name(&self) -> Option<&'static str> {
        status_name(self.code)
    }

    /// Whether the agent gave up because of the deadline that it was sent.
    pub fn is_deadline_exceeded(&self) -> bool {
        self.code == DEADLINE_EXCEEDED
    }

    /// Whether this says only that the call's own deadline has passed, of which the agent
    /// knows too: chance decides who is first to tell.
    pub fn is_of_deadline(&self, deadline: Duration, elapsed: Duration) -> bool {
        self.is_deadline_exceeded() && elapsed >= deadline.mul_f64(ALMOST)
    }
}

/// `INTERNAL (13)`, or the bare number of a code without a name. The message is
/// left out, as it is not to be trusted.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

/// The name of a status code, as `google.rpc.Code` defines it.
pub fn status_name(code: i32) -> Option<&'static str> {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    usize::try_from(code)
        .ok()
        .and_then(|code| NAMES.get(code))
        .copied()
}

#[cfg(test)]
mod tests {
    use protobuf::Enum;
    use ttrpc::proto::Code;

    use super::*;

    #[test]
    fn the_names_are_those_of_the_ttrpc_crate() {
        for code in Code::VALUES {
            assert_eq!(
                status_name(code.value()),
                Some(format!("{code:?}").as_str())
            );
        }
        assert_eq!(Code::VALUES.len(), 17);
        for unnamed in [i32::MIN, -1, 17, i32::MAX] {
            assert_eq!(status_name(unnamed), None);
        }
    }
}
