//! An agent that answers as another one did: whoever runs it brings the answers. A
//! call is answered once what came before its answer has come again.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent_faults::Orders;
use agent_schema::Schema;
use async_trait::async_trait;
use protobuf::EnumOrUnknown;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use ttrpc::asynchronous::{MethodHandler, Service, StreamHandler, StreamInner, TtrpcContext};
use ttrpc::proto::{Any, FLAG_NO_DATA};
use ttrpc::{Error, Request, Response, Status};

use super::notice::{Never, Watch};
use super::streams::{Requests, limited};

/// Answers that were recorded.
pub trait Recorded: Debug + Send {
    /// The RPCs that were called: the service, the method, and whether it is a stream.
    fn rpcs(&self) -> Vec<(String, String, bool)>;

    /// How a call is answered, by its first or only message.
    fn answer(&mut self, service: &str, method: &str, request: &[u8]) -> Answer;

    /// Whether a recorded call has come, as [`Turn::after`] names it.
    fn has_come(&self, call: usize) -> bool;

    /// Forgets which calls have come.
    fn begin_anew(&mut self);
}

/// How a call is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The messages of a stream, in their order.
    pub passed: Vec<Passed>,
    /// What the end waits for.
    pub turn: Option<Turn>,
    /// How it ends; none for a call that was never answered.
    pub end: Option<Ending>,
}

/// A message of a stream.
#[derive(Debug, Clone)]
pub enum Passed {
    /// One that the client sends, or the end of its side.
    FromClient,
    /// One that the agent sends.
    FromAgent(Vec<u8>),
}

/// How a call ends.
#[derive(Debug, Clone)]
pub enum Ending {
    /// With a response.
    Response {
        /// The status's code.
        code: i32,
        /// What the status says.
        message: String,
        /// More about an error: the URL of each message's type, and the message, encoded.
        details: Vec<(String, Vec<u8>)>,
        /// The encoded message.
        payload: Vec<u8>,
    },
    /// As a stream whose messages were all that there is.
    Stream,
}

/// What came before an answer.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The call that came last before it.
    pub after: usize,
    /// How long that call is waited for.
    pub at_most: Duration,
}

/// Recorded answers, shared by all connections.
#[derive(Debug)]
pub(super) struct Player {
    recorded: Mutex<Box<dyn Recorded>>,
    /// Told of each call that comes.
    came: Notify,
}

impl Player {
    pub(super) fn new(recorded: Box<dyn Recorded>) -> Player {
        Player {
            recorded: Mutex::new(recorded),
            came: Notify::new(),
        }
    }

    pub(super) fn begin_anew(&self) {
        self.recorded().begin_anew();
    }

    fn recorded(&self) -> MutexGuard<'_, Box<dyn Recorded>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, service: &str, method: &str, request: &[u8]) -> Answer {
        let answer = self.recorded().answer(service, method, request);
        self.came.notify_waiters();
        answer
    }

    /// Waits until it is an answer's turn.
    async fn wait(&self, turn: Turn) {
        let waits = async {
            loop {
                // Made before it is looked, so that no call is missed.
                let came = self.came.notified();
                if self.recorded().has_come(turn.after) {
                    return;
                }
                came.await;
            }
        };
        tokio::select! {
            () = waits => {}
            () = sleep(turn.at_most) => {}
        }
    }
}

impl Orders for Player {
    fn oom(&self, _: &str) -> Result<(), String> {
        Err(NO_CONTAINERS.to_owned())
    }

    fn exit(&self, _: &str, _: &str, _: i32) -> Result<(), String> {
        Err(NO_CONTAINERS.to_owned())
    }
}

const NO_CONTAINERS: &str = "there are no containers, as the answers are recorded ones";

