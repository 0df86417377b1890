//! Every way to reach an agent.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
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
    // Closes; says nothing; says something else; never ends its line.
    let faults: [fn(UnixStream); 4] = [
        drop,
        |mut stream| {
            let _ = stream.read_to_end(&mut Vec::new());
        },
        |mut stream| {
            let _ = stream.write_all(b"NO such port\n");
        },
        |mut stream| while stream.write_all(b"OK OK OK OK").is_ok() {},
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let device = Listener::start(move |_, stream| fault(stream));
        let address = format!("hvsock://{}:1024", device.path.display());
        let arguments = ["--connect-timeout", "300ms", "-c", "Check"];
        let output = connect(&address, arguments).run();
        assert_eq!(output.status, 3, "{number}: {}", output.stderr);
        let name = device.path.display().to_string();
        assert!(
            output.error().contains(&name),
            "{number}: {}",
            output.stderr
        );
        assert!(
            output.time < Duration::from_secs(30),
            "{number}: {:?}",
            output.time
        );
    }
}

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

#[test]
fn a_served_agent_ends_when_its_terminal_does() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("agent.sock");
    let address = format!("unix://{}", socket.display());
    let server = tool(["serve", "--address", &address]).start();
    connect(&address, ["-c", "Check"]).run().succeeded();
    server.signal(Signal::SIGHUP);
    assert_eq!(server.wait().status, 0);
    assert!(!socket.exists());
}

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
    // What does nothing is no mistake: scripts have always given it.
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
    .run();
}

#[test]
fn a_wrong_address_says_what_a_right_one_looks_like() {
    for address in [
        "",
        "nonsense",
        "/run/agent.sock",
        "http://localhost:80",
        "unix://",
        "unix://@",
        "vsock://",
        "vsock://3",
        "vsock://x:1024",
        "vsock://3:x",
        "vsock://3:1024:5",
        "hvsock://",
        "hvsock:///run/clh.sock",
        "hvsock:///run/clh.sock:x",
        "hvsock:///run/clh.sock:4294967296",
        "remote://",
        "mock://",
    ] {
        let output = connect(address, ["-c", "Check"]).run();
        assert_eq!(output.status, 2, "{address}: {}", output.stderr);
        assert!(
            output.error().contains("://"),
            "{address}: {}",
            output.stderr
        );
    }
    let long = format!("unix:///{}", "x".repeat(200));
    let output = connect(&long, ["-c", "Check"]).run();
    assert_eq!(output.status, 2, "{}", output.stderr);
}
