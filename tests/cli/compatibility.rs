//! What scripts written for the tool that this one replaces rely on.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use tempfile::TempDir;
use typed_peer::{Answer, Peer};

use crate::sent::{lines, sent, sent_by};
use crate::tool::{connect, tool};
use crate::wire::hybrid_device;

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];

#[test]
fn several_commands_after_one_option_and_the_option_again() {
    assert_eq!(
        sent(&["-c", "Check", "Version", "-c", "ListRoutes"]),
        ["Check", "Version", "ListRoutes"]
    );
}

#[test]
fn flags_with_a_value() {
    let peer = Peer::start();
    let path = peer.address().trim_start_matches("unix://").to_owned();
    let (device, greetings) = hybrid_device(path.as_ref(), 0);
    let flags = [
        "-n",
        "true",
        "--hybrid-vsock",
        "true",
        "--ignore-errors",
        "true",
    ];
    connect(&device.address(), flags)
        .arguments(["-c", "StartContainer", "Check"])
        .stdout("{}\n{}\n")
        .test();
    assert_eq!(lines(&peer), ["StartContainer", "Check"]);
    assert_eq!(*greetings.lock().unwrap(), ["CONNECT 1024\n"]);

    let flags = [
        "-n",
        "false",
        "--hybrid-vsock",
        "false",
        "--ignore-errors",
        "false",
        "-i",
        "false",
    ];
    connect(peer.address(), flags)
        .arguments(["-c", "StartContainer cid=a"])
        .stdout("{}\n")
        .test();
    assert_eq!(lines(&peer), [r#"StartContainer container_id: "a""#]);
}

#[test]
fn a_failed_call_has_its_code_and_the_agents_message() {
    let peer = Peer::start();
    let message = "CreateContainerRequest is blocked by policy: reasons";
    peer.answer("CreateContainer", Answer::error(7, message));
    let output = connect(peer.address(), ["-c", "CreateContainer"]).run();
    assert_eq!(output.status, 71);
    assert!(output.stderr.contains("code: PERMISSION_DENIED"));
    assert!(output.stderr.contains(message));
    let everywhere = ["-l", "critical", "-c", "CreateContainer"];
    let quiet = connect(peer.address(), everywhere).run();
    assert_eq!((quiet.status, quiet.stderr), (71, output.stderr));
}

#[test]
fn levels_of_log_before_and_after_the_sub_command() {
    let peer = Peer::start();
    let address = ["--server-address", peer.address(), "-c", "Check"];
    for level in LEVELS {
        let logs = ["trace", "debug", "info"].contains(&level);
        for arguments in [
            ["-l", level, "connect"],
            ["connect", "-l", level],
            ["--log-level", level, "connect"],
        ] {
            let output = tool(arguments).arguments(address).run();
            assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
            let logged = output.stderr.contains("response received");
            assert_eq!(logged, logs, "{arguments:?}: {}", output.stderr);
        }
    }
}

#[test]
fn a_healthy_agent_has_no_error() {
    let peer = Peer::start();
    for arguments in [["-l", "error", "connect"], ["connect", "-l", "error"]] {
        let run = tool(arguments).arguments(["--server-address", peer.address(), "-c", "Check"]);
        let output = run.run();
        assert_eq!(output.status, 0);
        let printed = format!("{}{}", output.text(), output.stderr).to_lowercase();
        assert!(!printed.contains("error"), "{printed}");
    }
}

#[test]
fn relative_and_abstract_sockets() {
    let folder = TempDir::new().unwrap();
    let peer = Peer::at_path(&folder.path().join("agent.sock"));
    connect("unix://./agent.sock", ["-c", "Check"])
        .folder(folder.path())
        .stdout("{}\n")
        .test();
    assert_eq!(lines(&peer), ["Check"]);

    // The name is all that follows the @, and has no NUL at its end: the peer
    // that listens here was bound to exactly these bytes.
    let name = format!("/tmp/kata-agent-{}.socket", std::process::id());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let run = connect(
        &format!("unix://@{name}"),
        ["--timeout", "5s", "-c", "Check"],
    )
    .start();
    let (stream, _) = listener.accept().unwrap();
    drop(stream);
    assert_eq!(run.wait().status, 3);
}

#[test]
fn old_spellings_of_iptables() {
    let peer = Peer::start();
    for command in ["GetIptables", "SetIptables data=x", "GetIPTables"] {
        connect(peer.address(), ["-n", "-c", command])
            .run()
            .succeeded();
    }
    assert_eq!(
        lines(&peer),
        ["GetIPTables", r#"SetIPTables data: "x""#, "GetIPTables"]
    );
}

#[test]
fn a_signal_by_name_and_both_ids() {
    assert_eq!(
        sent(&[
            "-c",
            "SignalProcess signal=usr1 sid=s cid=c",
            "CreateSandbox",
            "WaitProcess",
        ]),
        [
            r#"SignalProcess container_id: "c" exec_id: "c" signal: 10"#,
            r#"CreateSandbox sandbox_id: "s""#,
            r#"WaitProcess container_id: "c" exec_id: "c""#,
        ]
    );
}

#[test]
fn a_policy_by_its_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("policy.rego");
    fs::write(&path, "package agent_policy\n").unwrap();
    let command = format!(r#"SetPolicy json://{{"policy_file":"{}"}}"#, path.display());
    assert_eq!(
        sent_by(|address| connect(address, ["-c", &command])),
        [r#"SetPolicy policy: "package agent_policy\n""#]
    );
}

#[test]
fn a_file_by_its_paths() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("hosts");
    fs::write(&path, "127.0.0.1 localhost\n").unwrap();
    let dest = "/run/kata-containers/shared/containers/hosts";
    let command = format!(
        r#"CopyFile json://{{"src":"{}","dest":"{dest}"}}"#,
        path.display()
    );
    let sent = sent_by(|address| connect(address, ["-c", &command]));
    let [request] = &sent[..] else {
        panic!("{sent:?}");
    };
    for part in [
        format!("path: \"{dest}\""),
        "file_size: 20".to_owned(),
        r#"data: "127.0.0.1 localhost\n""#.to_owned(),
    ] {
        assert!(request.contains(&part), "{request}");
    }
}
