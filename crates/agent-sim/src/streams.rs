//! Streaming RPCs, which the agent does nothing for: a stream from the server is
//! one empty response, a stream from the client is read to its end and then
//! answered once, and where both stream each request gets one empty response.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use ttrpc::asynchronous::{StreamHandler, StreamInner, TtrpcContext};
use ttrpc::proto::{FLAG_NO_DATA, FLAG_REMOTE_CLOSED};
use ttrpc::{Code, Error, Response, get_status};

use agent_schema::Rpc;

use super::notice::Watch;
use super::refusal::{invalid, refusal};
use super::unary::check;

/// An RPC that streams on either side, on one connection.
pub(super) struct Streaming {
    rpc: &'static Rpc,
    watch: Arc<dyn Watch>,
    over: watch::Receiver<()>,
}

impl Streaming {
    /// The handler of an RPC. `over` is closed when the connection is.
    pub(super) fn new(
        rpc: &'static Rpc,
        watch: Arc<dyn Watch>,
        over: watch::Receiver<()>,
    ) -> Streaming {
        Streaming { rpc, watch, over }
    }
}

#[async_trait]
impl StreamHandler for Streaming {
    async fn handler(
        &self,
        context: TtrpcContext,
        mut stream: StreamInner,
    ) -> ttrpc::Result<Option<Response>> {
        let served = self.serve(&context, &mut stream);
        match limited(&context, self.over.clone(), served).await {
            Ok(true) => Ok(None),
            Ok(false) => {
                let mut response = Response::new();
                response.set_status(get_status(Code::OK, ""));
                Ok(Some(response))
            }
            Err(error) => Ok(Some(error.into())),
        }
    }
}

impl Streaming {
    /// Handles a whole stream. Whether all responses were sent on the way.
    async fn serve(&self, context: &TtrpcContext, stream: &mut StreamInner) -> ttrpc::Result<bool> {
        let mut requests = Requests::of(context);
        while let Some(payload) = requests.next(stream).await? {
            self.watch.taken(context.mh.stream_id, payload.len());
            check(self.rpc, &payload)?;
            if self.rpc.server_streaming {
                stream.send(Vec::new()).await?;
            }
            if !self.rpc.client_streaming {
                return Ok(true);
            }
        }
        match self.rpc.client_streaming {
            true => Ok(self.rpc.server_streaming),
            false => Err(invalid("the stream ended before its request")),
        }
    }
}

/// The requests of one stream, in order.
pub(super) struct Requests {
    /// How many are left; `None` until the client says that it is done. A
    /// client may say so in the frame that opens the stream.
    left: Option<usize>,
}

impl Requests {
    pub(super) fn of(context: &TtrpcContext) -> Requests {
        let flags = context.mh.flags;
        let opening = usize::from(flags & FLAG_NO_DATA == 0);
        Requests {
            left: (flags & FLAG_REMOTE_CLOSED != 0).then_some(opening),
        }
    }

    /// The next one; none when the client has sent all of them.
    pub(super) async fn next(
        &mut self,
        stream: &mut StreamInner,
    ) -> ttrpc::Result<Option<Vec<u8>>> {
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

/// What serves a stream, until the connection or the client's time for it is over.
/// The ttrpc crate ends neither by itself, as it does for unary calls.
pub(super) async fn limited<T>(
    context: &TtrpcContext,
    mut over: watch::Receiver<()>,
    served: impl Future<Output = ttrpc::Result<T>>,
) -> ttrpc::Result<T> {
    tokio::select! {
        biased;
        answer = served => answer,
        _ = over.changed() => Err(Error::RemoteClosed),
        () = deadline(context) => Err(refusal(Code::DEADLINE_EXCEEDED, "timeout")),
    }
}

/// Ends when the client's own deadline for the call has passed.
async fn deadline(context: &TtrpcContext) {
    match u64::try_from(context.timeout_nano) {
        Ok(nanoseconds) if nanoseconds > 0 => {
            tokio::time::sleep(Duration::from_nanos(nanoseconds)).await;
        }
        _ => std::future::pending().await,
    }
}
