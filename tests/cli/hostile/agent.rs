//! A hostile agent as a row of a table: what it does with the one request that it
//! gets, and what the tool makes of that.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tap")]
use nix::sys::signal::Signal;

use crate::tool::{Tool, connect, difference};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// How long a row may take, although most agents leave the connection open.
const LIMIT: Duration = Duration::from_secs(10);
/// How much memory the tool may use for data, in bytes: some copies of the
/// largest frame.
pub(crate) const MEMORY: u64 = 64 << 20;
/// What the proxy may use beside as much as the tool for an answer: the frames that wait to be
/// written down, and itself.
#[cfg(feature = "tap")]
const PROXY_MEMORY: u64 = 100 << 20;

const RESET: &str = " reset the ";
const CLOSED: &str = " closed the ";

type Handle = Arc<dyn Fn(&mut UnixStream) + Send + Sync>;

/// A row: what an agent does, and what comes of it.
#[must_use]
pub(crate) struct Row {
    name: &'static str,
    handle: Handle,
    options: Vec<&'static str>,
    status: i32,
    stdout: String,
    stderr: String,
    /// The message where a proxy is between the two, if it is another one.
    through: Option<String>,
    warning: String,
    memory: u64,
    time: Duration,
}

/// An agent that does this with each connection, and closes it then.
pub(crate) fn agent(
    name: &'static str,
    handle: impl Fn(&mut UnixStream) + Send + Sync + 'static,
) -> Row {
    Row {
        name,
        handle: Arc::new(handle),
        options: Vec::new(),
        status: 0,
        stdout: String::new(),
        stderr: String::new(),
        through: None,
        warning: String::new(),
        memory: MEMORY,
        time: LIMIT,
    }
}

/// An agent that reads the request, sends these bytes, and leaves the connection
/// open.
pub(crate) fn sends(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    agent(name, move |stream| {
        let _ = read_frame(stream);
        let _ = stream.write_all(&bytes);
        wait_for_end(stream);
    })
}

/// An agent that reads the request, sends these bytes, and closes the connection.
pub(crate) fn closes_after(name: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    let bytes = bytes.into();
    agent(name, move |stream| {
        let _ = read_frame(stream);
        let _ = stream.write_all(&bytes);
        // With bytes unread a close would be a reset.
        let _ = stream.shutdown(Shutdown::Write);
        wait_for_end(stream);
    })
}

/// An agent that answers with this response, in a whole frame, and leaves the
/// connection open.
pub(crate) fn answers(name: &'static str, response: impl AsRef<[u8]>) -> Row {
    sends(name, frame(1, RESPONSE, 0, response.as_ref()))
}

/// Behind the error of a connection that ended before a byte came over it.
pub(crate) const HINT: &str =
    "; if this is a hypervisor's hybrid vsock socket, write \"hvsock://{path}:1024\"";

