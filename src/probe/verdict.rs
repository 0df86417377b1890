//! What an answer to a payload that is not a message says of the RPC.

use crate::client::CallError;

/// What a server that lacks an RPC answers.
const UNIMPLEMENTED: i32 = 12;
/// What servers of ttrpc 0.5 and 0.6 answer for that, as do those of Go to a payload that they
/// cannot decode.
const INVALID_ARGUMENT: i32 = 3;

/// Whether an agent has an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does. It need not work: a feature that it needs may be off.
    Has,
    /// It does not.
    Lacks,
    /// It did not say.
    NoAnswer,
}

impl Verdict {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Has => "has",
            Self::Lacks => "lacks",
            Self::NoAnswer => "no answer",
        }
    }

    /// What an answer says.
    pub(super) fn of(answer: &Result<Vec<u8>, CallError>) -> Self {
        match answer {
            Err(CallError::Status(status)) if status.code == UNIMPLEMENTED => Self::Lacks,
            Err(CallError::Status(status))
                if status.code == INVALID_ARGUMENT
                    && status.message.trim_end().ends_with("does not exist") =>
            {
                Self::Lacks
            }
            Ok(_) | Err(CallError::Status(_)) => Self::Has,
            Err(_) => Self::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Status;

    #[test]
    fn each_server_says_it_in_its_way() {
        let status = |code, message: &str| {
            Err(CallError::Status(Status {
                code,
                message: message.to_owned(),
                details: Vec::new(),
            }))
        };
        for (code, message, verdict) in [
            (
                3,
                "/grpc.AgentService/AddSwap does not exist",
                Verdict::Lacks,
            ),
            (
                3,
                "grpc.AgentService service does not exist",
                Verdict::Lacks,
            ),
            (12, "AddSwap method", Verdict::Lacks),
            (12, "method AddSwap", Verdict::Lacks),
            (2, "ttrpc err: unexpected wire type", Verdict::Has),
            (
                3,
                "unmarshalling payload: proto: illegal tag 0",
                Verdict::Has,
            ),
            (13, "", Verdict::Has),
        ] {
            assert_eq!(Verdict::of(&status(code, message)), verdict, "{message}");
        }
        assert_eq!(Verdict::of(&Ok(Vec::new())), Verdict::Has);
        assert_eq!(Verdict::of(&Err(CallError::Unusable)), Verdict::NoAnswer);
    }
}
