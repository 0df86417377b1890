//! `CopyFile` in chunks of 1 MiB, from a file in the page cache to a socket, in
//! MB/s: through the library's client and the whole tool, beside a loop that
//! reads the file and writes frames made beforehand; and the tool's memory for
//! a small and a large file. Run with
//! `cargo bench --profile dist --bench copy [-- ROUNDS]`.

mod support;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kata_agent_ctl::client::{Call, ConnectOptions, Connection};
use support::cpu::{self, pin};
use support::server::{self, Server};
use support::turns::{Variant, compare, rounds};
use support::{HEADER_LENGTH, memory, request_frame};

const MIB: usize = 1 << 20;
const CHUNKS: usize = 1024;
const USUAL_ROUNDS: usize = 15;
const SERVICE: &str = "grpc.AgentService";
const METHOD: &str = "CopyFile";
/// Where the agent takes files; the other fields have 64 bytes with it, about.
const TARGET: &str = "/run/kata-containers/shared/containers/file";
/// As long as the other fields of a chunk's request and the tag of its data.
const FIELDS: [u8; 64] = [0; 64];
/// The answer: no status, no payload.
const ANSWER: &[u8] = b"";

fn main() -> io::Result<()> {
    server::serve_if_asked()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("file");
    let content: Vec<u8> = (0..MIB).map(|place| (place % 251) as u8).collect();
    let mut file = File::create(&path)?;
    for _ in 0..CHUNKS {
        file.write_all(&content)?;
    }
    drop(file);
    for placement in cpu::placements()? {
        let server = Server::start(placement.server, &[ANSWER])?;
        pin(placement.client)?;
        let mut head = request_frame(&head_of_data());
        let length = u32::try_from(head.len() - HEADER_LENGTH + FIELDS.len() + MIB);
        head[..4].copy_from_slice(&length.map_err(io::Error::other)?.to_be_bytes());
        let mut bare_stream = server.connect()?;
        let mut raw_stream = server.connect_raw(MIB, HEADER_LENGTH)?;
        let address = server.uri().parse().map_err(io::Error::other)?;
        let options = ConnectOptions {
            timeout: Duration::from_secs(3),
            sim: None,
        };
        let mut connection = Connection::connect(&address, &options).map_err(io::Error::other)?;
        let variants = vec![
            Variant::new("bare loop", || bare(&mut bare_stream, &head, &path)),
            Variant::new("socket, same byte counts, no file", || {
                for _ in 0..CHUNKS {
                    raw_stream.write_all(&content)?;
                    raw_stream.read_exact(&mut [0; HEADER_LENGTH])?;
                }
                Ok(())
            }),
            Variant::new("library", || library(&mut connection, &path)),
            Variant::new("tool", || tool(&server, &path)),
        ];
        let title = format!("1 MiB CopyFile chunks, {}", placement.name);
        let amount = ((CHUNKS * MIB) as f64 / 1e6, "MB/s");
        compare(&title, amount, rounds(USUAL_ROUNDS), variants)?;
    }
    memory_for_sizes(folder.path())
}

/// What stands before the payload in a request.
fn head_of_data() -> Vec<u8> {
    let mut head = Vec::new();
    for (tag, text) in [(0x0a, SERVICE), (0x12, METHOD)] {
        head.extend([tag, text.len() as u8]);
        head.extend_from_slice(text.as_bytes());
    }
    head.push(0x1a);
    let mut rest = FIELDS.len() + MIB;
    while rest > 0x7f {
        head.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    head.push(rest as u8);
    head
}

fn bare(stream: &mut UnixStream, head: &[u8], path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let start = head.len() + FIELDS.len();
    let mut frame = vec![0; start + MIB];
    frame[..head.len()].copy_from_slice(head);
    for _ in 0..CHUNKS {
        file.read_exact(&mut frame[start..])?;
        stream.write_all(&frame)?;
        stream.read_exact(&mut [0; HEADER_LENGTH])?;
    }
    Ok(())
}

fn library(connection: &mut Connection, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut payload = vec![0; FIELDS.len() + MIB];
    for _ in 0..CHUNKS {
        file.read_exact(&mut payload[FIELDS.len()..])?;
        let call = Call {
            service: SERVICE,
            method: METHOD,
            payload: &payload,
            metadata: &[],
            timeout: None,
        };
        connection.call(&call).map_err(io::Error::other)?;
    }
    Ok(())
}

fn copy(server: &Server, path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"));
    command.args(["connect", "--server-address", &server.uri(), "-c"]);
    command.arg(format!("CopyFile src={} dest={TARGET}", path.display()));
    command
}

fn tool(server: &Server, path: &Path) -> io::Result<()> {
    let mut command = copy(server, path);
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("the tool ended with {status}"))),
    }
}

/// The files are empty but for their size, which takes no room on the disk.
fn memory_for_sizes(folder: &Path) -> io::Result<()> {
    let Some(placement) = cpu::placements()?.pop() else {
        return Ok(());
    };
    let server = Server::start(placement.server, &[ANSWER])?;
    println!("\npeak memory of the tool");
    for (name, mebibytes) in [("1 MiB file", 1), ("1 GiB file", 1024)] {
        let path = folder.join("sparse");
        File::create(&path)?.set_len(mebibytes * MIB as u64)?;
        let memory = memory::of(&mut copy(&server, &path))?;
        println!("{name:<34} {:>11} KiB", memory.peak);
    }
    Ok(())
}
