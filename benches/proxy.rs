//! What standing in between costs: the library's client directly and through `proxy`, which
//! prints each call and, in the last variant, records it. The agent is `serve`, and then a
//! server that only reads and answers. Nothing is kept on a CPU, as the proxy's own threads
//! share them with both sides. Run with `cargo bench --profile dist --bench proxy [-- ROUNDS]`.

mod support;

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kata_agent_ctl::client::{Call, ConnectOptions, Connection};
use support::server::{self, Server};
use support::turns::{Variant, compare, rounds};
use support::{SERVING, cpu};

const MIB: usize = 1 << 20;
const CHUNKS: usize = 256;
const CALLS: usize = 20_000;
const USUAL_ROUNDS: usize = 9;
/// Where the agent takes files.
const TARGET: &str = "/run/kata-containers/shared/containers/file";
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    server::serve_if_asked()?;
    let folder = tempfile::tempdir()?;
    let agent = folder.path().join("agent");
    let _agent = Running::start(&agent, &["serve", "--address"], &[])?;
    against(&address(&agent), "serve", folder.path())?;
    let placement = cpu::placements()?.pop();
    let bare = Server::start(placement.map_or(0, |it| it.server), &[SERVING])?;
    against(&bare.uri(), "a server that only reads", folder.path())
}

/// Measures with this agent.
fn against(agent: &str, name: &str, folder: &Path) -> io::Result<()> {
    let plain = folder.join("plain");
    let recording = folder.join("recording");
    let file = folder.join("calls.jsonl");
    let file = file.to_string_lossy();
    let listens = ["proxy", "--listen"];
    let _plain = Running::start(&plain, &listens, &["--to", agent])?;
    let _recording = Running::start(&recording, &listens, &["--to", agent, "-w", &file])?;
    let ways = [
        ("direct", agent.to_owned()),
        ("through proxy", address(&plain)),
        ("through proxy -w", address(&recording)),
    ];
    let payload = chunk();
    for (title, call, count, amount) in [
        (
            "sequential calls",
            call("grpc.Health", "Check", &[]),
            CALLS,
            (CALLS as f64, "calls/s"),
        ),
        (
            "1 MiB CopyFile chunks",
            call("grpc.AgentService", "CopyFile", &payload),
            CHUNKS,
            ((CHUNKS * MIB) as f64 / 1e6, "MB/s"),
        ),
    ] {
        let mut variants = Vec::new();
        for (way, address) in &ways {
            let mut connection = connect(address)?;
            variants.push(Variant::new(way, move || {
                for _ in 0..count {
                    connection.call(&call).map_err(io::Error::other)?;
                }
                Ok(())
            }));
        }
        let title = format!("{title} to {name}");
        compare(&title, amount, rounds(USUAL_ROUNDS), variants)?;
    }
    Ok(())
}

fn call<'a>(service: &'a str, method: &'a str, payload: &'a [u8]) -> Call<'a> {
    Call {
        service,
        method,
        payload,
        metadata: &[],
        timeout: None,
    }
}

/// The request that copies a file of 1 MiB whole, so that the agent keeps one chunk.
fn chunk() -> Vec<u8> {
    let mut request = Vec::new();
    let varint = |field: u8, number: usize, request: &mut Vec<u8>| {
        request.push(field << 3);
        let mut rest = number;
        while rest > 0x7f {
            request.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        request.push(rest as u8);
    };
    request.extend([0x0a, TARGET.len() as u8]);
    request.extend_from_slice(TARGET.as_bytes());
    varint(2, MIB, &mut request);
    varint(3, 0o100_644, &mut request);
    varint(4, 0o750, &mut request);
    // The data's tag has another wire type.
    let mut data = Vec::new();
    varint(8, MIB, &mut data);
    if let Some(tag) = data.first_mut() {
        *tag |= 2;
    }
    request.extend(data);
    request.extend((0..MIB).map(|place| (place % 251) as u8));
    request
}

fn address(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

fn connect(address: &str) -> io::Result<Connection> {
    let address = address.parse().map_err(io::Error::other)?;
    let options = ConnectOptions {
        timeout: LIMIT,
        sim: None,
    };
    Connection::connect(&address, &options).map_err(io::Error::other)
}

/// A process of the tool that listens.
struct Running(Child);

impl Running {
    fn start(socket: &Path, listens: &[&str], arguments: &[&str]) -> io::Result<Running> {
        let child = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"))
            .args(listens)
            .arg(address(socket))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let running = Running(child);
        let until = Instant::now() + LIMIT;
        while !socket.exists() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
