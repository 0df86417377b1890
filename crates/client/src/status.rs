//! The status of an answer: the code as the agent sent it, known to this build
//! or not, and the message, raw.

use std::fmt;

/// An answer's status other than OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The code as it came, any 32-bit number but 0.
    pub code: i32,
    /// The message as it came: not escaped, of any length, with any number of
    /// lines. Whoever prints it must not trust it.
    pub message: String,
}

impl Status {
    /// The code's name, if it has one.
    pub fn name(&self) -> Option<&'static str> {
        status_name(self.code)
    }
}

/// `INTERNAL (13)`, or the bare number of a code without a name. The message is
/// left out, since it is raw.
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

    use super::status_name;

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
