//! What is known of one call while it is not answered.

use std::sync::Arc;

use ttrpc::proto::GenMessage;

use agent_schema::Rpc;

use crate::observer::Record;
use crate::reply::Changes;

/// A call.
pub(super) struct Call {
    /// Its RPC, if the schema has it.
    pub(super) rpc: Option<&'static Rpc>,
    /// Who watches it.
    pub(super) record: Box<dyn Record>,
    /// How far it has got.
    pub(super) flow: Flow,
    /// What is to be done to its answer.
    pub(super) edit: Option<Edit>,
    /// Whether the client has said that nothing more comes.
    pub(super) is_closed: bool,
}

/// How far a call has got.
pub(super) enum Flow {
    /// Its frames wait until it is decided what is done with it.
    Held(Vec<GenMessage>),
    /// They go to the server.
    Open,
    /// It has ended for the server, and what still comes of it is thrown away.
    Over,
}

/// What is done to an answer.
pub(super) enum Edit {
    /// Each message of it is this one instead.
    Payload(Vec<u8>),
    /// Fields of each message are changed.
    With(Arc<Changes>),
    /// Its first frame is cut after so many bytes or in half, and the connection
    /// is closed.
    Cut(Option<usize>),
}

impl Call {
    pub(super) fn new(rpc: Option<&'static Rpc>, record: Box<dyn Record>, is_closed: bool) -> Call {
        Call {
            rpc,
            record,
            flow: Flow::Open,
            edit: None,
            is_closed,
        }
    }

    /// Whether messages may follow the request.
    pub(super) fn is_streaming(&self) -> bool {
        self.rpc.is_some_and(Rpc::is_streaming)
    }

    /// What a message of the answer is instead, where that was decided.
    pub(super) fn change(&self, payload: &[u8]) -> Option<Vec<u8>> {
        match &self.edit {
            Some(Edit::Payload(other)) => Some(other.clone()),
            Some(Edit::With(changes)) => Some(changes.apply(payload)),
            _ => None,
        }
    }
}
