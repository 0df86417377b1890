//! The handshake of hybrid vsock, as a hypervisor's socket has it before it
//! carries bytes to a port of its guest: a line `CONNECT PORT`, in either case of
//! letters, and `OK PORT` for an answer. A client of ttRPC sends none.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The longest line: the word, a port and white space.
const LONGEST: usize = 32;

/// Answers a handshake. What was read and is none comes back: it is the beginning
/// of a frame. With a port there must be a handshake, and for this port: a
/// hypervisor closes other connections.
///
/// # Errors
/// When the client is gone, or is to be closed, as after a handshake without a port.
pub(super) async fn answer(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    demanded: Option<u32>,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    // The first byte of a frame's length is 0, as none is that long.
    while may_be_handshake(&line) && line.len() < LONGEST {
        line.push(from.read_u8().await?);
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    if !may_be_handshake(&line) && demanded.is_none() {
        return Ok(line);
    }
    let port = port(&line).filter(|port| demanded.is_none_or(|demanded| demanded == *port));
    let port = port.ok_or(io::ErrorKind::InvalidData)?;
    to.write_all(format!("OK {port}\n").as_bytes()).await?;
    Ok(Vec::new())
}

const WORD: &[u8] = b"CONNECT";

fn may_be_handshake(line: &[u8]) -> bool {
    let length = line.len().min(WORD.len());
    let both = line.get(..length).zip(WORD.get(..length));
    both.is_some_and(|(line, word)| line.eq_ignore_ascii_case(word))
}

fn port(line: &[u8]) -> Option<u32> {
    let (word, port) = line.split_at_checked(WORD.len())?;
    let port = std::str::from_utf8(port).ok()?.strip_prefix(' ')?;
    let port = port.strip_suffix('\n')?;
    let port = port.strip_suffix('\r').unwrap_or(port);
    word.eq_ignore_ascii_case(WORD).then(|| port.parse().ok())?
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handshake_is_answered_and_anything_else_is_handed_on() {
        for (sent, answered, handed_on) in [
            (&b"CONNECT 1024\n\0\0"[..], &b"OK 1024\n"[..], &b""[..]),
            (b"connect 1024\n\0", b"OK 1024\n", b""),
            (b"\0\0\0\x01", b"", b"\0"),
            (b"CONNECX 1\n", b"", b"CONNECX"),
        ] {
            let mut said = Vec::new();
            let mut from = sent;
            let read = answer(&mut from, &mut said, None).await.unwrap();
            assert_eq!(read, handed_on, "{sent:?}");
            assert_eq!(said, answered, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn what_a_hypervisor_closes_is_closed() {
        for (sent, demanded) in [
            (&b"CONN"[..], None),
            (b"CONNECT x\n", None),
            (b"CONNECT\n", None),
            (b"connect 10241024102410241024102410241024\n", None),
            (b"CONNECT 1025\n", Some(1024)),
            (b"\0\0\0\x01", Some(1024)),
        ] {
            let mut said = Vec::new();
            let mut from = sent;
            let closed = answer(&mut from, &mut said, demanded).await;
            assert!(closed.is_err(), "{sent:?}");
            assert!(said.is_empty(), "{sent:?}");
        }
        let mut said = Vec::new();
        let read = answer(&mut &b"connect 1024\n"[..], &mut said, Some(1024)).await;
        assert_eq!((read.unwrap(), said), (Vec::new(), b"OK 1024\n".to_vec()));
    }
}
