//! The proxy between two sides that do not behave, and between very many: bytes pass the same,
//! it lives, and its memory and its open files stay bounded.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::foreign::play;
use crate::many_clients::call;
use crate::served::{Served, proxy, serve};
use crate::tool::tool;
use crate::wire::{Listener, frame, read_frame};

const COLD_PLUG: &str = include_str!("../shim/cold-plug.jsonl");
/// How long a test waits for what it expects.
const LIMIT: Duration = Duration::from_secs(60);
/// What the proxy may take of this machine's memory, in KiB, whatever its sides do.
const MEMORY: u64 = 320 << 10;

fn path_of(served: &Served) -> PathBuf {
    let address = served.address();
    address.strip_prefix("unix://").unwrap().into()
}

fn open(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// The most memory that a proxy has taken, in KiB.
pub(crate) fn peak_memory(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

fn files(served: &Served) -> usize {
    let folder = format!("/proc/{}/fd", served.id());
    fs::read_dir(folder).unwrap().count()
}

#[track_caller]
fn ends_well(proxy: Served) {
    let peak = peak_memory(&proxy);
    assert!(peak < MEMORY, "{peak} KiB");
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
}

/// What passed in each direction.
type Passed = Arc<[Mutex<Vec<u8>>; 2]>;

/// Stands before an address, writes each byte on its own, and keeps what passes.
fn byte_by_byte(to: PathBuf) -> (Listener, Passed) {
    let passed = Passed::default();
    let kept = Arc::clone(&passed);
    let listener = Listener::start(move |_, client| {
        let server = open(&to);
        let ways = [
            (client.try_clone().unwrap(), server.try_clone().unwrap()),
            (server, client),
        ];
        thread::scope(|scope| {
            for (index, (mut from, mut to)) in ways.into_iter().enumerate() {
                let kept = Arc::clone(&kept);
                scope.spawn(move || {
                    let mut buffer = [0; 64 << 10];
                    while let Ok(length @ 1..) = from.read(&mut buffer) {
                        kept[index].lock().unwrap().extend(&buffer[..length]);
                        for byte in buffer[..length].chunks(1) {
                            let _ = to.write_all(byte);
                        }
                    }
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        });
    });
    (listener, passed)
}

#[test]
fn a_pods_life_passes_byte_for_byte_when_each_byte_is_written_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let served = serve(&[]);
    served.listening();
    let (behind, at_agent) = byte_by_byte(path_of(&served));
    let proxy = proxy(&["--to", &behind.address(), "-w", &file]);
    proxy.listening();
    let (before, at_runtime) = byte_by_byte(path_of(&proxy));
    let calls = play(&before.path, "CONNECT 1024\n", COLD_PLUG);
    let failed = calls.iter().filter(|call| call.answer.is_err()).count();
    assert_eq!(failed, 1, "{calls:?}");
    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!((status, said), (Some(0), vec![]));
    assert_eq!(lines.len(), calls.len());
    for direction in 0..2 {
        let one = at_runtime[direction].lock().unwrap();
        let other = at_agent[direction].lock().unwrap();
        assert!(!one.is_empty() && *one == *other, "direction {direction}");
    }
    tool(["diff", &file, &file]).test();
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

/// What a side says that does not behave.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let header = |length: u32, kind: u8| {
        let mut bytes = frame(1, kind, 0, b"");
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    let deep = b"\x9b\x06".repeat(100_000);
    let random: Vec<u8> = (0..300_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    vec![
        ("nothing", vec![]),
        ("a part of a header", vec![0, 0, 0, 9, 0]),
        ("a header without its data", header(4 << 20, 1)),
        ("a frame that is too long", header((4 << 20) + 1, 1)),
        ("the longest that a header can say", header(u32::MAX, 2)),
        ("a type that there is not", frame(1, 9, 0, b"abc")),
        ("a request that is none", frame(1, 1, 0, b"\xff\xff\xff")),
        ("an answer to nobody", frame(7, 2, 0, b"\x12\x00")),
        ("data of no stream", frame(7, 3, 255, b"abc")),
        ("an even stream", frame(2, 1, 0, b"\x0a\x01x\x12\x01y")),
        ("deep groups", frame(1, 1, 0, &deep)),
        (
            "the largest frame of zeros",
            frame(1, 2, 0, &vec![0; 4 << 20]),
        ),
        (
            "two million empty messages in an answer",
            [
                frame(1, 1, 0, b"\x0a\x11grpc.AgentService\x12\x0eListInterfaces"),
                frame(1, 2, 0, &b"\x12\xfe\xff\x7f\x0a\x00".repeat(500_000)),
            ]
            .concat(),
        ),
        (
            "two million empty messages in a request",
            frame(
                1,
                1,
                0,
                &[
                    &b"\x0a\x11grpc.AgentService\x12\x0fCreateContainer\x1a\x80\x80\xfc\x01"[..],
                    &b"\x22\x00".repeat(0x3f_0000 / 2),
                ]
                .concat(),
            ),
        ),
        (
            "two million empty pairs of metadata",
            frame(1, 1, 0, &b"\x2a\x00".repeat(2 << 20)),
        ),
        (
            "names that are long",
            frame(
                1,
                1,
                0,
                &[&b"\x0a\x80\x80\x40"[..], &vec![b'x'; 1 << 20]].concat(),
            ),
        ),
        (
            "a line without an end",
            [b"CONNECT ", &[b'1'; 9000][..]].concat(),
        ),
        (
            "a handshake with a port too large",
            b"CONNECT 99999999999\n".to_vec(),
        ),
        ("a handshake with no port", b"connect \n".to_vec()),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("random bytes", random),
        (
            "ten thousand calls that nobody answers",
            (0..10_000)
                .flat_map(|n| frame(2 * n + 1, 1, 0, b"\x0a\x0bgrpc.Health\x12\x05Check"))
                .collect(),
        ),
    ]
}

#[test]
fn a_hostile_side_is_passed_on_as_it_is_and_the_proxy_lives() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let address = format!("unix://{}", path.display());
    let proxy = proxy(&["--to", &address, "-w", &file]);
    proxy.listening();
    let says_and_hears = |mut end: UnixStream, bytes: Vec<u8>| {
        thread::spawn(move || {
            let mut other = end.try_clone().unwrap();
            let reads = thread::spawn(move || {
                let mut came = Vec::new();
                other.read_to_end(&mut came).map(|_| came)
            });
            end.write_all(&bytes).unwrap();
            end.shutdown(Shutdown::Write).unwrap();
            reads.join().unwrap().unwrap()
        })
    };
    // Each as a runtime and as a guest, against each other.
    let rows = hostile();
    for (index, (name, there)) in rows.iter().enumerate() {
        let (other, back) = &rows[(index * 7 + 3) % rows.len()];
        let client = open(&path_of(&proxy));
        let (agent, _) = behind.accept().unwrap();
        agent.set_read_timeout(Some(LIMIT)).unwrap();
        let client = says_and_hears(client, there.clone());
        let agent = says_and_hears(agent, back.clone());
        assert!(agent.join().unwrap() == *there, "{name}, before {other}");
        assert!(client.join().unwrap() == *back, "{other}, behind {name}");
    }
    // What came after is passed and seen.
    let served = serve(&[]);
    served.listening();
    ends_well(proxy);
    let shown = tool(["show", "-o", "jsonl", &file])
        .memory(256 << 20)
        .run()
        .succeeded()
        .text();
    assert!(shown.lines().count() > 10_000);
}

#[test]
fn sides_that_go_in_the_middle_leave_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let proxy = proxy(&["--to", &format!("unix://{}", path.display())]);
    proxy.listening();
    let before = files(&proxy);
    let part = &frame(1, 1, 0, &[0; 100])[..50];
    for round in 0..200 {
        let mut client = open(&path_of(&proxy));
        let (mut agent, _) = behind.accept().unwrap();
        client.write_all(part).unwrap();
        agent.write_all(part).unwrap();
        // With bytes that nobody has read, so that one side is reset.
        match round % 4 {
            0 => drop(client),
            1 => drop(agent),
            2 => client.shutdown(Shutdown::Both).unwrap(),
            _ => agent.shutdown(Shutdown::Both).unwrap(),
        }
    }
    let until = Instant::now() + LIMIT;
    while files(&proxy) > before {
        assert!(Instant::now() < until, "{} files", files(&proxy));
        thread::sleep(Duration::from_millis(5));
    }
    ends_well(proxy);
}

#[test]
fn hundreds_of_connections_are_served_at_once() {
    const CONNECTIONS: usize = 600;
    const CALLS: u32 = 4;
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    let before = files(&proxy);
    for _ in 0..2 {
        let path = path_of(&proxy);
        let mut clients: Vec<_> = (0..CONNECTIONS).map(|_| open(&path)).collect();
        for client in &mut clients {
            for id in 0..CALLS {
                call(client, 2 * id + 1, "grpc.Health", "Check");
            }
        }
        for client in &mut clients {
            for _ in 0..CALLS {
                assert!(read_frame(client).unwrap().1.ends_with(b"\x12\x02\x08\x01"));
            }
        }
    }
    let until = Instant::now() + LIMIT;
    while files(&proxy) > before {
        assert!(Instant::now() < until, "{} files", files(&proxy));
        thread::sleep(Duration::from_millis(5));
    }
    let peak = peak_memory(&proxy);
    assert!(peak < MEMORY, "{peak} KiB");
    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!((status, said), (Some(0), vec![]));
    let calls = 2 * CONNECTIONS * CALLS as usize;
    let answered = lines.iter().filter(|line| line["status"]["code"] == 0);
    assert_eq!((lines.len(), answered.count()), (calls, calls));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

/// Sends as much of these bytes as is taken.
fn push(mut to: &UnixStream, bytes: &[u8]) {
    to.set_write_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    // The rest is taken when there is room for it.
    let _ = to.write_all(bytes);
}

/// Makes a call on a connection of its own, which is answered whatever the others do.
fn is_answered(path: &Path) {
    let mut client = open(path);
    call(&mut client, 1, "grpc.Health", "Check");
    assert!(
        read_frame(&mut client)
            .unwrap()
            .1
            .ends_with(b"\x12\x02\x08\x01")
    );
}

#[test]
fn with_rules_frames_that_come_in_part_do_not_fill_the_memory_nor_hold_up_small_calls() {
    const CONNECTIONS: usize = 100;
    const LARGE: usize = 4_000_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let address = format!("unix://{}", path.display());
    let proxy = proxy(&["--to", &address, "--delay", "Version 1ms"]);
    proxy.listening();
    let (request, answer) = (frame(1, 1, 0, &[1; LARGE]), frame(1, 2, 0, &[2; LARGE]));
    let mut ends = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = open(&path_of(&proxy));
        push(&client, &request[..LARGE]);
        let (agent, _) = behind.accept().unwrap();
        ends.push((client, agent));
        let mut client = open(&path_of(&proxy));
        call(&mut client, 1, "grpc.Health", "Version");
        let (mut agent, _) = behind.accept().unwrap();
        read_frame(&mut agent).unwrap();
        push(&agent, &answer[..LARGE]);
        ends.push((client, agent));
    }
    // What is small passes, and a large frame does once there is room for it.
    let mut client = open(&path_of(&proxy));
    call(&mut client, 1, "grpc.Health", "Check");
    let (mut agent, _) = behind.accept().unwrap();
    agent.set_read_timeout(Some(LIMIT)).unwrap();
    assert!(read_frame(&mut agent).unwrap().1.ends_with(b"Check"));
    agent
        .write_all(&frame(1, 2, 0, b"\x12\x02\x08\x01"))
        .unwrap();
    assert!(
        read_frame(&mut client)
            .unwrap()
            .1
            .ends_with(b"\x12\x02\x08\x01")
    );
    let sending = thread::spawn(move || client.write_all(&request).map(|()| client));
    drop(ends);
    assert_eq!(read_frame(&mut agent).unwrap().1.len(), LARGE);
    let mut rest = vec![(sending.join().unwrap().unwrap(), agent)];
    // Connections that have passed large frames, and say nothing more, hold nobody up.
    for _ in 0..CONNECTIONS {
        let mut client = open(&path_of(&proxy));
        call(&mut client, 1, "grpc.Health", "Check");
        let (mut agent, _) = behind.accept().unwrap();
        read_frame(&mut agent).unwrap();
        let answer = answer.clone();
        let sending = thread::spawn(move || agent.write_all(&answer).map(|()| agent));
        assert_eq!(read_frame(&mut client).unwrap().1.len(), LARGE);
        rest.push((client, sending.join().unwrap().unwrap()));
    }
    ends_well(proxy);
}

#[test]
fn hundreds_of_requests_that_come_in_part_do_not_fill_the_memory_of_a_simulated_agent() {
    const CONNECTIONS: usize = 200;
    const LARGE: usize = 4_000_000;
    let served = serve(&[]);
    served.listening();
    let path = path_of(&served);
    let request = frame(1, 1, 0, &[1; LARGE]);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let client = open(&path);
            push(&client, &request[..LARGE]);
            client
        })
        .collect();
    is_answered(&path);
    let peak = peak_memory(&served);
    assert!(peak < 2 * MEMORY, "{peak} KiB");
    drop(clients);
    is_answered(&path);
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn hundreds_of_frames_that_come_in_part_are_passed_and_do_not_fill_the_memory() {
    const CONNECTIONS: usize = 200;
    const LARGEST: usize = 4 << 20;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let address = format!("unix://{}", path.display());
    let proxy = proxy(&["--to", &address, "-w", &file]);
    proxy.listening();
    let passes = |mut from: &UnixStream, mut to: &UnixStream, bytes: &[u8]| {
        thread::scope(|scope| {
            scope.spawn(move || from.write_all(bytes).unwrap());
            let mut came = vec![0; bytes.len()];
            to.read_exact(&mut came).unwrap();
            assert!(came == bytes);
        });
    };
    let (there, back) = (
        frame(1, 1, 0, &vec![1; LARGEST]),
        frame(1, 2, 0, &vec![2; LARGEST]),
    );
    let (there, back) = (there.split_last().unwrap(), back.split_last().unwrap());
    let ends: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let client = open(&path_of(&proxy));
            let (agent, _) = behind.accept().unwrap();
            agent.set_read_timeout(Some(LIMIT)).unwrap();
            passes(&client, &agent, there.1);
            passes(&agent, &client, back.1);
            (client, agent)
        })
        .collect();
    // Each frame comes to its end, and calls behind it are seen.
    for (client, agent) in &ends {
        passes(client, agent, &[*there.0]);
        passes(agent, client, &[*back.0]);
        let call = frame(3, 1, 0, b"\x0a\x0bgrpc.Health\x12\x05Check");
        passes(client, agent, &call[..20]);
        passes(client, agent, &call[20..]);
        passes(agent, client, &frame(3, 2, 0, b"\x12\x02\x08\x01"));
    }
    let peak = peak_memory(&proxy);
    assert!(peak < MEMORY, "{peak} KiB");
    drop(ends);
    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!(status, Some(0));
    // The lines of the largest frames may have left no room for others.
    assert!(!lines.is_empty());
    let warning = "frames passed that are not in the log: they came faster than they could be \
                   written, or too many came in part";
    assert!(said.iter().any(|line| line.ends_with(warning)), "{said:?}");
    let text = fs::read_to_string(&file).unwrap();
    let left_out = text
        .lines()
        .filter(|line| line.contains("\"kind\":\"lost\""));
    assert!(left_out.count() > 2 * CONNECTIONS - 40);
    let calls = text
        .lines()
        .filter(|line| line.contains("\"method\":\"Check\""));
    // Requests and answers.
    assert_eq!(calls.count(), 2 * CONNECTIONS);
}