impl Row {
    /// Options of the run.
    pub(crate) fn with(mut self, options: &[&'static str]) -> Self {
        self.options.extend(options);
        self
    }

    /// Another limit of the tool's memory, in bytes.
    pub(crate) fn within(mut self, memory: u64) -> Self {
        self.memory = memory;
        self
    }

    /// Another limit of the time that it may take.
    pub(crate) fn in_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// The run fails with this status and this message, in which `{path}` is the
    /// socket's.
    pub(crate) fn fails(mut self, status: i32, message: impl Into<String>) -> Self {
        self.status = status;
        self.stderr = message.into();
        self
    }

    /// Through a proxy the message is this one. That a reset becomes an end, as it cannot be
    /// passed on, need not be said.
    pub(crate) fn through_a_proxy(mut self, message: impl Into<String>) -> Self {
        self.through = Some(message.into());
        self
    }

    /// The run succeeds, and says this.
    pub(crate) fn warns(mut self, message: &str) -> Self {
        self.warning = format!("warn: {message}\n");
        self
    }

    /// What the agent did is not ttRPC.
    pub(crate) fn breaks(self, message: &str) -> Self {
        self.fails(3, format!("the agent broke the ttRPC protocol: {message}"))
    }

    /// This is on standard output.
    pub(crate) fn prints(mut self, text: impl Into<String>) -> Self {
        self.stdout = text.into();
        self
    }

    /// What is not as expected when the tool calls the RPC, without and with a proxy between
    /// the two.
    fn differences(self, connect: &dyn Fn(&str) -> Tool, command: &str) -> String {
        let handle = Arc::clone(&self.handle);
        let listener = Listener::start(move |_, mut stream| handle(&mut stream));
        let path = listener.path.display().to_string();
        let direct = self.differences_of(connect, command, &path, &self.stderr, false);
        #[cfg(not(feature = "tap"))]
        return direct;
        #[cfg(feature = "tap")]
        {
            let proxy = crate::served::proxy(&["--to", &listener.address()]);
            proxy.listening();
            let path = proxy.address().replace("unix://", "");
            let stderr = self.through.as_ref().unwrap_or(&self.stderr);
            let stderr = stderr.replace(RESET, CLOSED);
            let mut through = self.differences_of(connect, command, &path, &stderr, true);
            let peak = crate::between::peak_memory(&proxy) << 10;
            if peak > self.memory + PROXY_MEMORY {
                through.push_str(&format!("{}: the proxy took {peak} bytes\n", self.name));
            }
            let (status, _, said) = proxy.end(Signal::SIGTERM);
            if (status, said.len()) != (Some(0), 0) {
                through.push_str(&format!("{}: the proxy: {status:?} {said:?}\n", self.name));
            }
            match through.as_str() {
                "" => direct,
                _ => format!("{direct}through a proxy, {through}"),
            }
        }
    }

    fn differences_of(
        &self,
        connect: &dyn Fn(&str) -> Tool,
        command: &str,
        path: &str,
        stderr: &str,
        is_through: bool,
    ) -> String {
        let rpc = command.split(' ').next().unwrap_or(command);
        let output = connect(&format!("unix://{path}"))
            .arguments(["-o", "jsonl", "-c", command])
            .arguments(&self.options)
            .memory(self.memory)
            // Later than the limit below, which tells what a run printed.
            .limit(2 * self.time)
            .run();
        let stderr = match stderr {
            "" => self.warning.clone(),
            message => format!("error: {rpc}: {message}\n"),
        };
        let stderr = stderr.replace("{path}", path);
        let said = match is_through {
            true => output.stderr.replace(RESET, CLOSED),
            false => output.stderr.clone(),
        };
        let mut text = String::new();
        if output.status != self.status {
            text.push_str(&format!("status: {}, not {}\n", output.status, self.status));
        }
        text.push_str(&difference("standard output", &self.stdout, &output.text()));
        text.push_str(&difference("standard error", &stderr, &said));
        if output.time > self.time {
            text.push_str(&format!("it took {:?}\n", output.time));
        }
        match text.as_str() {
            "" => text,
            _ => format!("{}:\n{text}", self.name),
        }
    }
}

/// Runs all rows with a call of an RPC that answers two strings, and compares
/// everything.
#[track_caller]
pub(crate) fn check(rows: impl IntoIterator<Item = Row>) {
    check_call(rows, &|address| connect(address, [""; 0]), "Version");
}

/// The same with any tool and any command.
#[track_caller]
pub(crate) fn check_call(
    rows: impl IntoIterator<Item = Row>,
    connect: &dyn Fn(&str) -> Tool,
    command: &str,
) {
    let rows = rows.into_iter();
    let differences: String = rows.map(|row| row.differences(connect, command)).collect();
    assert!(differences.is_empty(), "{differences}");
}

/// Waits until the tool has closed its end.
pub(crate) fn wait_for_end(stream: &mut UnixStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// The field of a message as it goes over the wire: its number, and bytes.
pub(crate) fn field(number: u32, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut bytes = varint(u64::from(number) << 3 | 2);
    bytes.extend(varint(content.len() as u64));
    bytes.extend(content);
    bytes
}

/// A number as it goes over the wire.
pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A response with status OK and this payload.
pub(crate) fn payload(message: impl AsRef<[u8]>) -> Vec<u8> {
    field(2, message)
}

/// A response with this status.
pub(crate) fn status(code: i32, message: &str) -> Vec<u8> {
    let mut status = vec![0x08];
    status.extend(varint(i64::from(code) as u64));
    status.extend(field(2, message));
    field(1, status)
}

/// A frame's header alone.
pub(crate) fn header(length: u32, stream_id: u32, kind: u8, flags: u8) -> Vec<u8> {
    let mut bytes = frame(stream_id, kind, flags, &[]);
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}
