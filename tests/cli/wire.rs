//! The socket side of tests that need another peer than the typed one: one that
//! breaks the protocol, goes away, or stands in front of the real one.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

/// A Unix socket on which each connection is handled by a function of the test.
pub(crate) struct Listener {
    /// The socket.
    pub path: PathBuf,
    _folder: TempDir,
}

impl Listener {
    /// Listens, and calls `handle` for each connection on a thread of its own
    /// with how many came before it. The connection is closed when it returns.
    pub(crate) fn start(handle: impl Fn(usize, UnixStream) + Send + Sync + 'static) -> Self {
        let folder = TempDir::with_prefix("wire").unwrap();
        let path = folder.path().join("agent.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let handle = Arc::new(handle);
        // Runs until the test's process ends: accept has no other end.
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let handle = Arc::clone(&handle);
                thread::spawn(move || handle(number, stream));
            }
        });
        Self {
            path,
            _folder: folder,
        }
    }

    /// The address as `--server-address` takes it.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }
}

/// Reads one frame: its stream ID and its data.
pub(crate) fn read_frame(stream: &mut UnixStream) -> io::Result<(u32, Vec<u8>)> {
    let mut header = [0; 10];
    stream.read_exact(&mut header)?;
    let [a, b, c, d, e, f, g, h, ..] = header;
    let mut data = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
    stream.read_exact(&mut data)?;
    Ok((u32::from_be_bytes([e, f, g, h]), data))
}

/// A frame's bytes.
pub(crate) fn frame(stream_id: u32, kind: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(stream_id.to_be_bytes());
    bytes.extend([kind, flags]);
    bytes.extend(data);
    bytes
}

/// A response frame's type.
pub(crate) const RESPONSE: u8 = 2;

/// What a hybrid vsock device saw: the first bytes of each connection.
pub(crate) type Greetings = Arc<Mutex<Vec<String>>>;

/// A hybrid vsock device in front of `agent` that drops its first `refusals`
/// connections after the request, as one whose guest is still booting does.
pub(crate) fn hybrid_device(agent: &Path, refusals: usize) -> (Listener, Greetings) {
    let greetings = Greetings::default();
    let seen = Arc::clone(&greetings);
    let agent = agent.to_owned();
    let listener = Listener::start(move |number, mut stream| {
        // One read: the request must come in one write, with nothing behind it.
        let mut buffer = [0; 64];
        let length = stream.read(&mut buffer).unwrap();
        let greeting = String::from_utf8_lossy(&buffer[..length]).into_owned();
        seen.lock().unwrap().push(greeting);
        if number < refusals {
            return;
        }
        let upstream = UnixStream::connect(&agent).unwrap();
        stream.write_all(b"OK 1073741824\n").unwrap();
        relay(stream, upstream);
    });
    (listener, greetings)
}

/// Copies both ways until both sides have ended.
fn relay(client: UnixStream, agent: UnixStream) {
    let copy = |mut from: UnixStream, mut to: UnixStream| {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    let there = copy(client.try_clone().unwrap(), agent.try_clone().unwrap());
    let back = copy(agent, client);
    let _ = (there.join(), back.join());
}