#[test]
fn large_calls_on_many_connections_that_nobody_answers_do_not_fill_the_memory() {
    const CONNECTIONS: usize = 100;
    const WORKERS: usize = 4;
    const ROUNDS: usize = 100;
    const PART: usize = 256 << 10;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let address = format!("unix://{}", path.display());
    let proxy = proxy(&["--to", &address, "-w", &file]);
    proxy.listening();
    let mut clients: Vec<UnixStream> = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(open(&path_of(&proxy)));
        let (mut agent, _) = behind.accept().unwrap();
        thread::spawn(move || std::io::copy(&mut agent, &mut std::io::sink()));
    }
    // Parts of the frames of all connections come in turn, so that many are there in part.
    let content = [
        b"\x0a\x11grpc.AgentService\x12\x08CopyFile",
        &[0; 4_000_000][..],
    ]
    .concat();
    let call = frame(1, 1, 0, &content);
    thread::scope(|scope| {
        for clients in clients.chunks(CONNECTIONS / WORKERS) {
            let call = &call;
            scope.spawn(move || {
                for part in call.chunks(PART).cycle().take(ROUNDS) {
                    for mut client in clients {
                        client.write_all(part).unwrap();
                    }
                }
            });
        }
    });
    ends_well(proxy);
}

#[test]
fn sides_that_read_nothing_do_not_fill_the_memory() {
    const CONNECTIONS: usize = 300;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let behind = UnixListener::bind(&path).unwrap();
    let proxy = proxy(&["--to", &format!("unix://{}", path.display())]);
    proxy.listening();
    let before = files(&proxy);
    let ends: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let mut client = open(&path_of(&proxy));
            let (mut agent, _) = behind.accept().unwrap();
            for end in [&mut client, &mut agent] {
                end.set_nonblocking(true).unwrap();
                // As much as goes in until nothing does any more.
                let mut still = 0;
                while still < 5 {
                    match end.write(&[0xff; 64 << 10]) {
                        Ok(_) => still = 0,
                        Err(_) => still += 1,
                    }
                    thread::sleep(Duration::from_micros(500));
                }
                end.set_nonblocking(false).unwrap();
            }
            (client, agent)
        })
        .collect();
    // Somebody else's bytes pass.
    let mut client = open(&path_of(&proxy));
    let (mut agent, _) = behind.accept().unwrap();
    client.write_all(&[7; 100_000]).unwrap();
    let mut came = vec![0; 100_000];
    agent.read_exact(&mut came).unwrap();
    assert!(came == [7; 100_000]);
    drop((client, agent, ends));
    let until = Instant::now() + LIMIT;
    while files(&proxy) > before {
        assert!(Instant::now() < until, "{} files", files(&proxy));
        thread::sleep(Duration::from_millis(5));
    }
    ends_well(proxy);
}

