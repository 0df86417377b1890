//! Every way to reach an agent.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use typed_peer::Peer;

use crate::served::serve_by;
use crate::tool::{Tool, connect, program, tool};
use crate::wire::{Listener, hybrid_device};

/// A call that must reach the peer.
#[track_caller]
fn reaches(peer: &Peer, tool: Tool) {
    tool.arguments(["-c", "Check service=here"])
        .stdout("{}\n")
        .test();
    assert_eq!(peer.only().text(), "service: \"here\"");
}

fn path_of(peer: &Peer) -> &Path {
    Path::new(peer.address().trim_start_matches("unix://"))
}

const NONE: [&str; 0] = [];

#[test]
fn unix_sockets() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let peer = Peer::at_path(&path);
    let absolute = format!("unix://{}", path.display());
    reaches(&peer, connect(&absolute, NONE));
    for relative in ["unix://./agent.sock", "unix://agent.sock"] {
        reaches(&peer, connect(relative, NONE).folder(folder.path()));
    }
}

#[cfg(feature = "sim")]
#[test]
fn sockets_in_deep_folders() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("folder/".repeat(30));
    std::fs::create_dir_all(&deep).unwrap();
    let path = deep.join("agent.sock");
    let peer = Peer::at_path(&folder.path().join("s"));
    std::fs::rename(folder.path().join("s"), &path).unwrap();
    reaches(&peer, connect(&format!("unix://{}", path.display()), NONE));
    let relative = format!("unix://{}agent.sock", "folder/".repeat(30));
    reaches(&peer, connect(&relative, NONE).folder(folder.path()));
    let missing = format!("unix://{}no.sock", deep.display());
    connect(&missing, ["--connect-timeout", "0", "-c", "Check"])
        .status(3)
        .stderr(format!(
            "error: Check: cannot connect to \"{missing}\": there is no such socket file\n"
        ))
        .test();

    let served = format!("unix://{}served.sock", deep.display());
    let server = tool(["serve", "--address", &served]).start();
    connect(&served, ["-o", "jsonl", "-c", "Check"])
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
    server.interrupt();
    assert_eq!(server.wait().status, 0);
    assert!(!deep.join("served.sock").exists());
}

#[test]
fn abstract_sockets() {
    for name in ["typed-peer", "/tmp/typed-peer.socket"] {
        let address = format!("unix://@{name}-{}", std::process::id());
        let peer = Peer::at(&address);
        reaches(&peer, connect(&address, NONE));
    }
}

#[test]
fn the_address_from_the_environment() {
    let peer = Peer::start();
    let variable = "KATA_AGENT_SERVER_ADDRESS";
    reaches(&peer, tool(["connect"]).variable(variable, peer.address()));
    // The option is the stronger one.
    let option = connect(peer.address(), NONE);
    reaches(&peer, option.variable(variable, "unix:///no/such/socket"));
}

#[test]
fn addresses_as_the_runtime_writes_them() {
    let peer = Peer::start();
    let path = path_of(&peer).display();
    for address in [
        format!("remote://{path}"),
        format!("remote://{path}:1024"),
        format!("mock://{path}"),
        format!("mock://{path}:1024"),
    ] {
        reaches(&peer, connect(&address, NONE));
    }
}

#[test]
fn hybrid_sockets() {
    let peer = Peer::start();
    let (device, greetings) = hybrid_device(path_of(&peer), 0);
    let hvsock = |port| format!("hvsock://{}:{port}", device.path.display());
    let unix = device.address();
    for (tool, port) in [
        (connect(&hvsock(1024), NONE), 1024),
        (connect(&hvsock(5), NONE), 5),
        (connect(&unix, ["--hybrid-vsock"]), 1024),
        (connect(&unix, ["--hybrid-vsock", "true"]), 1024),
        (
            connect(&unix, ["--hybrid-vsock", "--hybrid-vsock-port", "7"]),
            7,
        ),
    ] {
        reaches(&peer, tool);
        let seen = std::mem::take(&mut *greetings.lock().unwrap());
        assert_eq!(seen, [format!("CONNECT {port}\n")]);
    }
    // One connection does for all commands.
    connect(&hvsock(1024), ["-c", "Check", "Version", "Check"])
        .stdout("{}\n{}\n{}\n")
        .test();
    assert_eq!(greetings.lock().unwrap().len(), 1);
}

