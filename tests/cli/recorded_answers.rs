//! `serve --from`: the simulated agent answers as a recording says, to clients that are not this
//! tool too.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;
use typed_peer::Ended;

use crate::builds::{streams, streams_program};
use crate::foreign::play;
use crate::served::{Served, proxy, proxy_by, serve, serve_by};
use crate::tool::{connect, tool};

const COLD_PLUG: &str = include_str!("../shim/cold-plug.jsonl");

fn socket(served: &Served) -> String {
    let address = served.address();
    address.strip_prefix("unix://").unwrap().to_owned()
}

/// Records what happens through a proxy in front of an agent.
fn recorded(folder: &Path, happens: impl FnOnce(&Served)) -> String {
    let file = folder.join("calls.jsonl").to_str().unwrap().to_owned();
    let served = serve(&[]);
    served.listening();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    happens(&proxy);
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
    file
}

fn from(file: &str) -> Served {
    let served = serve(&["--from", file]);
    assert_eq!(served.listening(), Vec::<String>::new());
    served
}

/// A script, or what came of it, with other IDs.
fn renamed(text: &str, pod: &str, container: &str) -> String {
    text.replace(&"a".repeat(64), pod)
        .replace(&"b".repeat(64), container)
}

fn shown(calls: &[Ended]) -> String {
    format!("{calls:#?}")
}

#[test]
fn a_pods_life_is_answered_as_recorded_whatever_its_ids() {
    let folder = TempDir::new().unwrap();
    let mut lived = Vec::new();
    let file = recorded(folder.path(), |proxy| {
        lived = play(Path::new(&socket(proxy)), "CONNECT 1024\n", COLD_PLUG);
    });
    let served = from(&file);
    // The same IDs, others, and others again: a container's life begins with its ID.
    let (pod, container) = ("a".repeat(64), "b".repeat(64));
    for (pod, container) in [
        (&pod[..], &container[..]),
        ("pod-1", "0123456789abcdef-web"),
        ("pod-2", "web"),
    ] {
        let script = renamed(COLD_PLUG, pod, container);
        let begun = Instant::now();
        let again = play(Path::new(&socket(&served)), "CONNECT 1024\n", &script);
        assert_eq!(shown(&again), renamed(&shown(&lived), pod, container));
        // No answer came before what it waited for, or the pauses between would be gone.
        assert!(begun.elapsed() > Duration::from_millis(1200));
    }
    let (status, log, _) = served.end(Signal::SIGTERM);
    assert_eq!(status, Some(0));
    let never = log.iter().filter(|line| line["never_answered"].is_string());
    for line in never {
        assert_eq!(line["method"], "GetOOMEvent");
        assert_eq!(line["never_answered"], "the recording has no answer to it");
    }
    // An end comes after the signal that it comes of.
    let order: Vec<&str> = log
        .iter()
        .filter(|line| line["request"]["exec_id"] == "exec1")
        .map(|line| line["method"].as_str().unwrap())
        .collect();
    let place = |method: &str| order.iter().position(|name| *name == method).unwrap();
    assert!(place("WriteStdin") < place("WaitProcess"), "{order:?}");
}

