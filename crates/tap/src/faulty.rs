//! A connection on which calls go wrong: between its two sides stands the layer that applies the
//! rules, and what the client sees is what is told.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use agent_faults::{End, Faults, Layer, Load};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, join};

use crate::conversation::Direction;
use crate::proxy::Connection;
use crate::socket::Socket;

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
    faults: &Arc<Faults>,
    port: u32,
    client: Socket,
    agent: Socket,
    dies: impl Future<Output = ()>,
) -> Ended {
    match carry(connection, faults, port, client, agent, dies).await {
        Ok(dies) => Ended { reason: None, dies },
        Err(error) => Ended {
            reason: Some(agent_text::reason(&error)),
            dies: false,
        },
    }
}

async fn carry(
    connection: &Arc<Connection>,
    faults: &Arc<Faults>,
    port: u32,
    client: Socket,
    agent: Socket,
    dies: impl Future<Output = ()>,
) -> io::Result<bool> {
    let (mut client, mut agent) = (client.into_stream(), agent.into_stream());
    let mut begin = [0];
    if client.read(&mut begin).await? == 0 {
        return Ok(false);
    }
    let mut read_ahead = begin.to_vec();
    if matches!(begin, [b'C' | b'c']) {
        let line = line(&mut client, read_ahead).await?;
        agent.write_all(&line).await?;
        connection.see(Direction::ToAgent, &line);
        let answer = self::line(&mut agent, Vec::new()).await?;
        client.write_all(&answer).await?;
        connection.see(Direction::ToRuntime, &answer);
        let text = String::from_utf8_lossy(&line);
        let asked = text
            .split_whitespace()
            .nth(1)
            .and_then(|port| port.parse().ok());
        if asked != Some(port) {
            // What is said to other ports is nobody's call.
            tokio::select! {
                copied = tokio::io::copy_bidirectional(&mut client, &mut agent) => copied?,
                () = dies => (0, 0),
            };
            return Ok(false);
        }
        read_ahead = Vec::new();
    }
    let (reader, writer) = client.into_split();
    let seen = Seen {
        inner: join(Cursor::new(read_ahead).chain(reader), writer),
        connection: Arc::clone(connection),
    };
    let layer = Layer {
        faults: Arc::clone(faults),
        observer: Arc::new(()),
        load: Arc::new(Load::default()),
    };
    Ok(layer.run(seen, agent, dies).await == End::Dies)
}

/// A line with its newline, of which a part was read.
async fn line(from: &mut (impl AsyncRead + Unpin), mut line: Vec<u8>) -> io::Result<Vec<u8>> {
    while line.last() != Some(&b'\n') && line.len() < LONGEST_LINE {
        let mut byte = [0];
        if from.read(&mut byte).await? == 0 {
            break;
        }
        line.extend(byte);
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
