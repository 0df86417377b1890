//! Recordings of a pod's life, made by stubs that ttrpc-codegen generates: shown, replayed on
//! another agent, and compared.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::{Served, proxy, serve};
use crate::terminal::program_at_terminal;
use crate::tool::{connect, program, tool};

const COLD_PLUG: &str = include_str!("../shim/cold-plug.jsonl");

/// How long a life may take.
const LIMIT: Duration = Duration::from_secs(60);

fn agent() -> Served {
    let served = serve(&[]);
    served.listening();
    served
}

/// A pod's life through a proxy, recorded in a file of the folder.
pub fn recorded(folder: &Path) -> String {
    let file = folder.join("life.jsonl").to_str().unwrap().to_owned();
    let served = agent();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    let address = proxy.address();
    let socket = Path::new(address.strip_prefix("unix://").unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let calls = runtime.block_on(async {
        let life = typed_peer::play(socket, "CONNECT 1024\n", COLD_PLUG);
        tokio::time::timeout(LIMIT, life).await.unwrap().unwrap()
    });
    let (status, lines, said) = proxy.end(Signal::SIGTERM);
    assert_eq!((status, said), (Some(0), vec![]));
    // The call that waits for an event has no answer, and is a line too.
    assert_eq!(lines.len(), calls.len());
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
    file
}

#[test]
fn a_pods_life_is_shown_replayed_and_compared() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());

    let shown = tool(["show", &file]).run().succeeded().text();
    let head = shown.lines().nth(1).unwrap();
    assert_eq!(
        head,
        "   SECONDS  CONN  CALL                         TOOK  ANSWER"
    );
    let of = |method: &str| {
        let line = shown.lines().find(|line| line.contains(method));
        line.unwrap_or_else(|| panic!("no {method} in {shown}"))
    };
    assert!(of("handshake to the agent").ends_with("CONNECT 1024"));
    assert!(of("CreateSandbox").contains("  OK  sandbox_id=aaaa"));
    assert!(of("CreateContainer").contains("  OK  container_id=aaaa"));
    assert!(of("GetOOMEvent").contains("no answer before the connection ended"));

    let lines = tool(["show", "-o", "jsonl", &file])
        .run()
        .succeeded()
        .text();
    let calls: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let waited: Vec<&Value> = calls
        .iter()
        .filter(|call| call["method"] == "WaitProcess")
        .map(|call| &call["response"]["status"])
        .collect();
    assert_eq!(waited.len(), 3);
    assert!(waited.contains(&&json!(7)), "{waited:?}");

    // Another agent answers the same, with other IDs.
    let served = agent();
    let again = folder.path().join("again.jsonl");
    let again = again.to_str().unwrap();
    let replayed = tool(["replay", &file, "-a", &served.address(), "-w", again]).run();
    assert_eq!(
        (replayed.status, &*replayed.stderr),
        (0, ""),
        "{}",
        replayed.text()
    );
    let text = replayed.text();
    assert!(text.lines().all(|line| line.starts_with("same ")), "{text}");
    assert_eq!(text.lines().count(), calls.len() - 1);
    let (_, log, _) = served.end(Signal::SIGTERM);
    let ids: Vec<&Value> = log
        .iter()
        .filter(|call| call["method"] == "CreateContainer")
        .map(|call| &call["request"]["container_id"])
        .collect();
    assert_eq!(ids.len(), 2);
    let old = ["a".repeat(64), "b".repeat(64)];
    for id in ids {
        assert!(!old.iter().any(|old| id == old), "{id}");
    }
    let all = fs::read_to_string(again).unwrap();
    assert!(!all.contains(&old[0]) && !all.contains(&old[1]));

    tool(["diff", &file, again]).test();
    tool(["diff", &file, &file]).test();

    // What is read is not written over.
    let before = fs::read(&file).unwrap();
    tool(["replay", &file, "-a", "sim://", "-w", &file])
        .status(2)
        .stderr(format!(
            "error: -w: {file:?} is the recording that is read\n"
        ))
        .test();
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_process_whose_id_is_an_ordinary_word_is_run_again_as_it_was() {
    let config = r#"json://{"Root":{"Path":"/r"},"Mounts":[{"destination":"/proc"},{"destination":"/dev"}],"Linux":{"Namespaces":[{"Type":"mount"}]},"Process":{"User":{},"Cwd":"/","Args":["sleep","60"],"Env":["PATH=/bin"],"Capabilities":{}}}"#;
    let create = format!(
        "CreateContainer cid=web OCI={}",
        config.replace("json://", "")
    );
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a").to_str().unwrap().to_owned();
    let again = folder.path().join("b").to_str().unwrap().to_owned();
    let served = agent();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    connect(&proxy.address(), ["-n", "-o", "jsonl", "-c", "CreateSandbox", &create])
        .arguments(["StartContainer container_id=web"])
        .arguments(["ExecProcess container_id=web exec_id=sh process={\"Args\":[\"/bin/sh\",\"-c\",\"echo hi\"],\"Env\":[\"PATH=/bin\"],\"Cwd\":\"/\",\"User\":{}}"])
        .arguments(["ReadStdout container_id=web exec_id=sh len=99"])
        .arguments(["WaitProcess container_id=web exec_id=sh"])
        .run()
        .succeeded();
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));

    let served = agent();
    tool(["replay", &file, "-a", &served.address(), "-w", &again])
        .run()
        .succeeded();
    let (_, log, _) = served.end(Signal::SIGTERM);
    let exec = log.iter().find(|call| call["method"] == "ExecProcess");
    let exec = &exec.unwrap()["request"];
    assert_eq!(exec["process"]["Args"][0], "/bin/sh");
    // The process and the container have fresh IDs, and are still each other's.
    assert_ne!(exec["exec_id"], "sh");
    assert_ne!(exec["container_id"], "web");
    let read = log.iter().find(|call| call["method"] == "ReadStdout");
    assert_eq!(read.unwrap()["request"]["exec_id"], exec["exec_id"]);
    tool(["diff", &file, &again]).test();
}