#[test]
fn answers_come_in_order_and_what_is_not_recorded_is_told() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path(), |proxy| {
        let commands = [
            "CreateSandbox dns=1.1.1.1 hostname=x",
            "CreateSandbox dns=1.1.1.1 hostname=x",
            "StartContainer cid=some-container-of-it",
            "Version",
        ];
        connect(&proxy.address(), ["--ignore-errors", "-o", "jsonl", "-c"])
            .arguments(commands)
            .run();
    });
    let served = from(&file);
    let version = "{\"grpc_version\":\"0.0.1\",\"agent_version\":\"4.1.0\"}\n";
    let answer = |commands: &[&str]| {
        let call = connect(&served.address(), ["--ignore-errors", "-o", "jsonl", "-c"]);
        let output = call.arguments(commands).run();
        (output.status, output.text(), output.stderr)
    };
    // The second one is refused, and so is each one after it.
    let create = "CreateSandbox dns=1.1.1.1 hostname=x";
    let refused = "error: CreateSandbox: the agent answered code: INTERNAL (13): ";
    let (status, text, said) = answer(&[create, create, create, "Version"]);
    assert_eq!((status, text), (77, format!("{{}}\n{version}")));
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.lines().all(|line| line.starts_with(refused)), "{said}");

    let not = "the agent answered code: FAILED_PRECONDITION (9): the recording has no";
    assert_eq!(
        answer(&["CreateSandbox dns=8.8.8.8 hostname=x", "ListRoutes"]),
        (
            73,
            String::new(),
            format!(
                "error: CreateSandbox: {not} such call of grpc.AgentService/CreateSandbox: dns[0] \
                 is \"8.8.8.8\", and \"1.1.1.1\" was recorded\n\
                 error: ListRoutes: {not} call of grpc.AgentService/ListRoutes\n"
            )
        )
    );
    let (status, text, said) = answer(&["StartContainer cid=web"]);
    assert_eq!((status, &*text), (77, ""));
    assert_eq!(
        said,
        "error: StartContainer: the agent answered code: INTERNAL (13): Invalid container id\n"
    );
    let (_, log, _) = served.end(Signal::SIGTERM);
    assert_eq!(log.last().unwrap()["status"]["code"], 13);
}

#[test]
fn calls_go_wrong_and_orders_are_refused_as_there_are_no_containers() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path(), |proxy| {
        proxy.call(&["Check"]).run().succeeded();
    });
    let mut served = serve(&["--from", &file, "--fail", "Check[2] UNAVAILABLE"]);
    served.listening();
    served.call(&["Check"]).run().succeeded();
    assert_eq!(served.call(&["Check"]).run().status, 78);
    served.tell("oom web\n");
    assert_eq!(
        served.says(),
        "error: standard input: there are no containers, as the answers are recorded ones"
    );
    served.obeys("die Check\n");
    assert_eq!(served.call(&["Check"]).run().status, 3);
    served.obeys("clear\n");
    served.call(&["Check"]).run().succeeded();
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn a_recording_that_was_cut_off_is_served_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path(), |proxy| {
        proxy.call(&["Check", "Version"]).run().succeeded();
    });
    let whole = fs::read_to_string(&file).unwrap();
    // Within the answer to the second call.
    let cut = whole.rfind("\"kind\":\"response\"").unwrap();
    fs::write(&file, &whole[..cut]).unwrap();
    let served = serve(&["--from", &file]);
    assert_eq!(
        served.listening(),
        [format!(
            "warning: {file:?}: the last line is not whole, and is left out"
        )]
    );
    served
        .call(&["Check"])
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
    let version = connect(&served.address(), ["--timeout", "300ms", "-c", "Version"]).run();
    assert_eq!(version.status, 4, "{}", version.stderr);
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn what_is_no_recording_and_options_that_do_not_go_together_are_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("other");
    fs::write(&file, "hello\n").unwrap();
    let other = file.to_str().unwrap();
    tool(["serve", "--address", "unix:///a", "--from", other])
        .status(2)
        .stderr(format!(
            "error: {file:?}: this is not a recording: its first line should say \"format\": \
             \"kata-agent-ctl recording\"\n"
        ))
        .test();
    for option in [
        &["--feature", "policy"][..],
        &["--root", "/tmp"],
        &["--run-processes"],
    ] {
        let output = tool(["serve", "--address", "unix:///a", "--from", other])
            .arguments(option)
            .run();
        assert_eq!(output.status, 2);
        assert!(
            output.stderr.contains("cannot be used with"),
            "{}",
            output.stderr
        );
    }
}

