//! A simulated agent with many clients, and many calls at once.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::served::{Served, serve, serve_by};
use crate::tool::program;
use crate::wire::{frame, read_frame};

/// A connection that a test gives up on if nothing comes.
fn connect(served: &Served) -> UnixStream {
    let path = served.address();
    let path = Path::new(path.trim_start_matches("unix://"));
    let socket = UnixStream::connect(path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket
}

/// A request without payload.
pub(crate) fn call(stream: &mut UnixStream, id: u32, service: &str, method: &str) {
    try_call(stream, id, service, method).unwrap();
}

/// The same, unless nobody takes it.
pub(crate) fn try_call(
    stream: &mut UnixStream,
    id: u32,
    service: &str,
    method: &str,
) -> io::Result<()> {
    let mut data = Vec::new();
    for (tag, text) in [(0x0a, service), (0x12, method)] {
        data.extend([tag, u8::try_from(text.len()).unwrap()]);
        data.extend(text.as_bytes());
    }
    stream.write_all(&frame(id, 1, 0, &data))
}

fn check(stream: &mut UnixStream, id: u32) {
    call(stream, id, "grpc.Health", "Check");
}

/// The resident memory of a process in KiB.
fn memory(served: &Served) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits: String = line.unwrap().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// The files that a process has open.
fn files(served: &Served) -> usize {
    let folder = format!("/proc/{}/fd", served.id());
    std::fs::read_dir(folder).unwrap().count()
}

/// More files than the agent has open without connections.
const FEW: usize = 100;

/// Makes so many calls on each of so many connections, which then end for the agent
/// too.
fn load(served: &Served, connections: usize, calls: u32) {
    let mut clients: Vec<_> = (0..connections).map(|_| connect(served)).collect();
    for client in &mut clients {
        for id in 0..calls {
            check(client, 2 * id + 1);
        }
    }
    for client in &mut clients {
        for _ in 0..calls {
            read_frame(client).unwrap();
        }
    }
    drop(clients);
    let start = Instant::now();
    while files(served) > FEW {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn memory_stays_flat_under_many_connections_and_calls() {
    let served = serve(&["--fail", "Check[1%] 5", "--seed", "1"]);
    served.listening();
    load(&served, 500, 8);
    let before = memory(&served);
    for _ in 0..5 {
        load(&served, 500, 8);
    }
    let after = memory(&served);
    assert!(after < before + 8 * 1024, "{before} KiB, then {after} KiB");
    let (status, lines, said) = served.end(Signal::SIGTERM);
    assert_eq!((status, lines.len(), said.len()), (Some(0), 24_000, 0));
}

#[test]
fn thousands_of_blocked_calls_starve_nobody_and_end_at_once() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let served = serve(&["--delay", "Version 1h"]);
        served.listening();
        let mut blocked: Vec<_> = (0..100).map(|_| connect(&served)).collect();
        for client in &mut blocked {
            for id in 0..50 {
                call(client, 2 * id + 1, "grpc.Health", "Version");
            }
        }
        // On a connection of its own, and on one with blocked calls.
        let mut other = connect(&served);
        check(&mut other, 1);
        assert_eq!(read_frame(&mut other).unwrap().0, 1);
        for client in &mut blocked {
            check(client, 1001);
            assert_eq!(read_frame(client).unwrap().0, 1001);
        }
        let start = Instant::now();
        let (status, lines, _) = served.end(signal);
        // Far less than a call takes to end by itself.
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(status, Some(0));
        let given_up = lines.iter().filter(|line| line["given_up"] == true);
        assert_eq!((given_up.count(), lines.len()), (5000, 5101));
        for mut client in blocked {
            assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
        }
    }
}

#[test]
fn more_clients_than_files_wait_for_their_turn() {
    let limited = ["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\"", program()];
    let served = serve_by(&limited, &[]);
    served.listening();
    let mut clients: Vec<_> = (0..40).map(|_| connect(&served)).collect();
    for client in &mut clients {
        check(client, 1);
    }
    // Each gets its answer when those before it have left.
    for mut client in clients {
        assert_eq!(read_frame(&mut client).unwrap().0, 1);
    }
    let (status, lines, said) = served.end(Signal::SIGTERM);
    assert_eq!((status, lines.len()), (Some(0), 40));
    let warning = "warning: there are as many connections as the limit of open files allows; \
                   more wait until one ends";
    assert_eq!(said, [warning]);
}

#[test]
fn the_agent_ends_and_is_back_after_destroying_its_sandbox() {
    let served = serve(&["--delay", "Version 1h"]);
    served.listening();
    let mut other = connect(&served);
    call(&mut other, 1, "grpc.Health", "Version");
    check(&mut other, 3);
    assert_eq!(read_frame(&mut other).unwrap().0, 3);
    served
        .call(&["CreateSandbox", "DestroySandbox"])
        .run()
        .succeeded();
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
    // Nothing is left of the first.
    served.call(&["CreateSandbox"]).run().succeeded();
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}
