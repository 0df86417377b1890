//! A connection on which calls go wrong: between its two sides stands the layer that applies the
//! rules, and what the client sees is what is told.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use agent_faults::{Answer, Asked, End, Layer, Observer, Record, Side, Written};
use agent_schema::Rpc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, join};

use crate::connection::Connection;
use crate::conversation::Direction;
use crate::pass;
use crate::socket::{Received, Socket};

/// The longest line of a handshake, its newline included.
const LONGEST_LINE: usize = 64;

/// How a connection ended.
pub(crate) struct Ended {
    /// Why, if not by one of its sides or a rule.
    pub(crate) reason: Option<String>,
    /// Whether all connections are to end.
    pub(crate) dies: bool,
}

/// Carries calls between the two sides, with what goes wrong, until one of them is gone or `dies`
/// is over.
pub(crate) async fn run(
    connection: &Arc<Connection>,
    layer: Layer,
    port: u32,
    client: Socket,
    agent: Socket,
    dies: impl Future<Output = ()>,
) -> Ended {
    match carry(connection, layer, port, client, agent, dies).await {
        Ok(dies) => Ended { reason: None, dies },
        Err(error) => Ended {
            reason: Some(agent_text::reason(&error)),
            dies: false,
        },
    }
}

async fn carry(
    connection: &Arc<Connection>,
    layer: Layer,
    port: u32,
    client: Socket,
    agent: Socket,
    dies: impl Future<Output = ()>,
) -> io::Result<bool> {
    let Some(read_ahead) = open(connection, port, &client, &agent).await? else {
        // What is said to other ports, or is not a call, passes as it is.
        let passed = async { pass::both(connection, &client, &agent).await };
        let reason = tokio::select! {
            reason = passed => reason,
            () = dies => None,
        };
        return reason.map_or(Ok(false), |reason| Err(io::Error::other(reason)));
    };
    let agent = agent.into_stream();
    let (reader, writer) = client.into_stream().into_split();
    let seen = Seen {
        inner: join(Cursor::new(read_ahead).chain(reader), writer),
        connection: Arc::clone(connection),
    };
    Ok(layer.run(seen, agent, dies).await == End::Dies)
}

/// Who is told of the rules that are applied on a connection.
pub(crate) fn observer(connection: &Arc<Connection>) -> Arc<dyn Observer> {
    Arc::new(Marks(Arc::clone(connection)))
}

/// Tells which rules are applied to the calls of a connection.
struct Marks(Arc<Connection>);

/// A call to which rules may be applied.
struct Marked {
    connection: Arc<Connection>,
    stream: u32,
}

impl Observer for Marks {
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn begin(&self, asked: &Asked<'_>) -> Box<dyn Record> {
        Box::new(Marked {
            connection: Arc::clone(&self.0),
            stream: asked.stream,
        })
    }

    fn is_last(&self, _: &Rpc) -> bool {
        false
    }
}

impl Record for Marked {
    fn fault(&mut self, kind: agent_faults::FaultKind, passes: bool) {
        self.connection.see_fault(self.stream, kind.name(), passes);
    }

    fn message(&mut self, _: Side, _: &[u8]) -> Option<Written> {
        None
    }

    fn end(&mut self, _: Answer<'_>) -> Option<Written> {
        None
    }
}

/// Passes a handshake, if there is one. Gives what was read of the first frame after it, and
/// nothing where calls do not follow.
async fn open(
    connection: &Connection,
    port: u32,
    client: &Socket,
    agent: &Socket,
) -> io::Result<Option<Vec<u8>>> {
    let mut begin = [0];
    let begun = client.receive(&mut begin).await?;
    // The length of a frame is below 16 MiB, and no line begins so.
    if begun.count == 1 && begin == [0] {
        return Ok(Some(begin.to_vec()));
    }
    let start = begin.get(..begun.count).unwrap_or_default().to_vec();
    let line = pass_line(connection, Direction::ToAgent, client, agent, start, begun).await?;
    let text = String::from_utf8_lossy(&line);
    let mut words = text.split_whitespace();
    if !words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("connect"))
    {
        return Ok(None);
    }
    let none = Received::default();
    pass_line(
        connection,
        Direction::ToRuntime,
        agent,
        client,
        Vec::new(),
        none,
    )
    .await?;
    let asked = words.next().and_then(|port| port.parse().ok());
    Ok((asked == Some(port)).then(Vec::new))
}

/// Passes a line with its newline, of which `line` was read, and the descriptors that came with
/// it. What is too long for a handshake, or ends without a newline, passes in part.
async fn pass_line(
    connection: &Connection,
    direction: Direction,
    from: &Socket,
    to: &Socket,
    mut line: Vec<u8>,
    begun: Received,
) -> io::Result<Vec<u8>> {
    let mut descriptors = begun.descriptors;
    while line.last() != Some(&b'\n') && line.len() < LONGEST_LINE {
        let mut byte = [0];
        let received = from.receive(&mut byte).await?;
        if received.count == 0 {
            break;
        }
        line.extend(byte);
        descriptors.extend(received.descriptors);
    }
    to.send(&line, &descriptors).await?;
    if !line.is_empty() {
        connection.see(direction, &line);
    }
    Ok(line)
}

/// A client whose bytes are told.
struct Seen<S> {
    inner: S,
    connection: Arc<Connection>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Seen<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        match bytes {
            [] => self.connection.see_end(Direction::ToAgent),
            bytes => self.connection.see(Direction::ToAgent, bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Seen<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        let passed = bytes.get(..count).unwrap_or_default();
        self.connection.see(Direction::ToRuntime, passed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
