//! Whole-process time of `connect -c Check` over a Unix socket, beside a bare
//! Rust program that sends the same bytes and prints an answer as long. Both
//! run in turn, so that a noisy machine disturbs both alike; what counts is the
//! ratio. Run with `cargo bench --profile dist --bench process`.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 1000;
const BARE: &str = "bare";

/// The frame of `grpc.Health/Check` with an empty request, as the tool sends it.
const REQUEST: &[u8] = b"\x00\x00\x00\x14\x00\x00\x00\x01\x01\x00\x0a\x0bgrpc.Health\x12\x05Check";
/// The frame of its answer: status SERVING.
const RESPONSE: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x01\x02\x00\x12\x02\x08\x01";
const PRINTED: &[u8] = b"{\n  \"status\": \"SERVING\"\n}\n";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, path] = arguments.as_slice()
        && role == BARE
    {
        return bare(Path::new(path));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path)?;
    std::thread::spawn(move || serve(&listener));
    let this = std::env::current_exe()?;
    let address = format!("unix://{}", path.display());
    let (mut tool_times, mut bare_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"));
        tool.args(["connect", "--server-address", &address, "-c", "Check"]);
        tool_times.push(run(&mut tool)?);
        bare_times.push(run(Command::new(&this).arg(BARE).arg(&path))?);
    }
    let (tool, bare) = (median(tool_times), median(bare_times));
    println!("connect -c Check   median {tool:?} over {ROUNDS} runs");
    println!("bare program       median {bare:?} over {ROUNDS} runs");
    println!(
        "ratio              {:.2}",
        tool.as_secs_f64() / bare.as_secs_f64()
    );
    Ok(())
}

/// One connection, one frame each way, one write to standard output.
fn bare(path: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(REQUEST)?;
    let mut response = [0; RESPONSE.len()];
    stream.read_exact(&mut response)?;
    io::stdout().write_all(PRINTED)
}

fn serve(listener: &UnixListener) -> io::Result<()> {
    let mut request = [0; 4096];
    for stream in listener.incoming() {
        let mut stream = stream?;
        if stream.read(&mut request)? > 0 {
            stream.write_all(RESPONSE)?;
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> io::Result<Duration> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let time = started.elapsed();
    if output.stdout != PRINTED {
        let printed = String::from_utf8_lossy(&output.stdout);
        return Err(io::Error::other(format!("unexpected output {printed:?}")));
    }
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
