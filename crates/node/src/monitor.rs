//! What shims answer on their monitor sockets, which speak HTTP, when they are asked for their
//! agents' addresses. All are asked side by side, without a thread for each.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use agent_client::transport::SocketFile;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, connect, recv, send, socket};

/// The question. It is short enough for a new socket to take it at once.
const REQUEST: &[u8] = b"GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n\r\n";

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How many are asked at a time, so that their sockets are fewer than a process may have.
const AT_A_TIME: usize = 250;

/// What became of the question to one shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShimAnswer {
    /// It answered with this status and text.
    Said {
        /// The HTTP status.
        status: u16,
        /// The body, without white space at its ends.
        body: String,
    },
    /// What it sent is not an answer of HTTP.
    Garbled,
    /// It took the connection, or not even that, and said nothing in time.
    Silent,
    /// Nobody listens on the socket.
    NobodyListens,
    /// There is no socket.
    NoSocket,
    /// This user may not connect to it.
    Denied,
    /// The system would not connect, for this reason.
    Failed(String),
}

/// Asks the shims behind these sockets. Each has `limit` from the time that it is asked, and the
/// next one is asked as soon as one has answered.
pub(crate) fn ask(sockets: &[impl AsRef<Path>], limit: Duration) -> Vec<ShimAnswer> {
    ask_some(sockets, limit, AT_A_TIME)
}

fn ask_some(sockets: &[impl AsRef<Path>], limit: Duration, at_a_time: usize) -> Vec<ShimAnswer> {
    let mut answers: Vec<ShimAnswer> = sockets.iter().map(|_| ShimAnswer::Silent).collect();
    let mut next = sockets.iter().enumerate();
    let mut waiting: Vec<Asked> = Vec::new();
    loop {
        while waiting.len() < at_a_time
            && let Some((index, path)) = next.next()
        {
            let answer = match begin(path.as_ref()) {
                Ok(socket) => {
                    waiting.push(Asked {
                        index,
                        socket,
                        received: Vec::new(),
                        end: Instant::now() + limit,
                    });
                    continue;
                }
                Err(answer) => answer,
            };
            put(&mut answers, index, answer);
        }
        // They were asked in this order, and all may take as long.
        let Some(end) = waiting.first().map(|asked| asked.end) else {
            return answers;
        };
        let mut polled: Vec<PollFd<'_>> = waiting
            .iter()
            .map(|asked| PollFd::new(asked.socket.as_fd(), PollFlags::POLLIN))
            .collect();
        // A part of a millisecond is waited for as a whole one.
        let left = end.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        if !matches!(poll(&mut polled, left), Ok(_) | Err(Errno::EINTR)) {
            return answers;
        }
        let ready: Vec<bool> = polled.iter().map(|it| it.any() != Some(false)).collect();
        let mut ready = ready.into_iter();
        let now = Instant::now();
        waiting.retain_mut(|asked| {
            let is_ready = ready.next().unwrap_or(false);
            let answer = is_ready.then(|| asked.receive()).flatten();
            match answer {
                Some(answer) => put(&mut answers, asked.index, answer),
                None if asked.end > now => return true,
                None => {}
            }
            false
        });
    }
}

fn put(answers: &mut [ShimAnswer], index: usize, answer: ShimAnswer) {
    if let Some(place) = answers.get_mut(index) {
        *place = answer;
    }
}

/// A question on its way.
struct Asked {
    index: usize,
    socket: OwnedFd,
    received: Vec<u8>,
    /// When it is no longer waited for.
    end: Instant,
}

/// Asks one shim, or tells why it cannot be asked.
fn begin(path: &Path) -> Result<OwnedFd, ShimAnswer> {
    let begun = SocketFile::new(path).and_then(|file| {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        connect(socket.as_raw_fd(), file.address())?;
        match send(socket.as_raw_fd(), REQUEST, MsgFlags::MSG_NOSIGNAL) {
            // Whoever has closed the connection was there, and may have said something before.
            Ok(_) | Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(socket),
            Err(errno) => Err(errno),
        }
    });
    begun.map_err(|errno| match errno {
        Errno::ENOENT | Errno::ENOTDIR => ShimAnswer::NoSocket,
        Errno::ECONNREFUSED => ShimAnswer::NobodyListens,
        // Its queue is full.
        Errno::EAGAIN => ShimAnswer::Silent,
        Errno::EACCES | Errno::EPERM => ShimAnswer::Denied,
        other => ShimAnswer::Failed(other.desc().to_lowercase()),
    })
}

