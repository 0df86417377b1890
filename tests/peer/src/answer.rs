//! What the peer answers to a call, as a test states it.

use std::time::Duration;

use protobuf::{EnumOrUnknown, MessageDyn};
use ttrpc::proto::{Any, Status};

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

    /// The same error with one more message about it: its type and its bytes.
    pub fn with_detail(mut self, type_url: &str, value: &[u8]) -> Self {
        if let Err(status) = &mut self.result {
            status.details.push(Any {
                type_url: type_url.to_owned(),
                value: value.to_vec(),
                ..Default::default()
            });
        }
        self
    }

    /// The same answer, this much later.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}