#[test]
fn a_runtime_dials_thousands_of_times_while_its_guest_boots() {
    const DIALS: usize = 5000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    // It takes connections and closes them, as a hypervisor does whose guest boots.
    let behind = UnixListener::bind(&path).unwrap();
    let hypervisor = thread::spawn(move || {
        for _ in 0..DIALS {
            let (mut dialled, _) = behind.accept().unwrap();
            dialled.read_exact(&mut [0; 13]).unwrap();
        }
        let (mut dialled, _) = behind.accept().unwrap();
        dialled.read_exact(&mut [0; 13]).unwrap();
        dialled.write_all(b"OK 1024\n").unwrap();
        dialled
    });
    let proxy = proxy(&["--to", &format!("unix://{}", path.display())]);
    proxy.listening();
    let path = path_of(&proxy);
    let dial = || {
        let mut client = open(&path);
        client.write_all(b"CONNECT 1024\n").unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\n") && matches!(client.read(&mut byte), Ok(1)) {
            answer.extend(byte);
        }
        (client, answer)
    };
    for number in 0..DIALS {
        assert_eq!(dial().1, b"", "dial {number}");
    }
    let (client, answer) = dial();
    assert_eq!(answer, b"OK 1024\n");
    drop(client);
    drop(hypervisor.join().unwrap());
    ends_well(proxy);
}