#[cfg(feature = "sim")]
#[test]
fn served_hybrid_sockets_demand_their_handshake() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("s");
    let address = format!("hvsock://{}:1024", socket.display());
    let mut agent = Command::new(program())
        .args(["serve", "--address", &address])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let reaches = |address: &str| {
        let flags = ["--connect-timeout", "5s", "-o", "jsonl", "-c", "Check"];
        connect(address, flags).run().status
    };
    let device = reaches(&address);
    let plain = reaches(&format!("unix://{}", socket.display()));
    let other = reaches(&address.replace("1024", "1025"));
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!((device, plain, other), (0, 3, 3));
}

#[test]
fn a_hybrid_guest_that_is_still_booting() {
    let peer = Peer::start();
    let (device, greetings) = hybrid_device(path_of(&peer), 3);
    let address = format!("hvsock://{}:1024", device.path.display());
    reaches(&peer, connect(&address, NONE));
    assert_eq!(*greetings.lock().unwrap(), ["CONNECT 1024\n"; 4]);
}

#[test]
fn a_hybrid_device_that_does_not_connect() {
    type Fault = fn(UnixStream);
    let faults: [(Fault, &str); 4] = [
        (
            |_| (),
            "the hypervisor closed the connection without an answer",
        ),
        (
            |mut stream| {
                let _ = stream.read_to_end(&mut Vec::new());
            },
            "the hypervisor took the connection and did not answer CONNECT",
        ),
        (
            |mut stream| {
                let _ = stream.write_all(b"NO such port\n");
            },
            "the hypervisor answered CONNECT with \"NO such port\" instead of OK",
        ),
        (
            |mut stream| while stream.write_all(b"OK OK OK OK").is_ok() {},
            "the hypervisor's answer to CONNECT has no end",
        ),
    ];
    for (fault, reason) in faults {
        let device = Listener::start(move |_, mut stream| {
            // With bytes unread a close would be a reset.
            let _ = stream.read(&mut [0; 64]);
            fault(stream);
        });
        let address = format!("hvsock://{}:1024", device.path.display());
        let arguments = ["--connect-timeout", "300ms", "-c", "Check"];
        let output = connect(&address, arguments).run();
        assert_eq!(output.status, 3, "{reason}: {}", output.stderr);
        let begins = format!("error: Check: cannot connect to \"{address}\": {reason}");
        assert!(output.error().starts_with(&begins), "{}", output.stderr);
        assert!(output.time < Duration::from_secs(30), "{:?}", output.time);
    }
}

#[cfg(feature = "sim")]
#[test]
fn the_simulated_agent() {
    let output = connect(
        "sim://",
        ["-o", "jsonl", "-c", "Check", "Version", "ListRoutes"],
    )
    .run()
    .succeeded();
    let lines: Vec<String> = output.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], r#"{"status":"SERVING"}"#);
    assert!(lines[1].contains(r#""agent_version":""#), "{lines:?}");
    assert_eq!(lines[2], "{}");
}

#[cfg(feature = "sim")]
#[test]
fn the_simulated_agent_answers_every_rpc() {
    // One that waits for an event answers nothing without one.
    let answering = |rpc: &&typed_peer::Rpc| rpc.name != "GetOOMEvent";
    for rpc in typed_peer::rpcs().filter(answering) {
        let output = connect("sim://", ["-c", &rpc.path()]).run();
        assert!(
            output.stderr.is_empty() || output.status > 64,
            "{rpc:?}: {}",
            output.stderr
        );
        assert!(
            output.status == 0 || output.status > 64,
            "{rpc:?}: {}",
            output.stderr
        );
    }
}

#[cfg(feature = "sim")]
#[test]
fn a_served_agent() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("agent.sock");
    let address = format!("unix://{}", socket.display());
    let server = tool(["serve", "--address", &address]).start();
    let output = connect(
        &address,
        ["-o", "jsonl", "-c", "Check service=x", "ListRoutes"],
    )
    .run()
    .succeeded();
    assert_eq!(output.text(), "{\"status\":\"SERVING\"}\n{}\n");

    use std::os::unix::fs::PermissionsExt;
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    server.interrupt();
    let served = server.wait();
    assert!(!socket.exists());
    let requests: Vec<serde_json::Value> = served
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(
        requests[0].to_string().contains(r#"{"service":"x"}"#),
        "{requests:?}"
    );
    assert!(
        requests[1].to_string().contains("ListRoutes"),
        "{requests:?}"
    );
}

#[cfg(feature = "sim")]
#[test]
fn a_served_agent_ends_when_its_terminal_does() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("agent.sock");
    let address = format!("unix://{}", socket.display());
    let serve = tool(["serve", "--address", &address]);
    let server = serve.heeds_signals().start();
    connect(&address, ["-c", "Check"]).run().succeeded();
    server.signal(Signal::SIGHUP);
    assert_eq!(server.wait().status, 0);
    assert!(!socket.exists());
}

