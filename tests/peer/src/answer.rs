//! What the peer answers to a call, as a test states it.

use std::time::Duration;

use protobuf::{EnumOrUnknown, MessageDyn};
use ttrpc::proto::Status;

/// The answer to every call of one RPC.
#[derive(Clone)]
pub struct Answer {
    pub(crate) result: Result<Box<dyn MessageDyn>, Status>,
    pub(crate) delay: Duration,
}

impl Answer {
    /// Status OK with this response.
    pub fn ok(response: &dyn MessageDyn) -> Self {
        Self {
            result: Ok(response.clone_box()),
            delay: Duration::ZERO,
        }
    }

    /// An error status. Any number is sent as it is, known to gRPC or not.
    pub fn error(code: i32, message: impl Into<String>) -> Self {
        let status = Status {
            code: EnumOrUnknown::from_i32(code),
            message: message.into(),
            ..Default::default()
        };
        Self {
            result: Err(status),
            delay: Duration::ZERO,
        }
    }

    /// The same answer, this much later.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}