/// An RPC that no build has, called and answered by bytes on sockets.
#[test]
fn an_rpc_that_the_build_lacks_is_answered_by_its_bytes() {
    let frame = |stream: u8, type_: u8, data: &[u8]| {
        let head = [0, 0, 0, data.len() as u8, 0, 0, 0, stream, type_, 0];
        [&head, data].concat()
    };
    let request = |payload: &[u8]| {
        let head = b"\x0a\x05x.New\x12\x04Call\x1a";
        frame(1, 1, &[&head[..], &[payload.len() as u8], payload].concat())
    };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("behind");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let proxy = proxy(&["--to", &format!("unix://{}", path.display()), "-w", &file]);
    proxy.listening();
    let answer = frame(1, 2, b"\x12\x02\xff\xfe");
    let call = |address: &str, payload: &[u8]| {
        let mut client = UnixStream::connect(address).unwrap();
        client.write_all(&request(payload)).unwrap();
        client
    };
    let mut client = call(&socket(&proxy), b"\xff");
    let (mut agent, _) = listener.accept().unwrap();
    agent
        .read_exact(&mut vec![0; request(b"\xff").len()])
        .unwrap();
    agent.write_all(&answer).unwrap();
    let mut came = vec![0; answer.len()];
    client.read_exact(&mut came).unwrap();
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));

    let served = from(&file);
    let mut client = call(&socket(&served), b"\xff");
    let mut header = [0; 10];
    client.read_exact(&mut header).unwrap();
    let mut data = vec![0; usize::from(header[3])];
    client.read_exact(&mut data).unwrap();
    assert!(data.ends_with(b"\x12\x02\xff\xfe"), "{data:?}");
    let mut client = call(&socket(&served), b"\xfe");
    client.read_exact(&mut header).unwrap();
    let mut data = vec![0; usize::from(header[3])];
    client.read_exact(&mut data).unwrap();
    let text = String::from_utf8_lossy(&data);
    assert!(
        text.contains("no such call of x.New/Call: its bytes are others"),
        "{text}"
    );
}

#[test]
fn streams_are_answered_message_by_message() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let program = streams_program();
    let program = program.to_str().unwrap();
    let agent = serve_by(
        &[program],
        &[
            "--reply",
            "Collect text=collected",
            "--reply",
            "Spread text=spread",
            "--reply",
            "Exchange text=exchanged",
        ],
    );
    agent.listening();
    let proxy = proxy_by(&[program], &["--to", &agent.address(), "-w", &file]);
    proxy.listening();
    let calls = |address: &str| -> Vec<(i32, String)> {
        ["Collect text=a", "Spread text=a", "Exchange text=a"]
            .map(|command| {
                let output = streams(&["connect", "--server-address", address, "-o", "jsonl"])
                    .arguments(["-c", command])
                    .stdin("{\"text\":\"b\"}\n{\"text\":\"c\"}\n")
                    .run();
                (output.status, output.text())
            })
            .to_vec()
    };
    let lived = calls(&proxy.address());
    let line = |text: &str, count: usize| (0, format!("{{\"text\":\"{text}\"}}\n").repeat(count));
    let expected = [
        line("collected", 1),
        line("spread", 1),
        line("exchanged", 3),
    ];
    assert_eq!(lived, expected);
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
    assert_eq!(agent.end(Signal::SIGTERM).0, Some(0));

    let served = serve_by(&[program], &["--from", &file]);
    served.listening();
    assert_eq!(calls(&served.address()), lived);
    let refused = streams(&["connect", "--server-address", &served.address(), "-c"])
        .arguments(["Spread text=b"])
        .run();
    assert_eq!(refused.status, 73, "{}", refused.stderr);
    let (status, log, _) = served.end(Signal::SIGTERM);
    assert_eq!(status, Some(0));
    let ended: Vec<&Value> = log
        .iter()
        .filter(|line| line["method"] == "Exchange")
        .filter_map(|line| line.get("response"))
        .collect();
    assert_eq!(ended.len(), 3, "{log:?}");
}
