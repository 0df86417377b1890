//! The layer between the two sides of one connection. It reads the frames that go
//! either way, asks the rules about each call, and does to the call and to its
//! answer what they decide. An agent and a proxy use the same one.

mod call;
mod frame;
mod load;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protobuf::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader, split};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use ttrpc::proto::{
    FLAG_NO_DATA, FLAG_REMOTE_CLOSED, GenMessage, MESSAGE_TYPE_DATA, MESSAGE_TYPE_REQUEST,
    MessageHeader,
};
use ttrpc::{Code, Request, Response};

use super::observer::{Answer, Asked, Observer, Side, Written};
use super::{Fault, FaultKind, Faults};
use call::{Call, Edit, Flow};
use frame::{bytes, frame_of, frame_with, has_frame, later, refusal};
use read::{ReadError, UNSENT};
use write::{UNREAD, Writer};

pub use load::{Budgets, Load};

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// One of its sides is gone, or a rule closes it.
    Connection,
    /// Who is called ends after an answer, and with it all connections.
    Last,
    /// Who is called dies, and with it all connections.
    Dies,
}

/// How much of the answers is written at once, if so much is there.
const BATCH: usize = 64 << 10;

/// How much of either side is read ahead: some calls, as most are small.
const BUFFER: usize = 2 << 10;

/// How long a server may take to end when its connection has.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is between the sides of a connection.
pub struct Layer {
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Who is told of the calls.
    pub observer: Arc<dyn Observer>,
    /// What is kept of it.
    pub load: Arc<Load>,
}

impl Layer {
    /// Carries frames between a client and a server until one of them is gone,
    /// something is to end, or `stop` is done.
    pub async fn run(
        self,
        client: impl AsyncRead + AsyncWrite + Send + 'static,
        server: impl AsyncRead + AsyncWrite + Send + 'static,
        stop: impl Future<Output = ()>,
    ) -> End {
        let (from_client, to_client) = split(client);
        let (from_server, to_server) = split(server);
        let from_client = BufReader::with_capacity(BUFFER, from_client);
        let mut from_server = BufReader::with_capacity(BUFFER, from_server);
        let (ends, mut ended) = mpsc::channel(1);
        let link = Arc::new(Link {
            layer: self,
            calls: Mutex::default(),
            client: Writer::new(to_client, UNREAD),
            server: Writer::new(to_server, UNREAD),
            ends,
        });
        let mut delayed = JoinSet::new();
        let end = tokio::select! {
            biased;
            () = stop => End::Connection,
            end = ended.recv() => end.unwrap_or(End::Connection),
            end = link.answers(&mut from_server) => end,
            end = link.requests(from_client, &mut delayed) => end,
        };
        delayed.shutdown().await;
        // What is left is given up.
        link.calls().clear();
        link.server.close().await;
        let rest = async { while let Ok(1..) = from_server.read_buf(&mut Vec::new()).await {} };
        let _ = timeout(LAST_WORDS, rest).await;
        end
    }
}

/// The two sides while they are connected.
struct Link {
    layer: Layer,
    calls: Mutex<HashMap<u32, Call>>,
    client: Writer,
    server: Writer,
    /// What a call that was delayed ends.
    ends: mpsc::Sender<End>,
}

/// What a step leads to, if the connection ends by it.
type Step = Result<(), End>;

