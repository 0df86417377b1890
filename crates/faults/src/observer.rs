//! Who watches the calls of a connection, such as a log of them.

use std::pin::Pin;

use tokio::sync::oneshot;
use ttrpc::{Request, Response};

use agent_schema::Rpc;

use super::FaultKind;

/// Ends when what was told has been written down, or never will be. What is
/// answered goes out after that.
pub type Written = oneshot::Receiver<()>;

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its stream ID.
    pub stream: u32,
    /// The RPC, if the schema has it.
    pub rpc: Option<&'static Rpc>,
    /// ttRPC's envelope around it, or why there is none to be read.
    pub envelope: Result<&'a Request, &'a str>,
    /// The bytes of a frame whose envelope cannot be read.
    pub frame: &'a [u8],
    /// Whether the envelope has a message: what opens a stream may have none.
    pub has_message: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// It was answered.
    Response(&'a Response),
    /// Its stream is over, and was answered on the way.
    StreamEnd,
    /// It gets no answer that says anything.
    None,
}

/// The side that a message of a stream comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who calls.
    Client,
    /// Who is called.
    Server,
}

/// Watches the calls of one connection.
pub trait Observer: Send + Sync {
    /// Returns when one more call can be watched.
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// A call that has come.
    fn begin(&self, asked: &Asked<'_>) -> Box<dyn Record>;

    /// Whether who is called ends when such a call has succeeded.
    fn is_last(&self, rpc: &Rpc) -> bool;
}

/// Watches one call. It is dropped without an end when the call is given up.
pub trait Record: Send {
    /// A rule of this kind is applied to it. `passes` says whether it gets to the server all the
    /// same.
    fn fault(&mut self, kind: FaultKind, passes: bool);

    /// A message of its stream.
    fn message(&mut self, from: Side, payload: &[u8]) -> Option<Written>;

    /// It ends.
    fn end(&mut self, answer: Answer<'_>) -> Option<Written>;
}

/// Watches nothing.
impl Observer for () {
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn begin(&self, _: &Asked<'_>) -> Box<dyn Record> {
        Box::new(())
    }

    fn is_last(&self, _: &Rpc) -> bool {
        false
    }
}

impl Record for () {
    fn fault(&mut self, _: FaultKind, _: bool) {}

    fn message(&mut self, _: Side, _: &[u8]) -> Option<Written> {
        None
    }

    fn end(&mut self, _: Answer<'_>) -> Option<Written> {
        None
    }
}
