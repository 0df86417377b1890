//! The ttrpc crate's server with one handler of each kind, as an independent
//! implementation to talk to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use agent_client::Address;
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::sync::oneshot;
use ttrpc::asynchronous::{
    MethodHandler, Server, Service, StreamHandler, StreamInner, TtrpcContext,
};
use ttrpc::error::get_rpc_status;
use ttrpc::proto::{Code, Request, Response};
use ttrpc::{Error, Result, get_status};

/// A server that runs until it is dropped.
pub(crate) struct Running {
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn address(&self) -> Address {
        self.uri().parse().unwrap()
    }

    fn uri(&self) -> String {
        format!("unix://{}/agent.sock", self.folder.path().display())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(JoinHandle::join);
    }
}

/// Starts the server.
pub(crate) fn serve() -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = Running {
        folder: tempfile::tempdir().unwrap(),
        stop: Some(stop),
        thread: None,
    };
    let uri = running.uri();
    let (started, wait) = mpsc::channel();
    running.thread = Some(thread::spawn(move || {
        // One thread, as the server hands a stream's messages to tasks of their own.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let mut server = Server::new()
                .bind(&uri)
                .unwrap()
                .register_service(services());
            server.start().await.unwrap();
            started.send(()).unwrap();
            let _ = stopped.await;
        });
    }));
    wait.recv().unwrap();
    running
}

fn services() -> HashMap<String, Service> {
    let methods: [(&str, Box<dyn MethodHandler + Send + Sync>); 2] =
        [("Echo", Box::new(Echo)), ("Context", Box::new(Context))];
    let streams: [(&str, Arc<dyn StreamHandler + Send + Sync>); 4] = [
        ("Count", Arc::new(Count)),
        ("Join", Arc::new(Join)),
        ("EchoAll", Arc::new(EchoAll)),
        ("Fail", Arc::new(Fail)),
    ];
    let service = Service {
        methods: methods
            .map(|(name, method)| (name.to_owned(), method))
            .into(),
        streams: streams
            .map(|(name, stream)| (name.to_owned(), stream))
            .into(),
    };
    HashMap::from([("test.Streams".to_owned(), service)])
}

fn answer(payload: Vec<u8>) -> Response {
    let mut response = Response::new();
    response.set_status(get_status(Code::OK, ""));
    response.payload = payload;
    response
}

struct Echo;

#[async_trait]
impl MethodHandler for Echo {
    async fn handler(&self, _: TtrpcContext, request: Request) -> Result<Response> {
        Ok(answer(request.payload))
    }
}

/// Answers what the server made of the metadata and the timeout.
struct Context;

#[async_trait]
impl MethodHandler for Context {
    async fn handler(&self, context: TtrpcContext, _: Request) -> Result<Response> {
        let metadata: Vec<String> = context
            .metadata
            .iter()
            .map(|(key, values)| format!("{key}={}", values.join(",")))
            .collect();
        let text = format!("{} {}", metadata.join(" "), context.timeout_nano);
        Ok(answer(text.into_bytes()))
    }
}

/// Counts up to the number in the request's only byte.
struct Count;

#[async_trait]
impl StreamHandler for Count {
    async fn handler(&self, _: TtrpcContext, mut stream: StreamInner) -> Result<Option<Response>> {
        let request = stream.recv().await?;
        for number in 0..request[0] {
            stream.send(number.to_string().into_bytes()).await?;
        }
        Ok(None)
    }
}

/// Answers all messages in one, each with a comma.
struct Join;

#[async_trait]
impl StreamHandler for Join {
    async fn handler(&self, _: TtrpcContext, mut stream: StreamInner) -> Result<Option<Response>> {
        let mut joined = Vec::new();
        loop {
            match stream.recv().await {
                Ok(message) => joined.extend([&message[..], b","].concat()),
                Err(Error::Eof) => return Ok(Some(answer(joined))),
                Err(error) => return Err(error),
            }
        }
    }
}

struct EchoAll;

#[async_trait]
impl StreamHandler for EchoAll {
    async fn handler(&self, _: TtrpcContext, mut stream: StreamInner) -> Result<Option<Response>> {
        loop {
            match stream.recv().await {
                Ok(message) => stream.send(message).await?,
                Err(Error::Eof) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Answers a status, the way the generated handlers do.
struct Fail;

#[async_trait]
impl StreamHandler for Fail {
    async fn handler(&self, _: TtrpcContext, mut stream: StreamInner) -> Result<Option<Response>> {
        stream.recv().await?;
        Ok(Some(
            get_rpc_status(Code::FAILED_PRECONDITION, "not now").into(),
        ))
    }
}
