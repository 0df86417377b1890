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

use agent_faults::{Edit, Fault};
use agent_schema::Rpc;

use super::agent::{Agent, decode};
use super::handlers::respond;
use super::hangup::Hangup;
use super::record::Call;
use super::refusal::{invalid, refusal, refusal_with, undecodable};
use super::watch::Watch;

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
    /// Handles a whole stream. `None` if all responses were sent on the way.
    async fn call(
        &self,
        context: &TtrpcContext,
        stream: &mut StreamInner,
    ) -> ttrpc::Result<Option<Vec<u8>>> {
        // SAFETY: `stream` keeps its connection open.
        unsafe { self.agent.admit(context.fd)? };
        let mut requests = Requests::of(context);
        match self.agent.watch() {
            Some(watch) => self.watched(watch, context, stream, &mut requests).await,
            None => self.serve(stream, &mut requests, None, &[]).await,
        }
    }

    /// A stream of an agent that records its calls, and has faults.
    async fn watched(
        &self,
        watch: &Watch,
        context: &TtrpcContext,
        stream: &mut StreamInner,
        requests: &mut Requests,
    ) -> ttrpc::Result<Option<Vec<u8>>> {
        // SAFETY: `stream` keeps its connection open.
        let connection = unsafe { watch.connection(context.fd)? };
        let mut record = watch.begin(&connection, self.rpc, context).await;
        let fault = watch.interfere(self.rpc, &mut record).await;
        if let Some(edit) = fault.as_ref().and_then(Edit::of) {
            connection.edit(context.mh.stream_id, edit);
        }
        let answer = match fault {
            None | Some(Fault::Truncate(_)) => {
                self.serve(stream, requests, Some(&record), &[]).await
            }
            Some(Fault::Reply(reply)) => self.serve(stream, requests, Some(&record), &reply).await,
            Some(Fault::Fail(code, message)) => Err(refusal_with(code, message)),
            Some(Fault::Die) => {
                record.unanswered().await;
                self.agent.die();
                return Ok(Some(Vec::new()));
            }
            Some(Fault::Close | Fault::Garbage(_)) => {
                record.unanswered().await;
                // The frame that this makes does not go out.
                return Ok(Some(Vec::new()));
            }
            Some(Fault::Drop) => {
                record.unanswered().await;
                // A stream that is over would answer what still comes.
                while requests.next(stream).await?.is_some() {}
                return std::future::pending().await;
            }
        };
        record.answered(answer.as_ref().map(Option::as_deref)).await;
        answer
    }

    /// Reads a stream's requests, and answers them with `reply`, which is the
    /// empty response unless somebody asked for another.
    async fn serve(
        &self,
        stream: &mut StreamInner,
        requests: &mut Requests,
        record: Option<&Call<'_>>,
        reply: &[u8],
    ) -> ttrpc::Result<Option<Vec<u8>>> {
        if !self.rpc.client_streaming {
            let payload = requests
                .next(stream)
                .await?
                .ok_or_else(|| invalid("the stream ended before its request"))?;
            self.receive(record, &payload, reply).await?;
            stream.send(reply.to_vec()).await?;
            return Ok(None);
        }
        while let Some(payload) = requests.next(stream).await? {
            self.receive(record, &payload, reply).await?;
            if self.rpc.server_streaming {
                stream.send(reply.to_vec()).await?;
            }
        }
        Ok((!self.rpc.server_streaming).then(|| reply.to_vec()))
    }

    /// Checks one of a stream's requests, and records it either way.
    async fn receive(
        &self,
        record: Option<&Call<'_>>,
        payload: &[u8],
        reply: &[u8],
    ) -> ttrpc::Result<()> {
        let request = decode(self.rpc.request, payload);
        if let Some(record) = record {
            let message = request.as_deref().map_err(String::as_str);
            let answered = self.rpc.server_streaming && message.is_ok();
            let reply = answered.then_some(reply);
            record.message(payload, message, reply).await;
        }
        request.map_err(undecodable).map(drop)
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