#[cfg(feature = "sim")]
#[test]
fn an_agent_that_nohup_started_does_not() {
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\"", program()];
    let served = serve_by(&nohup, &[]);
    served.listening();
    let id = i32::try_from(served.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGHUP).unwrap();
    served
        .call(&["Check", "sleep 300ms", "Check"])
        .run()
        .succeeded();
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_port_that_does_not_go_with_the_address() {
    for (address, port, message) in [
        (
            "hvsock:///none:1024",
            "55",
            "the address \"hvsock:///none:1024\" names port 1024, and --hybrid-vsock-port 55: \
             leave out the option, and write the port that is meant in the address",
        ),
        (
            "unix:///none",
            "abc",
            "\"abc\" is not a port, a number from 0 to 4294967295",
        ),
    ] {
        let output = connect(address, ["--hybrid-vsock-port", port, "-c", "Check"]).run();
        assert_eq!(output.status, 2, "{address}: {}", output.stderr);
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
    // What does nothing is not a mistake: scripts have always given it.
    let unused = [
        "--hybrid-vsock-port",
        "55",
        "--dry-run",
        "-o",
        "jsonl",
        "-c",
        "Check",
    ];
    connect("unix:///none", unused)
        .stdout("{}\n")
        .stderr(
            "warn: --hybrid-vsock-port 55 does nothing with \"unix:///none\" alone: add \
             --hybrid-vsock if this is a hypervisor's hybrid vsock socket\n",
        )
        .test();
    connect(
        "hvsock:///none:55",
        [
            "--hybrid-vsock-port",
            "55",
            "--connect-timeout",
            "0",
            "-c",
            "Check",
        ],
    )
    .status(3)
    .stderr("error: Check: cannot connect to \"hvsock:///none:55\": there is no such socket file\n")
    .test();
}

#[cfg(feature = "sim")]
#[test]
fn a_wrong_address_says_what_a_right_one_looks_like() {
    let schemes = "unix:///PATH, vsock://CID:PORT, hvsock:///PATH:PORT, remote:///PATH, mock:///PATH \
                   or sim://";
    let unix = "unix:///PATH or unix://@NAME";
    let (vsock, hybrid) = ("vsock://CID:PORT", "hvsock:///PATH:PORT");
    let (remote, mock) = (
        "remote:///PATH or remote:///PATH:PORT",
        "mock:///PATH or mock:///PATH:PORT",
    );
    let not_a_port =
        |text: &str| format!("\"{text}\" is not a port, a number from 0 to 4294967295");
    let long = format!("unix:///{}", "x".repeat(200));
    for (address, wrong, right) in [
        ("nonsense", "it has no scheme", schemes),
        (
            "/run/agent.sock",
            "it has no scheme",
            "unix:///run/agent.sock",
        ),
        (
            "http://localhost:80",
            "the scheme \"http\" is unknown",
            schemes,
        ),
        ("unix://", "the path is empty", unix),
        ("unix://@", "the name after the @ is empty", unix),
        (
            &long,
            "200 bytes are too long for the name of a Unix socket, which has at most 82",
            unix,
        ),
        ("vsock://", "it has no port", vsock),
        ("vsock://3", "it has no port", vsock),
        (
            "vsock://x:1024",
            "\"x\" is not a context ID, a number from 0 to 4294967295, or -1 for any",
            vsock,
        ),
        ("vsock://3:x", &not_a_port("x"), vsock),
        ("vsock://3:1024:5", &not_a_port("1024:5"), vsock),
        ("hvsock://", "the path is empty", hybrid),
        ("hvsock:///run/clh.sock", "it has no port", hybrid),
        ("hvsock:///run/clh.sock:x", &not_a_port("x"), hybrid),
        (
            "hvsock:///run/clh.sock:4294967296",
            &not_a_port("4294967296"),
            hybrid,
        ),
        ("remote://", "the path is empty", remote),
        ("mock://", "the path is empty", mock),
    ] {
        connect(address, ["-c", "Check"])
            .status(2)
            .stderr(format!(
                "error: \"{address}\" is not an agent's address: {wrong}, write {right}\n"
            ))
            .test();
    }
    connect("", ["-c", "Check"])
        .status(2)
        .stderr(
            "error: no server address: give --server-address or set KATA_AGENT_SERVER_ADDRESS, for \
             example unix:///run/agent.sock, vsock://3:1024, hvsock:///run/vc/vm/ID/clh.sock:1024 \
             or sim://; on a node, --sandbox takes namespace/pod instead\n",
        )
        .test();
}