#[test]
fn a_terminal_shows_colours_unless_they_are_refused() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let shown = |variables: &[(&str, &str)]| {
        let mut terminal = program_at_terminal(program(), ["show", &file]);
        for (name, value) in variables {
            terminal = terminal.variable(name, value);
        }
        let (status, bytes) = terminal.start().end();
        assert_eq!(status, Some(0), "{bytes}");
        bytes
    };
    let coloured = shown(&[("NO_COLOR", "")]);
    for part in [
        "\x1b[32mOK\x1b[0m",
        "\x1b[31mno answer before the connection ended\x1b[0m",
    ] {
        assert!(coloured.contains(part), "{part:?} is not in {coloured}");
    }
    let plain = tool(["show", &file]).run().succeeded().text();
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        assert_eq!(shown(&[variable]).replace("\r\n", "\n"), plain);
    }
}

#[test]
fn what_differs_is_told_by_field() {
    let folder = TempDir::new().unwrap();
    let record = |name: &str, commands: &[&str]| {
        let file = folder.path().join(name).to_str().unwrap().to_owned();
        let served = agent();
        let proxy = proxy(&["--to", &served.address(), "-w", &file]);
        proxy.listening();
        connect(&proxy.address(), ["--ignore-errors", "-o", "jsonl", "-c"])
            .arguments(commands)
            .run();
        assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
        file
    };
    let first = record(
        "a",
        &[
            "Check",
            "CreateSandbox dns=1.1.1.1 hostname=x",
            "StartContainer cid=web1",
            "Version",
        ],
    );
    let second = record(
        "b",
        &[
            "Check",
            "CreateSandbox dns=8.8.8.8",
            "Version",
            "ListRoutes",
        ],
    );
    let expected = "\
~ call 2 grpc.AgentService/CreateSandbox
    request.dns[0]: \"1.1.1.1\" != \"8.8.8.8\"
    request.hostname: \"x\" != nothing
- call 3 grpc.AgentService/StartContainer
+ call 4 grpc.AgentService/ListRoutes
";
    tool(["diff", &first, &second])
        .status(1)
        .stdout(expected)
        .test();
    let json = tool(["diff", "-o", "json", &first, &second]).run();
    assert_eq!(json.status, 1);
    assert_eq!(
        json.json()[1],
        json!({"missing": "grpc.AgentService/StartContainer", "number": 3})
    );
    assert_eq!(
        json.json()[0]["fields"][1],
        json!({"path": "request.hostname", "first": "x", "second": null})
    );
    // A backtrace is no difference.
    let words = "Invalid container id";
    let text = fs::read_to_string(&first).unwrap();
    assert!(text.contains(words));
    let text = text.replace(words, &format!("{words}\\n\\nStack backtrace:\\n   0: x"));
    let traced = folder.path().join("traced");
    fs::write(&traced, text).unwrap();
    tool(["diff", &first, traced.to_str().unwrap()]).test();
    let missing = folder.path().join("none");
    let missing = missing.to_str().unwrap();
    tool(["diff", &first, missing])
        .status(2)
        .stderr(format!("error: {missing:?}: no such file or directory\n"))
        .test();
}

