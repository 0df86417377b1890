//! Calls with typed messages. The build makes a struct for each service of the
//! proto files, with one method for each RPC; what such a method does is here.

#![forbid(unsafe_code)]

use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::time::Duration;

use agent_client::{Call, Connection, ProtocolError, StreamReceiver, StreamSender};
use agent_schema::Reflect;

pub use agent_client::CallError;

/// A connection to make calls over, and what goes with each of them. A service's
/// client takes one, or just a connection.
#[derive(Debug)]
pub struct Caller<'c> {
    connection: &'c mut Connection,
    timeout: Option<Duration>,
    metadata: Vec<(String, String)>,
}

impl<'c> From<&'c mut Connection> for Caller<'c> {
    /// Calls that wait forever, without metadata.
    fn from(connection: &'c mut Connection) -> Self {
        Caller {
            connection,
            timeout: None,
            metadata: Vec::new(),
        }
    }
}

impl<'c> Caller<'c> {
    /// Calls that wait forever, without metadata.
    pub fn new(connection: &'c mut Connection) -> Self {
        connection.into()
    }

    /// Gives each call this time, from the start of its request to the end of its
    /// answer; a stream, until its end.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends a key and a value with each call, after those that were given before.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Makes a call with one request and one response. `service` is its full name.
    ///
    /// # Errors
    /// As [`Connection::call`] has them, and [`ProtocolError::BadMessage`] when the
    /// response is not of its type.
    pub fn call<Q: Reflect, A: Reflect + Default>(
        &mut self,
        service: &str,
        method: &str,
        request: &Q,
    ) -> Result<A, CallError> {
        let payload = encode(request)?;
        let answer = self.connection.call(&Call {
            service,
            method,
            payload: &payload,
            metadata: &self.metadata,
            timeout: self.timeout,
        })?;
        decode(answer)
    }

    /// Makes a call with one request and any number of responses.
    ///
    /// # Errors
    /// As [`Connection::stream`] has them.
    pub fn download<Q: Reflect, A>(
        &mut self,
        service: &str,
        method: &str,
        request: &Q,
    ) -> Result<Messages<'_, A>, CallError> {
        let (_, receiver) = self.stream(service, method, request, false, true)?;
        Ok(Messages::new(receiver))
    }

    /// Makes a call with any number of requests, of which this is the first, and
    /// one response.
    ///
    /// # Errors
    /// As [`Connection::stream`] has them.
    pub fn upload<Q: Reflect, A>(
        &mut self,
        service: &str,
        method: &str,
        request: &Q,
    ) -> Result<(Sender<Q>, Response<'_, A>), CallError> {
        let (sender, receiver) = self.stream(service, method, request, true, false)?;
        let messages = Messages::new(receiver);
        Ok((Sender::new(sender)?, Response { messages }))
    }

    /// Makes a call with any number of requests, of which this is the first, and
    /// any number of responses.
    ///
    /// # Errors
    /// As [`Connection::stream`] has them.
    pub fn exchange<Q: Reflect, A>(
        &mut self,
        service: &str,
        method: &str,
        request: &Q,
    ) -> Result<(Sender<Q>, Messages<'_, A>), CallError> {
        let (sender, receiver) = self.stream(service, method, request, true, true)?;
        Ok((Sender::new(sender)?, Messages::new(receiver)))
    }

    fn stream<Q: Reflect>(
        &mut self,
        service: &str,
        method: &str,
        request: &Q,
        client_streams: bool,
        agent_streams: bool,
    ) -> Result<(Option<StreamSender>, StreamReceiver<'_>), CallError> {
        let payload = encode(request)?;
        let call = Call {
            service,
            method,
            payload: &payload,
            metadata: &self.metadata,
            timeout: self.timeout,
        };
        let stream = self
            .connection
            .stream(&call, client_streams, agent_streams)?;
        Ok(stream.split())
    }
}

/// The requests of a stream from the client. It may move to another thread.
#[derive(Debug)]
pub struct Sender<M> {
    sender: StreamSender,
    message: PhantomData<fn(M)>,
}

impl<M: Reflect> Sender<M> {
    fn new(sender: Option<StreamSender>) -> Result<Self, CallError> {
        Ok(Sender {
            sender: sender.ok_or(CallError::StreamEnded)?,
            message: PhantomData,
        })
    }

    /// Sends one more request.
    ///
    /// # Errors
    /// As [`StreamSender::send`] has them.
    pub fn send(&mut self, message: &M) -> Result<(), CallError> {
        self.sender.send(&encode(message)?)
    }

    /// Says that no request follows. A sender that is only dropped leaves the
    /// agent waiting.
    ///
    /// # Errors
    /// As [`StreamSender::close`] has them.
    pub fn close(self) -> Result<(), CallError> {
        self.sender.close()
    }
}

/// The responses of a stream from the agent, as they come. It ends with the
/// stream, or with the first error.
#[derive(Debug)]
pub struct Messages<'c, M> {
    receiver: StreamReceiver<'c>,
    message: PhantomData<fn() -> M>,
}

impl<'c, M> Messages<'c, M> {
    fn new(receiver: StreamReceiver<'c>) -> Self {
        Messages {
            receiver,
            message: PhantomData,
        }
    }
}

impl<M: Reflect + Default> Iterator for Messages<'_, M> {
    type Item = Result<M, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        let message = self.receiver.next_message().transpose()?;
        Some(message.and_then(decode))
    }
}

impl<M: Reflect + Default> FusedIterator for Messages<'_, M> {}

/// The one response to a stream from the client.
#[derive(Debug)]
pub struct Response<'c, M> {
    messages: Messages<'c, M>,
}

impl<M: Reflect + Default> Response<'_, M> {
    /// Waits for the response. An agent gives it when it has all requests, so
    /// close the sender before.
    ///
    /// # Errors
    /// As [`Caller::call`] has them.
    pub fn wait(mut self) -> Result<M, CallError> {
        self.messages.next().unwrap_or(Err(CallError::StreamEnded))
    }
}

fn encode<M: Reflect>(message: &M) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    match message.encode_into(&mut bytes) {
        Ok(()) => Ok(bytes),
        // Only what is larger than protobuf allows has no encoding.
        Err(_) => agent_client::check_message_size(usize::MAX).map(|()| bytes),
    }
}

fn decode<M: Reflect + Default>(data: Vec<u8>) -> Result<M, CallError> {
    let mut message = M::default();
    match agent_schema::decode(&mut message, &data) {
        Ok(()) => Ok(message),
        Err(reason) => Err(CallError::Protocol(ProtocolError::BadMessage {
            reason: reason.to_string(),
            data,
        })),
    }
}