impl Link {
    /// Takes what the client sends, until something ends.
    async fn requests(
        self: &Arc<Link>,
        mut client: impl AsyncRead + Unpin,
        delayed: &mut JoinSet<()>,
    ) -> End {
        loop {
            while delayed.try_join_next().is_some() {}
            self.layer.observer.room().await;
            let load = &self.layer.load;
            let step = match read::frame(&mut client, load, Side::Client, UNSENT).await {
                Ok(frame) if frame.header.type_ == MESSAGE_TYPE_REQUEST => {
                    self.request(frame, delayed).await
                }
                Ok(frame) => self.message(frame).await,
                Err(ReadError::TooLong(header, error)) => self.too_long(header, error).await,
                Err(ReadError::Gone) => Err(End::Connection),
            };
            load.passed(Side::Client);
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// A call begins.
    async fn request(self: &Arc<Link>, frame: GenMessage, delayed: &mut JoinSet<()>) -> Step {
        let stream = frame.header.stream_id;
        let envelope = Request::parse_from_bytes(&frame.payload);
        let reason = envelope.as_ref().err().map(ToString::to_string);
        let faults = &self.layer.faults;
        let named = |request: &Request| faults.rpc(&request.service, &request.method);
        let rpc = envelope.as_ref().ok().and_then(named);
        let asked = Asked {
            stream,
            rpc,
            envelope: envelope
                .as_ref()
                .map_err(|_| reason.as_deref().unwrap_or_default()),
            frame: &frame.payload,
            has_message: frame.header.flags & FLAG_NO_DATA == 0,
        };
        let record = self.layer.observer.begin(&asked);
        let decision = match &envelope {
            Ok(request) => faults.decide(rpc, &request.payload),
            Err(_) => super::Decision::default(),
        };
        self.layer.load.open(stream);
        let is_closed = frame.header.flags & FLAG_REMOTE_CLOSED != 0;
        let mut call = Call::new(rpc, record, is_closed);
        let Some(delay) = decision.delay else {
            // It says the same as the frame, which may have to wait for the server.
            drop(envelope);
            call.flow = Flow::Held(vec![frame]);
            self.calls().insert(stream, call);
            return self.carry_out(stream, decision.fault).await;
        };
        let limit = envelope.as_ref().map_or(0, |request| request.timeout_nano);
        let limit = u64::try_from(limit).ok().filter(|limit| *limit > 0);
        let limit = limit.map(Duration::from_nanos);
        call.record
            .fault(FaultKind::Delay, limit.is_none_or(|limit| limit > delay));
        let frame = match (limit, envelope) {
            (Some(limit), Ok(request)) => later(request, limit.saturating_sub(delay), frame),
            _ => frame,
        };
        call.flow = Flow::Held(vec![frame]);
        self.calls().insert(stream, call);
        let link = Arc::clone(self);
        delayed.spawn(async move {
            let step = match limit.filter(|limit| *limit <= delay) {
                Some(limit) => {
                    sleep(limit).await;
                    let late = refusal(Code::DEADLINE_EXCEEDED as i32, "timeout".to_owned());
                    link.answer(stream, late).await
                }
                None => {
                    sleep(delay).await;
                    link.carry_out(stream, decision.fault).await
                }
            };
            if let Err(end) = step {
                // It may have ended already.
                let _ = link.ends.try_send(end);
            }
        });
        Ok(())
    }

    /// Does to a call that is held what was decided.
    async fn carry_out(&self, stream: u32, fault: Option<Fault>) -> Step {
        let is_streaming = match self.calls().get_mut(&stream) {
            None => return Ok(()),
            Some(call) => {
                let is_streaming = call.is_streaming();
                if let Some(fault) = &fault {
                    let passes = fault.passes(is_streaming);
                    call.record.fault(fault.kind(), passes);
                }
                is_streaming
            }
        };
        match fault {
            None => {}
            Some(Fault::Reply(payload)) if is_streaming => {
                self.edit(stream, Edit::Payload(payload));
            }
            Some(Fault::ReplyWith(changes)) => self.edit(stream, Edit::With(changes)),
            Some(Fault::Reply(payload)) => {
                let mut response = refusal(Code::OK as i32, String::new());
                response.payload = payload;
                return self.answer(stream, response).await;
            }
            Some(Fault::Fail(code, message)) => {
                return self.answer(stream, refusal(code, message)).await;
            }
            Some(Fault::Truncate(length)) => self.edit(stream, Edit::Cut(length)),
            Some(Fault::Drop) => {
                self.finish(stream, Answer::None).await;
                return Ok(());
            }
            Some(Fault::Close) => {
                self.finish(stream, Answer::None).await;
                return Err(End::Connection);
            }
            Some(Fault::Die) => {
                self.finish(stream, Answer::None).await;
                return Err(End::Dies);
            }
            Some(Fault::Garbage(bytes)) => {
                self.finish(stream, Answer::None).await;
                return self.to_client(&bytes).await;
            }
        }
        self.release(stream).await
    }

    fn edit(&self, stream: u32, edit: Edit) {
        if let Some(call) = self.calls().get_mut(&stream) {
            call.edit = Some(edit);
        }
    }

    /// Lets a call that was held go to the server, with what came after it.
    async fn release(&self, stream: u32) -> Step {
        // From here on nothing else goes there.
        let mut server = self.server.turn().await;
        let held = match self.calls().get_mut(&stream) {
            Some(call) => std::mem::replace(&mut call.flow, Flow::Open),
            None => return Ok(()),
        };
        if let Flow::Held(frames) = held {
            for frame in frames {
                let sent = server.write(&bytes(frame)).await;
                sent.map_err(|_| End::Connection)?;
            }
        }
        Ok(())
    }

    /// A frame that is not a request comes from the client: a stream goes on.
    async fn message(&self, frame: GenMessage) -> Step {
        let stream = frame.header.stream_id;
        let flags = frame.header.flags;
        let is_message = frame.header.type_ == MESSAGE_TYPE_DATA;
        let has_data = is_message && flags & FLAG_NO_DATA == 0;
        let is_over = is_message && flags & FLAG_REMOTE_CLOSED != 0;
        let mut written = None;
        let frame = {
            let mut calls = self.calls();
            match calls.get_mut(&stream) {
                None => Some(frame),
                Some(call) if matches!(call.flow, Flow::Over) => {
                    if is_over {
                        calls.remove(&stream);
                    }
                    None
                }
                Some(call) => {
                    call.is_closed |= is_over;
                    self.layer.load.add(stream);
                    if has_data {
                        written = call.record.message(Side::Client, &frame.payload);
                    }
                    match &mut call.flow {
                        Flow::Held(frames) => {
                            frames.push(frame);
                            None
                        }
                        _ => Some(frame),
                    }
                }
            }
        };
        wait(written).await;
        let Some(frame) = frame else {
            return Ok(());
        };
        let sent = self.server.turn().await.write(&bytes(frame)).await;
        sent.map_err(|_| End::Connection)
    }

    /// The client has sent a frame that is longer than any may be.
    async fn too_long(&self, header: MessageHeader, error: ttrpc::Error) -> Step {
        let stream = header.stream_id;
        let reason = match &error {
            ttrpc::Error::RpcStatus(status) => status.message.clone(),
            other => other.to_string(),
        };
        let asked = Asked {
            stream,
            rpc: None,
            envelope: Err(&reason),
            frame: &[],
            has_message: false,
        };
        let record = self.layer.observer.begin(&asked);
        let call = Call::new(None, record, true);
        self.calls().insert(stream, call);
        self.answer(stream, Response::from(error)).await
    }

    /// Answers a call in the server's place.
    async fn answer(&self, stream: u32, response: Response) -> Step {
        self.finish(stream, Answer::Response(&response)).await;
        self.to_client(&frame_of(stream, &response)).await
    }

    /// Ends a call that the server has nothing more to do with.
    async fn finish(&self, stream: u32, answer: Answer<'_>) {
        let written = {
            let mut calls = self.calls();
            let Some(call) = calls.get_mut(&stream) else {
                return;
            };
            let written = call.record.end(answer);
            if call.is_streaming() && !call.is_closed {
                // What still comes of it is for nobody.
                call.flow = Flow::Over;
            } else {
                calls.remove(&stream);
            }
            written
        };
        self.layer.load.close(stream);
        wait(written).await;
    }

    /// Takes what the server answers, until something ends.
    async fn answers(&self, server: &mut BufReader<impl AsyncRead + Unpin>) -> End {
        let mut batch = Vec::new();
        let mut last_written = None;
        loop {
            let load = &self.layer.load;
            let Ok(frame) = read::frame(&mut *server, load, Side::Server, UNSENT).await else {
                return End::Connection;
            };
            let (written, step) = self.answered(frame, &mut batch);
            last_written = written.or(last_written);
            if step.is_ok() && batch.len() < BATCH && has_frame(server.buffer()) {
                continue;
            }
            // Lines are written in their order.
            wait(last_written.take()).await;
            let sent = self.to_client(&batch).await;
            batch.clear();
            batch.shrink_to(BATCH);
            load.passed(Side::Server);
            if let Err(end) = step.and(sent) {
                return end;
            }
        }
    }

    /// What goes out for a frame of the server is added to `out`.
    fn answered(&self, mut frame: GenMessage, out: &mut Vec<u8>) -> (Option<Written>, Step) {
        let stream = frame.header.stream_id;
        let is_message = frame.header.type_ == MESSAGE_TYPE_DATA;
        let mut calls = self.calls();
        let Some(call) = calls.get_mut(&stream) else {
            out.extend(bytes(frame));
            return (None, Ok(()));
        };
        let edit = match &call.edit {
            Some(Edit::Cut(_)) => call.edit.take(),
            _ => None,
        };
        let mut step = Ok(());
        let mut is_over = frame.header.flags & FLAG_REMOTE_CLOSED != 0;
        let mut written = None;
        if !is_message {
            is_over = true;
            if let Ok(mut response) = Response::parse_from_bytes(&frame.payload) {
                let succeeded = response.status.code.value() == 0;
                if let Some(payload) = call.change(&response.payload).filter(|_| succeeded) {
                    response.payload = payload;
                    frame = frame_with(frame.header, response.write_to_bytes());
                }
                let is_last = |rpc| self.layer.observer.is_last(rpc);
                if succeeded && edit.is_none() && call.rpc.is_some_and(is_last) {
                    step = Err(End::Last);
                }
                written = call.record.end(Answer::Response(&response));
            }
        } else if frame.header.flags & FLAG_NO_DATA == 0 {
            if let Some(payload) = call.change(&frame.payload) {
                frame = frame_with(frame.header, Ok(payload));
            }
            written = call.record.message(Side::Server, &frame.payload);
        }
        if is_over {
            if is_message {
                written = call.record.end(Answer::StreamEnd).or(written);
            }
            calls.remove(&stream);
            self.layer.load.close(stream);
        }
        let whole = bytes(frame);
        match edit {
            Some(Edit::Cut(length)) => {
                let length = length.unwrap_or(whole.len() / 2);
                out.extend_from_slice(whole.get(..length).unwrap_or(&whole));
                step = Err(End::Connection);
            }
            _ => out.extend(whole),
        }
        (written, step)
    }

    async fn to_client(&self, bytes: &[u8]) -> Step {
        let sent = self.client.turn().await.write(bytes).await;
        sent.map_err(|_| End::Connection)
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<u32, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn wait(written: Option<Written>) {
    if let Some(written) = written {
        // An error means that it never will be.
        let _ = written.await;
    }
}