/// A handler for every RPC of `schema` and for those that were recorded, on a
/// connection that `watch` watches.
pub(super) fn services(
    schema: &'static Schema,
    player: &Arc<Player>,
    watch: &Arc<dyn Watch>,
) -> HashMap<String, Service> {
    let (open, over) = watch::channel(());
    let open = Arc::new(open);
    let rpcs = schema.services.iter().flat_map(|service| service.rpcs);
    let rpcs = rpcs.map(|rpc| {
        (
            rpc.service.to_owned(),
            rpc.name.to_owned(),
            rpc.is_streaming(),
        )
    });
    let mut services = HashMap::new();
    for (service, method, is_stream) in player.recorded().rpcs().into_iter().chain(rpcs) {
        let of_service = services.entry(service.clone());
        let of_service = of_service.or_insert_with(|| Service {
            methods: HashMap::new(),
            streams: HashMap::new(),
        });
        let handler = Handler {
            service,
            method: method.clone(),
            player: Arc::clone(player),
            watch: Arc::clone(watch),
            _open: Arc::clone(&open),
            over: over.clone(),
        };
        if is_stream {
            let streams = of_service.streams.entry(method);
            streams.or_insert_with(|| Arc::new(handler));
        } else {
            let methods = of_service.methods.entry(method);
            methods.or_insert_with(|| Box::new(handler));
        }
    }
    services
}

/// An RPC on one connection.
struct Handler {
    service: String,
    method: String,
    player: Arc<Player>,
    watch: Arc<dyn Watch>,
    /// Dropped with the connection, which ends the streams on it.
    _open: Arc<watch::Sender<()>>,
    over: watch::Receiver<()>,
}

impl Handler {
    /// The end of a call, once it is its turn. None for the end of a stream.
    async fn end(&self, context: &TtrpcContext, answer: Answer) -> Option<Response> {
        if let Some(turn) = answer.turn {
            self.player.wait(turn).await;
        }
        match answer.end {
            Some(Ending::Stream) => None,
            Some(Ending::Response {
                code,
                message,
                details,
                payload,
            }) => {
                let mut response = Response::new();
                let details = details.into_iter().map(|(type_url, value)| Any {
                    type_url,
                    value,
                    ..Any::default()
                });
                response.set_status(Status {
                    code: EnumOrUnknown::from_i32(code),
                    message,
                    details: details.collect(),
                    ..Status::default()
                });
                response.payload = payload;
                Some(response)
            }
            None => {
                self.watch.never(&Never {
                    stream: context.mh.stream_id,
                    service: self.service.clone(),
                    method: self.method.clone(),
                    reason: "the recording has no answer to it".to_owned(),
                });
                pending().await
            }
        }
    }

    async fn stream(
        &self,
        context: &TtrpcContext,
        stream: &mut StreamInner,
    ) -> ttrpc::Result<Option<Response>> {
        let mut requests = Requests::of(context);
        let mut first = None;
        if context.mh.flags & FLAG_NO_DATA == 0 {
            first = self.next(context, &mut requests, stream).await?;
        }
        let request = first.as_deref().unwrap_or_default();
        let answer = self.player.answer(&self.service, &self.method, request);
        for passed in &answer.passed {
            match passed {
                Passed::FromAgent(payload) => stream.send(payload.clone()).await?,
                Passed::FromClient if first.take().is_some() => {}
                Passed::FromClient => {
                    self.next(context, &mut requests, stream).await?;
                }
            }
        }
        Ok(self.end(context, answer).await)
    }

    /// The client's next message; none at the end of its side.
    async fn next(
        &self,
        context: &TtrpcContext,
        requests: &mut Requests,
        stream: &mut StreamInner,
    ) -> ttrpc::Result<Option<Vec<u8>>> {
        let payload = requests.next(stream).await?;
        if let Some(payload) = &payload {
            self.watch.taken(context.mh.stream_id, payload.len());
        }
        Ok(payload)
    }
}

#[async_trait]
impl MethodHandler for Handler {
    async fn handler(&self, context: TtrpcContext, request: Request) -> ttrpc::Result<Response> {
        let answer = self
            .player
            .answer(&self.service, &self.method, &request.payload);
        let response = self.end(&context, answer).await;
        response.ok_or_else(|| Error::Others("the recording has a stream here".to_owned()))
    }
}

#[async_trait]
impl StreamHandler for Handler {
    async fn handler(
        &self,
        context: TtrpcContext,
        mut stream: StreamInner,
    ) -> ttrpc::Result<Option<Response>> {
        let over = self.over.clone();
        let served = self.stream(&context, &mut stream);
        match limited(&context, over, served).await {
            Ok(end) => Ok(end),
            Err(error) => Ok(Some(error.into())),
        }
    }
}
