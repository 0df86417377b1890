//! The running server: its socket, its thread, what it received and what it is
//! to answer.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use protobuf::reflect::ReflectEqMode;
use protobuf::{MessageDyn, MessageFull};
use tempfile::TempDir;
use tokio::sync::oneshot;
use ttrpc::asynchronous::{Server, TtrpcContext};

use crate::answer::Answer;
use crate::table::{self, Rpc};

/// A server of `grpc.AgentService` and `grpc.Health` on a Unix socket, until it
/// is dropped. An RPC that nothing else was said about answers its empty response.
pub struct Peer {
    address: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Holds the socket of [`Peer::start`].
    _folder: Option<TempDir>,
}

/// One call as it arrived.
#[derive(Clone)]
pub struct Received {
    /// The RPC that was called.
    pub rpc: &'static Rpc,
    /// The request as the typed struct that the stubs decoded.
    pub request: Box<dyn MessageDyn>,
    /// The metadata of the call; a key may have several values.
    pub metadata: HashMap<String, Vec<String>>,
    /// The timeout that the client stated, if it stated one.
    pub timeout: Option<Duration>,
}

impl Received {
    /// The method's name.
    pub fn name(&self) -> &'static str {
        self.rpc.name
    }

    /// The request as its Rust type.
    ///
    /// # Panics
    /// When the request is of another type.
    #[expect(
        clippy::expect_used,
        reason = "a test that asks for the wrong type must fail"
    )]
    pub fn request<M: MessageFull>(&self) -> &M {
        self.request
            .downcast_ref()
            .expect("the request is of the type asked for")
    }

    /// Whether the request equals `expected` in every field, unknown ones
    /// included, and is of the same type.
    pub fn is(&self, expected: &dyn MessageDyn) -> bool {
        self.request
            .reflect_eq_dyn(expected, &ReflectEqMode::default())
    }

    /// The request in protobuf's text format, on one line; empty when no field is set.
    pub fn text(&self) -> String {
        protobuf::text_format::print_to_string(&*self.request)
    }
}

/// What the handlers and the test share.
#[derive(Default)]
pub(crate) struct State {
    received: Mutex<Vec<Received>>,
    answers: Mutex<HashMap<&'static str, Answer>>,
}

impl Peer {
    /// Starts a server on a socket in a folder of its own.
    pub fn start() -> Self {
        let folder = required(TempDir::with_prefix("peer"));
        let path = folder.path().join("agent.sock");
        let mut peer = Self::at_path(&path);
        peer._folder = Some(folder);
        peer
    }

    /// Starts a server on a socket at this path.
    pub fn at_path(path: &Path) -> Self {
        Self::at(&format!("unix://{}", path.display()))
    }

    /// Starts a server at `unix:///path` or, for an abstract socket, `unix://@name`.
    ///
    /// # Panics
    /// When the address cannot be listened on.
    pub fn at(address: &str) -> Self {
        let state = Arc::new(State::default());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (stop, is_stopped) = oneshot::channel();

        let services = table::services(&state);
        let bound = address.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = required(
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build(),
            );
            runtime.block_on(async move {
                let mut server = required(Server::new().bind(&bound)).register_service(services);
                required(server.start().await);
                required(ready.send(()));
                // An error means that the peer was dropped, which ends this too.
                let _ = is_stopped.await;
            });
        });
        required(is_ready.recv());

        Self {
            address: address.to_owned(),
            state,
            stop: Some(stop),
            thread: Some(thread),
            _folder: None,
        }
    }

    /// The address as `--server-address` takes it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sets the answer to an RPC, named by its method or by `package.Service/Method`.
    ///
    /// # Panics
    /// When there is no such RPC, or the response is of another type than the RPC's.
    pub fn answer(&self, rpc: &str, answer: Answer) {
        let rpc = table::rpc(rpc);
        if let Ok(response) = &answer.result {
            assert_eq!(
                response.descriptor_dyn().full_name(),
                rpc.response().full_name(),
                "the response type of {}",
                rpc.name
            );
        }
        lock(&self.state.answers).insert(rpc.name, answer);
    }

    /// The calls that arrived since the last time this was asked, in order.
    pub fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.state.received))
    }

    /// The one call that arrived.
    ///
    /// # Panics
    /// When none or more than one did.
    pub fn only(&self) -> Received {
        let mut received = self.received();
        let names: Vec<_> = received.iter().map(Received::name).collect();
        assert_eq!(received.len(), 1, "the calls that arrived: {names:?}");
        received.remove(0)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread was shown when it happened.
            let _ = thread.join();
        }
    }
}

impl State {
    /// Records a call and makes the answer that was set for it.
    pub(crate) async fn call<M: MessageFull>(
        &self,
        rpc: &'static Rpc,
        context: &TtrpcContext,
        request: Box<dyn MessageDyn>,
    ) -> ttrpc::Result<M> {
        let timeout = u64::try_from(context.timeout_nano)
            .ok()
            .filter(|nanos| *nanos > 0)
            .map(Duration::from_nanos);
        lock(&self.received).push(Received {
            rpc,
            request,
            metadata: context.metadata.clone(),
            timeout,
        });

        let answer = lock(&self.answers).get(rpc.name).cloned();
        let Some(answer) = answer else {
            return Ok(M::new());
        };
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        match answer.result {
            // By way of the wire form, as `google.protobuf.Empty` is two Rust types.
            Ok(response) => Ok(required(
                response
                    .write_to_bytes_dyn()
                    .and_then(|bytes| M::parse_from_bytes(&bytes)),
            )),
            Err(status) => Err(ttrpc::Error::RpcStatus(status)),
        }
    }
}

/// A test that panicked with the lock held has failed already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a test cannot go on without.
#[expect(clippy::panic, reason = "a panic is how a test fails")]
fn required<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("typed peer: {error}"),
    }
}
