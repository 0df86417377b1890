//! Calls of `grpc.Health/Check` in a second, one after the other and 64 at a
//! time: through the library's clients, the whole tool and the ttrpc crate's
//! clients, beside a loop that writes a frame made beforehand and reads the
//! answer. Run with `cargo bench --profile dist --bench calls [-- ROUNDS]`.

mod support;

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use kata_agent_ctl::client::{Address, Call, ConnectOptions, Connection, Multiplexer};
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use support::cpu::{self, Placement, pin};
use support::server::{self, Server};
use support::turns::{Variant, compare, rounds};
use support::{CHECK, HEADER_LENGTH, NOT_SERVING, SERVING, request_frame};
use tokio::runtime::{Builder, Runtime};
use ttrpc::proto::Request;

const CALLS: u32 = 50_000;
const IN_FLIGHT: u32 = 64;
const USUAL_ROUNDS: usize = 15;
const ANSWER_LENGTH: usize = HEADER_LENGTH + SERVING.len();
const CALL: Call<'static> = Call {
    service: "grpc.Health",
    method: "Check",
    payload: &[],
    metadata: &[],
    timeout: None,
};

fn main() -> io::Result<()> {
    server::serve_if_asked()?;
    for placement in cpu::placements()? {
        let server = Server::start(placement.server, &[SERVING])?;
        let changing = Server::start(placement.server, &[SERVING, NOT_SERVING])?;
        pin(placement.client)?;
        one_by_one(&server, &changing, placement)?;
        many_at_a_time(&server, placement)?;
    }
    Ok(())
}

fn one_by_one(server: &Server, changing: &Server, placement: Placement) -> io::Result<()> {
    let frame = request_frame(CHECK);
    let mut bare_stream = server.connect()?;
    let mut raw_stream = server.connect_raw(frame.len(), ANSWER_LENGTH)?;
    let mut connection = library(server)?;
    let sync = ttrpc::Client::connect(&server.uri()).map_err(io::Error::other)?;
    let runtime = runtime()?;
    let asynchronous = asynchronous(server, &runtime)?;
    let variants = vec![
        Variant::new("bare loop", || {
            bare(&mut bare_stream, &mut frame.clone(), 1)
        }),
        Variant::new("socket, same byte counts", || {
            for _ in 0..CALLS {
                raw_stream.write_all(&frame)?;
                raw_stream.read_exact(&mut [0; ANSWER_LENGTH])?;
            }
            Ok(())
        }),
        Variant::new("library", || calls(&mut connection, None)),
        Variant::new("tool, printing", || tool(server, placement, true)),
        Variant::new("tool, answers that differ", || {
            tool(changing, placement, true)
        }),
        Variant::new("tool, reader waiting", || tool(server, placement, false)),
        Variant::new("ttrpc crate, sync", || {
            for _ in 0..CALLS {
                sync.request(request()).map_err(io::Error::other)?;
            }
            Ok(())
        }),
        Variant::new("ttrpc crate, async", || {
            runtime.block_on(async_calls(asynchronous.clone(), CALLS))
        }),
        Variant::new("bare loop again", || {
            bare(&mut server.connect()?, &mut frame.clone(), 1)
        }),
    ];
    let title = format!("sequential calls, {}", placement.name);
    let amount = (f64::from(CALLS), "calls/s");
    compare(&title, amount, rounds(USUAL_ROUNDS), variants)?;
    // The deadline of a call is watched in another way.
    let mut bare_stream = server.connect()?;
    let mut connection = library(server)?;
    let variants = vec![
        Variant::new("bare loop", || {
            bare(&mut bare_stream, &mut frame.clone(), 1)
        }),
        Variant::new("library, 5 s timeout", || {
            calls(&mut connection, Some(Duration::from_secs(5)))
        }),
    ];
    compare("with a deadline", amount, rounds(USUAL_ROUNDS), variants)
}

fn many_at_a_time(server: &Server, placement: Placement) -> io::Result<()> {
    let frame = request_frame(CHECK);
    let mut bare_stream = server.connect()?;
    let mut multiplexer =
        Multiplexer::connect(&address(server)?, &OPTIONS).map_err(io::Error::other)?;
    let runtime = runtime()?;
    let asynchronous = asynchronous(server, &runtime)?;
    let variants = vec![
        Variant::new("ttrpc crate, async", || {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..IN_FLIGHT)
                    .map(|_| tokio::spawn(async_calls(asynchronous.clone(), CALLS / IN_FLIGHT)))
                    .collect();
                for task in tasks {
                    task.await.map_err(io::Error::other)??;
                }
                Ok(())
            })
        }),
        Variant::new("library", || multiplexed(&mut multiplexer)),
        Variant::new("tool, bench sub-command", || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"));
            command.args(["bench", "--server-address", &server.uri(), "-c", "Check"]);
            command.args(["--in-flight", &IN_FLIGHT.to_string()]);
            command.args(["--calls", &CALLS.to_string()]);
            succeeded(
                command
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .status()?,
            )
        }),
        Variant::new("bare loop", || {
            bare(&mut bare_stream, &mut frame.clone(), IN_FLIGHT as usize)
        }),
    ];
    let title = format!("{IN_FLIGHT} calls in flight, {}", placement.name);
    let amount = (f64::from(CALLS), "calls/s");
    compare(&title, amount, rounds(USUAL_ROUNDS), variants)
}

