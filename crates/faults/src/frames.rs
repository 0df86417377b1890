//! Carries answers from a server to a client, frame by frame: each goes out
//! whole before the next is looked at, so that what is put in an answer's place
//! never stands within another frame.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use ttrpc::proto::{FLAG_REMOTE_CLOSED, MESSAGE_HEADER_LENGTH, MESSAGE_TYPE_DATA};

use super::{Edit, Edits};

/// Why a connection ends while both of its sides are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It alone is to be closed.
    Connection,
    /// The agent ends, and with it all connections.
    Agent,
}

/// A larger buffer is given back when its frame has gone out.
const KEPT: usize = 64 << 10;

/// Forwards frames until something is to end.
///
/// # Errors
/// When either side is closed.
pub async fn forward(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    edits: &Edits,
) -> io::Result<End> {
    let mut from = BufReader::new(from);
    let mut frame = Vec::new();
    loop {
        let (stream, last) = receive(&mut from, &mut frame).await?;
        match edits.take(stream, last) {
            None => to.write_all(&frame).await?,
            Some(Edit::Swallow) => {}
            Some(Edit::Replace(bytes)) => to.write_all(&bytes).await?,
            Some(Edit::Cut(length)) => {
                let length = length.unwrap_or(frame.len() / 2);
                to.write_all(frame.get(..length).unwrap_or(&frame)).await?;
                return Ok(End::Connection);
            }
            Some(Edit::Close) => return Ok(End::Connection),
            Some(Edit::Last) => {
                to.write_all(&frame).await?;
                return Ok(End::Agent);
            }
        }
        frame.clear();
        frame.shrink_to(KEPT);
    }
}

/// Reads a frame into an empty buffer: which call it is of, and whether it is
/// the last of that.
async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    frame: &mut Vec<u8>,
) -> io::Result<(u32, bool)> {
    let mut header = [0; MESSAGE_HEADER_LENGTH];
    from.read_exact(&mut header).await?;
    let [l0, l1, l2, l3, s0, s1, s2, s3, kind, flags] = header;
    let length = u32::from_be_bytes([l0, l1, l2, l3]);
    frame.extend_from_slice(&header);
    from.take(length.into()).read_to_end(frame).await?;
    let last = kind != MESSAGE_TYPE_DATA || flags & FLAG_REMOTE_CLOSED != 0;
    Ok((u32::from_be_bytes([s0, s1, s2, s3]), last))
}