impl Asked {
    /// Takes what has come; gives the answer once it is whole.
    fn receive(&mut self) -> Option<ShimAnswer> {
        let mut bytes = [0; 4096];
        let is_end = match recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EAGAIN | Errno::EINTR) => return None,
            Err(_) | Ok(0) => true,
            Ok(count) => {
                let bytes = bytes.get(..count).unwrap_or_default();
                self.received.extend_from_slice(bytes);
                self.received.len() > LONGEST_ANSWER
            }
        };
        read(&self.received, is_end)
    }
}

/// The answer, once it is whole.
fn read(received: &[u8], is_end: bool) -> Option<ShimAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let start = match head.parse(received) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) if !is_end => return None,
        // A shim that ends before it answers was not there to be asked.
        Ok(httparse::Status::Partial) if received.is_empty() => return Some(ShimAnswer::Silent),
        Ok(httparse::Status::Partial) | Err(_) => return Some(ShimAnswer::Garbled),
    };
    let body = received.get(start..).unwrap_or_default();
    let header = |name: &str| {
        let mut headers = head.headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).into_owned())
    };
    let is_chunked = header("transfer-encoding").is_some();
    let length = header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    let is_whole = is_end || is_chunked && body.ends_with(b"0\r\n\r\n");
    let body = match length.filter(|_| !is_chunked) {
        Some(length) if body.len() >= length => body.get(..length).unwrap_or_default().to_vec(),
        _ if !is_whole => return None,
        _ if is_chunked => match joined(body) {
            Some(body) => body,
            None => return Some(ShimAnswer::Garbled),
        },
        _ => body.to_vec(),
    };
    Some(ShimAnswer::Said {
        status: head.code.unwrap_or(0),
        body: String::from_utf8_lossy(&body).trim().to_owned(),
    })
}

/// A body that came in chunks.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        if size == 0 {
            return Some(body);
        }
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn said(status: u16, body: &str) -> Option<ShimAnswer> {
        let body = body.to_owned();
        Some(ShimAnswer::Said { status, body })
    }

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let sized = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n\
                       0\r\n\r\n";
        for whole in [sized, chunked] {
            for length in 0..whole.len() {
                assert_eq!(read(&whole.as_bytes()[..length], false), None, "{length}");
            }
            assert_eq!(read(whole.as_bytes(), false), said(200, "body"));
        }
        // Without a length the end is the end of the connection.
        let open = b"HTTP/1.0 500 No\r\n\r\n\r\n no sandbox \r\n";
        assert_eq!(read(open, false), None);
        assert_eq!(read(open, true), said(500, "no sandbox"));
        // What was to come and did not.
        assert_eq!(read(&sized.as_bytes()[..40], true), said(200, "bo"));
        assert_eq!(read(b"", true), Some(ShimAnswer::Silent));
        assert_eq!(read(b"HTTP/1.1 20", true), Some(ShimAnswer::Garbled));
        assert_eq!(read(b"\x00\x00\x00\x00", false), Some(ShimAnswer::Garbled));
        let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx";
        assert_eq!(read(endless, true), Some(ShimAnswer::Garbled));
    }

    #[test]
    fn who_closes_at_once_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shim");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                drop(stream);
            }
        });
        // Before the question is sent, or after that, as it happens.
        for _ in 0..500 {
            assert_eq!(ask(&[&path], Duration::from_secs(5)), [ShimAnswer::Silent]);
        }
    }

    #[test]
    fn those_that_hang_hold_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..12).map(|n| folder.path().join(n.to_string())).collect();
        let mut hung = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            let listener = UnixListener::bind(path).unwrap();
            if index % 4 == 0 {
                hung.push(listener);
                continue;
            }
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 256]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            });
        }
        let begun = Instant::now();
        let answers = ask_some(&paths, Duration::from_secs(2), 4);
        let time = begun.elapsed();
        for (index, answer) in answers.into_iter().enumerate() {
            let expected = match index % 4 {
                0 => ShimAnswer::Silent,
                _ => said(200, "").unwrap(),
            };
            assert_eq!(answer, expected, "{index}");
        }
        // Once the limit, and not once for each of three groups.
        assert!(time < Duration::from_secs(4), "{time:?}");
    }

    proptest! {
        #[test]
        fn no_answer_does_harm(bytes in any::<Vec<u8>>(), is_end in any::<bool>()) {
            let _ = read(&bytes, is_end);
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let _ = read(&[&head[..], &bytes].concat(), is_end);
        }
    }
}
