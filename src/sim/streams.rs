//! Streaming RPCs as they behave without behaviour of their own: a stream from
//! the server is one empty response, a stream from the client is read to its
//! end and then answered once, and where both stream each request gets one
//! empty response.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ttrpc::asynchronous::{StreamHandler, StreamInner, TtrpcContext};
use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED};
use ttrpc::{Code, Error, Response};

use crate::schema::Rpc;

use super::agent::Agent;
use super::handlers::respond;
use super::hangup::Hangup;
use super::refusal::{invalid, refusal};

/// An RPC that streams on either side.
pub(super) struct Streaming {
    agent: Arc<Agent>,
    rpc: &'static Rpc,
}

impl Streaming {
    /// The handler of an RPC.
    pub(super) fn new(agent: Arc<Agent>, rpc: &'static Rpc) -> Streaming {
        Streaming { agent, rpc }
    }
}

#[async_trait]
impl StreamHandler for Streaming {
    async fn handler(
        &self,
        context: TtrpcContext,
        mut stream: StreamInner,
    ) -> ttrpc::Result<Option<Response>> {
        // SAFETY: `stream` keeps its connection open.
        let hangup = unsafe { Hangup::watch(context.fd) };
        let hangup = hangup.map_err(|error| refusal(Code::RESOURCE_EXHAUSTED, error));
        let answer = match hangup {
            Ok(hangup) => tokio::select! {
                biased;
                answer = self.call(&context, &mut stream) => answer,
                () = hangup.wait() => Err(Error::RemoteClosed),
                () = deadline(&context) => {
                    Err(refusal(Code::DEADLINE_EXCEEDED, "timeout"))
                }
            },
            Err(error) => Err(error),
        };
        Ok(match answer {
            Ok(None) => None,
            Ok(Some(payload)) => Some(respond(Ok(payload))),
            Err(error) => Some(respond(Err(error))),
        })
    }
}

impl Streaming {
    /// Serves a whole stream. `None` if all responses were sent on the way.
    async fn call(
        &self,
        context: &TtrpcContext,
        stream: &mut StreamInner,
    ) -> ttrpc::Result<Option<Vec<u8>>> {
        // SAFETY: `stream` keeps its connection open.
        unsafe { self.agent.admit(context.fd)? };
        let mut requests = Requests::of(context);
        if !self.rpc.client_streaming {
            let payload = requests
                .next(stream)
                .await?
                .ok_or_else(|| invalid("the stream ended before its request"))?;
            stream.send(self.answer(context, &payload).await?).await?;
            return Ok(None);
        }
        while let Some(payload) = requests.next(stream).await? {
            let answer = self.answer(context, &payload).await?;
            if self.rpc.server_streaming {
                stream.send(answer).await?;
            }
        }
        Ok((!self.rpc.server_streaming).then(Vec::new))
    }

    /// The response to one of a stream's requests: the empty one.
    async fn answer(&self, context: &TtrpcContext, payload: &[u8]) -> ttrpc::Result<Vec<u8>> {
        let request = self.agent.receive(self.rpc, context, payload).await?;
        self.agent.answer(self.rpc, None, request.as_ref()).await
    }
}

/// The requests of one stream, in order.
struct Requests {
    /// How many are left; `None` until the client says that it is done. A
    /// client may say so in the frame that opens the stream.
    left: Option<usize>,
}

impl Requests {
    fn of(context: &TtrpcContext) -> Requests {
        let flags = context.mh.flags;
        let opening = usize::from(flags & FLAG_NO_DATA == 0);
        Requests {
            left: (flags & FLAG_REMOTE_CLOSED != 0).then_some(opening),
        }
    }

    async fn next(&mut self, stream: &mut StreamInner) -> ttrpc::Result<Option<Vec<u8>>> {
        match &mut self.left {
            Some(0) => return Ok(None),
            Some(left) => *left -= 1,
            None => {}
        }
        match stream.recv().await {
            Ok(payload) => Ok(Some(payload)),
            // The second: its last request came in the frame that closed the stream.
            Err(Error::Eof | Error::RemoteClosed) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Ends when the client's own deadline for the call has passed. The ttrpc
/// crate watches it for unary calls only.
async fn deadline(context: &TtrpcContext) {
    match u64::try_from(context.timeout_nano) {
        Ok(nanoseconds) if nanoseconds > 0 => {
            tokio::time::sleep(Duration::from_nanos(nanoseconds)).await;
        }
        _ => std::future::pending().await,
    }
}