const OPTIONS: ConnectOptions = ConnectOptions {
    timeout: Duration::from_secs(3),
    sim: None,
};

fn address(server: &Server) -> io::Result<Address> {
    server.uri().parse().map_err(io::Error::other)
}

fn library(server: &Server) -> io::Result<Connection> {
    Connection::connect(&address(server)?, &OPTIONS).map_err(io::Error::other)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn asynchronous(server: &Server, runtime: &Runtime) -> io::Result<ttrpc::r#async::Client> {
    let uri = server.uri();
    let client = runtime.block_on(ttrpc::r#async::Client::connect(&uri));
    client.map_err(io::Error::other)
}

fn request() -> Request {
    Request {
        service: CALL.service.to_owned(),
        method: CALL.method.to_owned(),
        ..Default::default()
    }
}

/// Writes as many frames at once, and reads as many answers.
fn bare(stream: &mut UnixStream, frame: &mut [u8], at_once: usize) -> io::Result<()> {
    let mut frames = frame.repeat(at_once);
    let mut answers = vec![0; ANSWER_LENGTH * at_once];
    let mut stream_id = 1u32;
    for _ in 0..CALLS as usize / at_once {
        for frame in frames.chunks_exact_mut(frame.len()) {
            frame[4..8].copy_from_slice(&stream_id.to_be_bytes());
            stream_id += 2;
        }
        stream.write_all(&frames)?;
        stream.read_exact(&mut answers)?;
    }
    Ok(())
}

fn calls(connection: &mut Connection, timeout: Option<Duration>) -> io::Result<()> {
    let call = Call { timeout, ..CALL };
    for _ in 0..CALLS {
        connection.call(&call).map_err(io::Error::other)?;
    }
    Ok(())
}

async fn async_calls(client: ttrpc::r#async::Client, count: u32) -> io::Result<()> {
    for _ in 0..count {
        client.request(request()).await.map_err(io::Error::other)?;
    }
    Ok(())
}

fn multiplexed(multiplexer: &mut Multiplexer<()>) -> io::Result<()> {
    let (mut begun, mut done) = (0, 0);
    while done < CALLS {
        while begun - done < IN_FLIGHT && begun < CALLS {
            multiplexer.start(&CALL, ()).map_err(io::Error::other)?;
            begun += 1;
        }
        multiplexer.send().map_err(io::Error::other)?;
        let events = match multiplexer.is_sending() {
            true => PollFlags::POLLIN | PollFlags::POLLOUT,
            false => PollFlags::POLLIN,
        };
        let mut polled = [PollFd::new(multiplexer.as_fd(), events)];
        poll(&mut polled, PollTimeout::NONE)?;
        let mut failed = None;
        let received = multiplexer.receive(|(), answer| {
            done += 1;
            failed = answer.err().or(failed.take());
        });
        received.map_err(io::Error::other)?;
        if let Some(error) = failed {
            return Err(io::Error::other(error));
        }
    }
    Ok(())
}

/// The whole tool, its start included. A reader that waits for each line has to be
/// woken by each; one that comes now and then, as a file does, leaves that out.
fn tool(server: &Server, placement: Placement, now_and_then: bool) -> io::Result<()> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"))
        .args(["connect", "--server-address", &server.uri(), "-c", "Check"])
        .args(["-o", "jsonl", "--repeat", &CALLS.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take();
    let reader = thread::spawn(move || match output {
        Some(output) => lines(output, placement.other, now_and_then),
        None => Ok(0),
    });
    succeeded(child.wait()?)?;
    let count = reader.join().unwrap_or(Ok(0))?;
    match count == CALLS as usize {
        true => Ok(()),
        false => Err(io::Error::other(format!("{count} lines for {CALLS} calls"))),
    }
}

/// Reads to the end, and counts the lines.
fn lines(mut output: ChildStdout, cpu: usize, now_and_then: bool) -> io::Result<usize> {
    pin(cpu)?;
    fcntl(&output, FcntlArg::F_SETPIPE_SZ(1 << 20))?;
    let mut buffer = vec![0; 1 << 20];
    let mut count = 0;
    loop {
        if now_and_then {
            thread::sleep(Duration::from_millis(2));
        }
        match output.read(&mut buffer)? {
            0 => return Ok(count),
            length => count += buffer[..length].iter().filter(|&&it| it == b'\n').count(),
        }
    }
}

fn succeeded(status: std::process::ExitStatus) -> io::Result<()> {
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("the tool ended with {status}"))),
    }
}
