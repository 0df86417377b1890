//! The proxy: bytes pass unchanged both ways, whoever speaks and whatever is said, and what
//! passes is printed and recorded on the side.

use std::fs;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::cmsg_space;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::served::{Served, proxy, proxy_by, serve};
use crate::tool::{connect, program, tool};

/// How long a test waits for what it expects.
const LIMIT: Duration = Duration::from_secs(30);

/// What stands behind a proxy, played by the test.
struct Behind {
    folder: TempDir,
    listener: UnixListener,
}

impl Behind {
    fn new() -> Behind {
        let folder = TempDir::with_prefix("behind").unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        Behind { folder, listener }
    }

    fn uri(&self) -> String {
        format!("unix://{}", self.folder.path().join("s").display())
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A proxy before it, and the two ends of a connection through that.
    fn joined(&self, arguments: &[&str]) -> (Served, UnixStream, UnixStream) {
        let uri = self.uri();
        let arguments: Vec<&str> = ["--to", &uri].iter().chain(arguments).copied().collect();
        let proxy = proxy(&arguments);
        proxy.listening();
        let client = open(&proxy);
        let (agent, _) = self.listener.accept().unwrap();
        for end in [&client, &agent] {
            end.set_read_timeout(Some(LIMIT)).unwrap();
        }
        (proxy, client, agent)
    }
}

fn open(proxy: &Served) -> UnixStream {
    let address = proxy.address();
    UnixStream::connect(address.strip_prefix("unix://").unwrap()).unwrap()
}

fn all_of(mut end: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    end.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A frame.
fn frame(stream_id: u32, type_: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(&stream_id.to_be_bytes());
    frame.extend_from_slice(&[type_, 0]);
    frame.extend_from_slice(data);
    frame
}

/// The lines of a recording.
fn recorded(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn bytes_pass_as_they_came_wherever_they_are_cut() {
    let behind = Behind::new();
    let file = behind.file("calls");
    let (proxy, mut client, mut agent) = behind.joined(&["-w", &file]);
    let request = b"\x0a\x0bgrpc.Health\x12\x05Check";
    let there = [
        frame(1, 1, request),
        frame(3, 1, request),
        b"\xff\xff no frame".to_vec(),
    ]
    .concat();
    let back = [frame(1, 2, b"\x12\x02\x08\x01"), frame(3, 2, b"")].concat();
    let sent = there.clone();
    let writer = thread::spawn(move || {
        // Once cut at every byte.
        for byte in sent.chunks(1) {
            client.write_all(byte).unwrap();
            thread::sleep(Duration::from_micros(200));
        }
        client.shutdown(Shutdown::Write).unwrap();
        all_of(client)
    });
    let mut came = vec![0; there.len()];
    agent.read_exact(&mut came).unwrap();
    assert_eq!(came, there);
    // The end of one direction has passed, and the other one goes on.
    assert_eq!(agent.read(&mut [0]).unwrap(), 0);
    agent.write_all(&back).unwrap();
    drop(agent);
    assert_eq!(writer.join().unwrap(), back);

    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!((status, said), (Some(0), vec![]));
    assert_eq!(lines.len(), 2);
    for (line, response) in lines.iter().zip([r#"{"status":"SERVING"}"#, "{}"]) {
        assert_eq!(line["method"], "Check");
        assert_eq!(line["status"]["code"], 0);
        assert_eq!(line["response"].to_string(), response);
    }
    let lines = recorded(&file);
    let expected = [
        "recording",
        "open",
        "request",
        "request",
        "bytes",
        "response",
        "response",
        "close",
    ];
    // The last of the bytes come one by one.
    let mut found = kinds(&lines);
    found.dedup_by(|one, other| *one == "bytes" && *other == "bytes");
    assert_eq!(found, expected);
    let close = lines.last().unwrap();
    assert_eq!(close["bytes_to_agent"], there.len());
    assert_eq!(close["bytes_to_runtime"], back.len());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn large_frames_pass_both_ways_at_once() {
    let behind = Behind::new();
    let (proxy, client, agent) = behind.joined(&[]);
    let data = |seed: u8| -> Vec<u8> {
        let bytes = (0..3_u32 << 20).map(|n| (n.wrapping_mul(31) >> 3) as u8 ^ seed);
        bytes.collect()
    };
    let send = |mut end: UnixStream, bytes: Vec<u8>| {
        thread::spawn(move || {
            for _ in 0..4 {
                end.write_all(&bytes).unwrap();
            }
            end.shutdown(Shutdown::Write).unwrap();
        })
    };
    let (there, back) = (frame(1, 1, &data(1)), frame(1, 2, &data(2)));
    let writers = [
        send(client.try_clone().unwrap(), there.clone()),
        send(agent.try_clone().unwrap(), back.clone()),
    ];
    let reader = thread::spawn(move || all_of(client));
    assert!(all_of(agent) == there.repeat(4));
    assert!(reader.join().unwrap() == back.repeat(4));
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_handshake_and_other_ports_pass_untouched_with_descriptors() {
    pass_a_descriptor(&[]);
    // A rule is about calls, and these are none.
    pass_a_descriptor(&["--fail", "Version ABORTED"]);
}

fn pass_a_descriptor(rules: &[&str]) {
    let behind = Behind::new();
    let file = behind.file("calls");
    let arguments = [&["-w", &file], rules].concat();
    let (proxy, mut client, mut agent) = behind.joined(&arguments);
    client.write_all(b"connect 1027\n").unwrap();
    let mut line = [0; 13];
    agent.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"connect 1027\n");
    agent.write_all(b"OK 7\n").unwrap();
    let mut line = [0; 5];
    client.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"OK 7\n");

    // A file travels with a byte, as a runtime hands over standard output. What was said just
    // before is read by itself.
    let id = Pid::from_raw(i32::try_from(proxy.id()).unwrap());
    kill(id, Signal::SIGSTOP).unwrap();
    client.write_all(b"passfd\n").unwrap();
    let handed = fs::File::open("/proc/self/status").unwrap();
    let descriptors = [handed.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&descriptors)];
    let sent = sendmsg::<()>(
        client.as_raw_fd(),
        &[IoSlice::new(b"x")],
        &rights,
        MsgFlags::empty(),
        None,
    );
    assert_eq!(sent, Ok(1));
    client.write_all(b"more").unwrap();
    kill(id, Signal::SIGCONT).unwrap();
    let mut line = [0; 7];
    agent.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"passfd\n");
    let mut space = cmsg_space!([RawFd; 1]);
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let came = recvmsg::<()>(agent.as_raw_fd(), &mut parts, Some(&mut space), flags).unwrap();
    let descriptors: Vec<RawFd> = came
        .cmsgs()
        .unwrap()
        .flat_map(|message| match message {
            ControlMessageOwned::ScmRights(descriptors) => descriptors,
            _ => vec![],
        })
        .collect();
    assert_eq!(descriptors.len(), 1);
    let path = fs::read_link(format!("/proc/self/fd/{}", descriptors[0])).unwrap();
    assert!(path.ends_with("status"), "{path:?}");
    let mut rest = [0; 4];
    agent.read_exact(&mut rest).unwrap();
    assert_eq!(&rest, b"more");
    drop((client, agent));
    let (_, calls, _) = proxy.end(Signal::SIGTERM);
    assert_eq!(calls, Vec::<Value>::new());
    let lines = recorded(&file);
    assert_eq!(
        kinds(&lines),
        ["recording", "open", "handshake", "handshake", "close"]
    );
}

#[test]
fn with_rules_too_passes_what_is_no_call() {
    let behind = Behind::new();
    let (proxy, mut client, mut agent) = behind.joined(&["--fail", "Version ABORTED"]);
    client.write_all(b"passfd\nCONNECT 1027\n").unwrap();
    let mut lines = [0; 20];
    agent.read_exact(&mut lines).unwrap();
    assert_eq!(&lines, b"passfd\nCONNECT 1027\n");
    agent.write_all(b"OK 7\n\x01\x02\xff").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = [0; 8];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"OK 7\n\x01\x02\xff");
    assert_eq!(agent.read(&mut [0]).unwrap(), 0);
    drop((client, agent));
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_call_that_waits_for_a_rule_keeps_nothing_from_ending() {
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let to = served.address();
    let proxy = proxy(&["--to", &to, "-w", &file, "--delay", "Check 1h"]);
    proxy.listening();
    let call = tool([
        "connect",
        "--server-address",
        &proxy.address(),
        "-c",
        "Check",
    ])
    .start();
    let until = Instant::now() + LIMIT;
    while !kinds(&recorded(&file)).contains(&"request") {
        assert!(Instant::now() < until, "the call does not come");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
    assert_eq!(call.wait().status, 3);
    assert_eq!(kinds(&recorded(&file)).last(), Some(&"close"));
}

#[test]
fn a_recording_that_is_written_is_not_written_by_another() {
    let behind = Behind::new();
    let file = behind.file("calls");
    let (proxy, _client, _agent) = behind.joined(&["-w", &file]);
    let listen = format!("unix://{}", behind.file("other"));
    let options = [
        "proxy",
        "--listen",
        &listen,
        "--to",
        &behind.uri(),
        "-w",
        &file,
    ];
    tool(options)
        .status(2)
        .stderr(format!(
            "error: -w: cannot write {file:?}: another program writes it\n"
        ))
        .test();
    let until = Instant::now() + LIMIT;
    while recorded(&file).len() < 2 && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(kinds(&recorded(&file)), ["recording", "open"]);
    drop(proxy);
}

#[test]
fn an_agent_that_is_not_there_is_a_connection_that_ends() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let to = format!("unix://{}", folder.path().join("none").display());
    let proxy = proxy(&["--to", &to, "-w", &file]);
    proxy.listening();
    // A runtime dials again and again while its guest boots.
    for _ in 0..300 {
        let mut client = open(&proxy);
        client.set_read_timeout(Some(LIMIT)).unwrap();
        assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    }
    let (status, lines, said) = proxy.end(Signal::SIGINT);
    assert_eq!((status, lines.len()), (Some(0), 0));
    let begin = format!("warning: cannot connect to {to:?}: ");
    assert!(said.len() == 1 && said[0].starts_with(&begin), "{said:?}");
    let lines = recorded(&file);
    assert_eq!(lines.len(), 601);
    let reason = format!("cannot connect to {to:?}: there is no such socket");
    let text = lines.last().unwrap()["text"].as_str().unwrap();
    assert!(text.starts_with(&reason[..reason.len() - 21]), "{text}");
}

/// A proxy whose standard output is a pipe that is not read, and where it listens. It records in
/// `calls`.
fn unread_proxy(folder: &TempDir, served: &Served) -> (String, Child) {
    let address = format!("unix://{}", folder.path().join("p").display());
    let child = Command::new(program())
        .args(["proxy", "--listen", &address, "--to", &served.address()])
        .arg("-w")
        .arg(folder.path().join("calls"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (address, child)
}

#[test]
fn lines_that_nobody_reads_keep_it_from_ending_for_a_moment_only() {
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let (address, mut child) = unread_proxy(&folder, &served);
    let long = format!("GetDiagnosticData log_type={}", "x".repeat(60_000));
    let options = [
        "-n",
        "--ignore-errors",
        "--connect-timeout",
        "30s",
        "--repeat",
        "5",
    ];
    let calls = connect(&address, options).arguments(["-c", &long]).run();
    assert_eq!(calls.status, 67, "{}", calls.stderr);
    let id = i32::try_from(child.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let last = "warning: the last calls were not printed, as standard output was not read\n";
    assert!(said.ends_with(last), "{said}");
}

#[test]
fn a_recording_that_nobody_reads_does_not_keep_it_from_ending() {
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // It is open, and full soon.
    let reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let proxy = proxy(&["--to", &served.address(), "-w", pipe.to_str().unwrap()]);
    proxy.listening();
    let checks = ["--repeat", "1000", "-c", "Check"];
    connect(&proxy.address(), checks).run().succeeded();
    let (status, _, said) = proxy.end(Signal::SIGTERM);
    assert_eq!(status, Some(1));
    let error = "error: -w: nobody reads what is written";
    assert!(said.iter().any(|line| line == error), "{said:?}");
    drop(reader);
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_log_that_nobody_reads_slows_nothing_down() {
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let (address, mut child) = unread_proxy(&folder, &served);
    let until = Instant::now() + LIMIT;
    while UnixStream::connect(folder.path().join("p")).is_err() {
        assert!(Instant::now() < until, "it does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    // Each line has a kilobyte: more than a pipe and the queue behind it hold.
    let long = format!("GetDiagnosticData log_type={}", "x".repeat(60_000));
    let calls = connect(
        &address,
        ["-n", "-o", "jsonl", "--ignore-errors", "--repeat", "400"],
    )
    .arguments(["-c", &long])
    .run();
    assert_eq!(calls.status, 67, "{}", calls.stderr);
    // The log comes behind where the machine is busy.
    let answers = || {
        let text = fs::read_to_string(folder.path().join("calls")).unwrap();
        text.matches("\"kind\":\"response\"").count()
    };
    let until = Instant::now() + 4 * LIMIT;
    while answers() < 400 {
        assert!(Instant::now() < until, "{} answers", answers());
        thread::sleep(Duration::from_millis(50));
    }
    let memory = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let resident = memory.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident: u64 = resident
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(resident < 200_000, "{resident} KiB");
    kill(
        Pid::from_raw(i32::try_from(child.id()).unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    // Reading now lets it end.
    let mut output = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut output)
        .unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(
        said.contains("calls were not printed, as standard output was not read"),
        "{said}"
    );
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_hypervisors_socket_is_given_back_on_every_way_out() {
    let behind = Behind::new();
    let path = behind.folder.path().join("s");
    let own = |path: &Path| fs::metadata(path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    let before = own(&path);
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGALRM,
        Signal::SIGPWR,
        Signal::SIGKILL,
    ] {
        let running = tool(["proxy", "--interpose"])
            .arguments([&path])
            .heeds_signals()
            .start();
        let until = Instant::now() + LIMIT;
        while own(&path).ino() == before.ino() {
            assert!(Instant::now() < until, "it does not take the place");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(own(&path).mode(), before.mode());
        let mut client = UnixStream::connect(&path).unwrap();
        let (mut hypervisor, _) = behind.listener.accept().unwrap();
        client.write_all(b"CONNECT 1024\n").unwrap();
        hypervisor.read_exact(&mut [0; 13]).unwrap();
        running.signal(signal);
        if signal == Signal::SIGKILL {
            let until = Instant::now() + LIMIT;
            while UnixStream::connect(&path).is_ok() {
                assert!(Instant::now() < until, "it is still there");
                thread::sleep(Duration::from_millis(5));
            }
            drop(running);
            continue;
        }
        let output = running.wait();
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert_eq!(own(&path).ino(), before.ino(), "after {signal}");
    }
    let aside = behind.folder.path().join("s.interposed");
    let message = format!(
        "error: --interpose {path:?}: a proxy that was killed has left {aside:?}, which is the \
         hypervisor's socket; give it back with: mv {aside:?} {path:?}\n"
    );
    tool(["proxy", "--interpose"])
        .arguments([&path])
        .status(2)
        .stderr(message)
        .test();
    let moved = Command::new("mv").args([&aside, &path]).status().unwrap();
    assert!(moved.success());
    assert_eq!(own(&path).ino(), before.ino());
}

#[test]
fn mistakes_are_told_before_anything_is_made() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none");
    // A recording that is there already is left alone.
    let file = folder.path().join("calls");
    fs::write(&file, "kept").unwrap();
    tool(["proxy", "-w", file.to_str().unwrap(), "--interpose"])
        .arguments([&missing])
        .run();
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    let inside = file.join("calls");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let same = [
        format!("unix://{}/s", folder.path().display()),
        format!(
            "hvsock://{}/../{}/s:1024",
            folder.path().display(),
            folder.path().file_name().unwrap().display()
        ),
    ];
    for (arguments, message) in [
        (
            vec!["proxy", "--interpose", missing.to_str().unwrap()],
            format!(
                "--interpose {missing:?}: there is no socket at this path: no such file or \
                 directory"
            ),
        ),
        (
            vec!["proxy", "--listen", "sim://", "--to", "sim://"],
            "cannot listen on \"sim://\": it is within a process; write unix:///PATH, \
             unix://@NAME, hvsock:///PATH:PORT or vsock://-1:PORT"
                .to_owned(),
        ),
        (
            vec!["proxy", "--listen", "unix:///a", "--to", "unix:///a"],
            "--listen and --to are both \"unix:///a\": it would call itself".to_owned(),
        ),
        (
            vec![
                "proxy",
                "--interpose",
                missing.to_str().unwrap(),
                "--port",
                "0",
            ],
            "invalid value '0' for '--port <PORT>': 0 is not in 1..4294967295".to_owned(),
        ),
        (
            vec!["capture", "-w", inside.to_str().unwrap()],
            format!("-w: cannot write {inside:?}: not a directory"),
        ),
        (
            vec![
                "proxy",
                "-w",
                link.to_str().unwrap(),
                "--interpose",
                missing.to_str().unwrap(),
            ],
            format!(
                "-w: cannot write {link:?}: it is a symbolic link, and a recording follows none; \
                 name the file itself: {file:?}"
            ),
        ),
        (
            vec![
                "proxy",
                "--listen",
                "unix:///a",
                "--to",
                "unix:///b",
                "-w",
                "-",
            ],
            "-w: a recording goes to a file, not to standard output: write its name, or ./- for \
             one of this name"
                .to_owned(),
        ),
        (
            vec!["proxy", "--listen", &same[0], "--to", &same[1]],
            format!(
                "--listen {:?} and --to {:?} are the same socket: it would call itself",
                same[0], same[1]
            ),
        ),
        (
            vec!["proxy", "--listen", "unix:///a", "--to", "nowhere"],
            "\"nowhere\" is not an agent's address: it has no scheme".to_owned(),
        ),
    ] {
        let output = tool(&arguments).run();
        assert_eq!((output.status, &*output.text()), (2, ""), "{arguments:?}");
        assert!(output.stderr.contains(&message), "{}", output.stderr);
    }
}

#[test]
fn a_recording_that_cannot_be_written_is_told_and_ends_no_call() {
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("p");
    let listen = format!("unix://{}", path.display());
    tool(["proxy", "--listen", &listen, "--to", &served.address()])
        .arguments(["-w", "/dev/full"])
        .status(1)
        .stderr("error: -w: no space left on device\n")
        .test();
    // Files of this process have 40 KiB at most.
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let limited = ["bash", "-c", "ulimit -f 40; exec \"$0\" \"$@\"", program()];
    let proxy = proxy_by(&limited, &["--to", &served.address(), "-w", &file]);
    proxy.listening();
    let repeat = ["-n", "-o", "jsonl", "--repeat", "300", "-c", "Check"];
    connect(&proxy.address(), repeat).run().succeeded();
    assert_eq!(
        proxy.says(),
        "warning: the recording cannot be written: file too large; it ends here"
    );
    connect(&proxy.address(), repeat).run().succeeded();
    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!((status, lines.len()), (Some(1), 600));
    assert_eq!(said, ["error: -w: file too large"]);
    // What it has is shown.
    let shown = tool(["show", &file]).run();
    let warning = format!("warning: {file:?}: the last line is not whole, and is left out\n");
    assert_eq!((shown.status, &*shown.stderr), (0, &*warning));
}

/// A call by the `ttrpc` crate's own client.
fn foreign(address: &str, service: &str, method: &str) -> Result<Vec<u8>, ttrpc::Error> {
    let client = ttrpc::Client::connect(address)?;
    let mut request = ttrpc::Request::new();
    request.service = service.to_owned();
    request.method = method.to_owned();
    request.timeout_nano = 2_000_000_000;
    client.request(request).map(|response| response.payload)
}

#[test]
fn calls_go_wrong_between_another_client_and_the_agent() {
    const HEALTH: &str = "grpc.Health";
    let served = serve(&[]);
    served.listening();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let proxy = proxy(&[
        "--to",
        &served.address(),
        "-w",
        &file,
        "--fail",
        "Check[1] UNAVAILABLE \"not now\"",
        "--delay",
        "Check[2] 300ms",
        "--close",
        "Check[3]",
        "--reply-with",
        "Version agent_version=9.9",
    ]);
    proxy.listening();
    let call = |method| foreign(&proxy.address(), HEALTH, method);
    match call("Check") {
        Err(ttrpc::Error::RpcStatus(status)) => {
            assert_eq!(status.code(), ttrpc::Code::UNAVAILABLE);
            assert_eq!(status.message(), "not now");
        }
        other => panic!("{other:?}"),
    }
    let begun = Instant::now();
    assert_eq!(call("Check").unwrap(), b"\x08\x01");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(call("Check").is_err());
    assert_eq!(call("Check").unwrap(), b"\x08\x01");
    let version = call("Version").unwrap();
    assert!(version.ends_with(b"\x12\x039.9"), "{version:?}");
    let (status, lines, _) = proxy.end(Signal::SIGTERM);
    assert_eq!(status, Some(0));
    // What is told is what the client saw.
    let told: Vec<(&str, &Value)> = lines
        .iter()
        .map(|line| (line["method"].as_str().unwrap(), &line["status"]["name"]))
        .collect();
    let expected = [
        ("Check", "UNAVAILABLE"),
        ("Check", "OK"),
        ("Check", ""),
        ("Check", "OK"),
        ("Version", "OK"),
    ];
    assert_eq!(told.len(), expected.len(), "{lines:?}");
    for ((method, status), (expected, name)) in told.iter().zip(expected) {
        assert_eq!(*method, expected);
        assert_eq!(status.as_str().unwrap_or_default(), name, "{lines:?}");
    }
    assert_eq!(lines[4]["response"]["agent_version"], "9.9");
    // The agent itself was asked what was not refused on the way.
    let (_, log, _) = served.end(Signal::SIGTERM);
    let asked = log.iter().filter(|call| call["method"] == "Check").count();
    assert!((2..=3).contains(&asked), "{log:?}");
}

#[test]
fn rules_apply_behind_a_handshake_and_not_to_other_ports() {
    let behind = Behind::new();
    let (proxy, mut client, mut agent) = behind.joined(&["--fail", "Check UNAVAILABLE"]);
    client.write_all(b"CONNECT 1024\n").unwrap();
    agent.read_exact(&mut [0; 13]).unwrap();
    agent.write_all(b"OK 1024\n").unwrap();
    client.read_exact(&mut [0; 8]).unwrap();
    client
        .write_all(&frame(1, 1, b"\x0a\x0bgrpc.Health\x12\x05Check"))
        .unwrap();
    let mut header = [0; 10];
    client.read_exact(&mut header).unwrap();
    assert_eq!(header[9 - 1], 2);
    let mut data = vec![0; usize::from(header[3])];
    client.read_exact(&mut data).unwrap();
    // A status of code 14.
    assert!(data.windows(2).any(|pair| pair == [8, 14]), "{data:?}");
    drop((client, agent));

    let mut client = open(&proxy);
    let (mut agent, _) = behind.listener.accept().unwrap();
    agent.set_read_timeout(Some(LIMIT)).unwrap();
    client.write_all(b"CONNECT 1026\n").unwrap();
    agent.read_exact(&mut [0; 13]).unwrap();
    agent.write_all(b"OK 1\n").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    client.write_all(b"ls\n").unwrap();
    let mut came = [0; 3];
    agent.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"ls\n");
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
}