#[test]
fn a_replay_stops_where_an_answer_differs() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let served = serve(&["--fail", "StartContainer UNAVAILABLE \"not now\""]);
    served.listening();
    let stopped = tool(["replay", &file, "-a", &served.address()]).run();
    assert_eq!(stopped.status, 1);
    let last = stopped.text();
    let last = last.lines().last().unwrap();
    assert!(
        last.starts_with("differs  grpc.AgentService/StartContainer  UNAVAILABLE (14): not now  ")
            && last.ends_with(", recorded: OK"),
        "{last}"
    );
    let error = stopped.error();
    assert!(
        error.starts_with("1 of ")
            && error.ends_with(
                " calls were answered otherwise than recorded; the calls after it were not made \
                 (--ignore-errors goes on)"
            ),
        "{error}"
    );
    let late = serve(&["--drop", "CreateSandbox"]);
    late.listening();
    let late = tool(["replay", &file, "-a", &late.address(), "--timeout", "200ms"]).run();
    assert_eq!(late.status, 4, "{}", late.stderr);
    assert!(
        late.text().contains("CreateSandbox  no answer in time"),
        "{}",
        late.text()
    );
}

#[test]
fn a_recording_is_read_while_it_grows_and_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let whole = fs::read(&file).unwrap();
    let half = folder.path().join("half");
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let half = half.to_str().unwrap();
    let shown = tool(["show", half]).run().succeeded().text();
    assert!(
        shown.ends_with("the last line of the recording is not whole\n"),
        "{shown}"
    );
    tool(["show", "-"])
        .stdin("hello\n")
        .status(2)
        .stderr(
            "error: \"-\": this is not a recording: its first line should say \"format\": \
             \"kata-agent-ctl recording\"\n",
        )
        .test();
    let from_input = tool(["show", "-o", "jsonl", "-"]).stdin(&whole).run();
    let from_file = tool(["show", "-o", "jsonl", &file]).run();
    assert_eq!(from_input.succeeded().stdout, from_file.succeeded().stdout);
}

#[test]
fn a_long_recording_is_shown_in_constant_memory() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let whole = fs::read_to_string(&file).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();
    // 100 MB and more.
    let times = (100 << 20) / rest.len() + 1;
    let long = folder.path().join("long");
    fs::write(&long, format!("{first}\n{}", rest.repeat(times))).unwrap();
    let shown = tool(["show", "-o", "jsonl", long.to_str().unwrap()])
        .memory(32 << 20)
        .limit(Duration::from_secs(120))
        .run()
        .succeeded();
    let lines = shown.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines > 20 * times, "{lines}");
}
