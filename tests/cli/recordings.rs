//! Recordings of a pod's life, made by stubs that ttrpc-codegen generates: shown, replayed on
//! another agent, and compared.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::foreign::play;
use crate::served::{Served, proxy, serve};
use crate::terminal::program_at_terminal;
use crate::tool::{connect, program, tool};
use crate::wire::{frame, read_frame};

const COLD_PLUG: &str = include_str!("../shim/cold-plug.jsonl");

/// How long a life may take.
const LIMIT: Duration = Duration::from_secs(60);

fn agent() -> Served {
    let served = serve(&[]);
    served.listening();
    served
}

/// A pod's life through a proxy, recorded in a file of the folder.
pub(crate) fn recorded(folder: &Path) -> String {
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
fn fields_that_the_protos_lack_are_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let served = agent();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    let address = proxy.address();
    let mut client = UnixStream::connect(address.strip_prefix("unix://").unwrap()).unwrap();
    // A container's ID, and a field of a later release.
    let content = b"\x0a\x11grpc.AgentService\x12\x0eStartContainer\x1a\x08\x0a\x03web\x98\x06\x07";
    client.write_all(&frame(1, 1, 0, content)).unwrap();
    read_frame(&mut client).unwrap();
    drop(client);
    let (_, lines, _) = proxy.end(Signal::SIGTERM);
    assert_eq!(lines[0]["request"], json!({"container_id": "web"}));
    assert_eq!(lines[0]["unknown_fields"], json!(["field 99"]));
    let shown = tool(["show", "-v", &file]).run().succeeded().text();
    assert!(
        shown.contains("\n                    not in the protos: field 99\n"),
        "{shown}"
    );
    let page = tool(["show", "-o", "html", &file]).run().succeeded().text();
    assert!(page.contains(r#""unknown_fields":["field 99"]"#));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
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
    let (open, answered): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("open "));
    assert_eq!(
        open,
        ["open     grpc.AgentService/GetOOMEvent  no answer was recorded"]
    );
    assert!(
        answered.iter().all(|line| line.starts_with("same ")),
        "{text}"
    );
    assert_eq!(answered.len(), calls.len() - 1);
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
    // A backtrace is not a difference.
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
fn a_replay_that_cannot_be_written_down_is_no_difference() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let served = agent();
    let arguments = ["replay", &file, "-a", &served.address()];
    let full = tool(arguments).arguments(["-w", "/dev/full"]).run();
    assert_eq!(full.status, 2);
    assert_eq!(full.stderr, "error: -w: no space left on device\n");
    let served = agent();
    let arguments = ["replay", &file, "-a", &served.address()];
    let said = Command::new(program())
        .args(arguments)
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2));
}

#[test]
fn a_call_that_the_agent_gave_up_is_given_up_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calls").to_str().unwrap().to_owned();
    let line = |second: u64, kind: &str, more: &str| {
        format!(r#"{{"time":"2026-01-01T00:00:0{second}Z","kind":"{kind}"{more}}}"#) + "\n"
    };
    let recording = [
        line(
            0,
            "recording",
            r#","format":"kata-agent-ctl recording","version":1"#,
        ),
        line(
            1,
            "request",
            r#","connection":1,"stream":1,"service":"grpc.AgentService","method":"GetOOMEvent","timeout_nano":300000000,"payload":"""#,
        ),
        line(
            2,
            "response",
            r#","connection":1,"stream":1,"status":{"code":4,"name":"DEADLINE_EXCEEDED","message":"timeout"}"#,
        ),
    ];
    fs::write(&file, recording.concat()).unwrap();
    let fresh = agent();
    let again = tool(["replay", &file, "-a", &fresh.address()]).run();
    assert_eq!(again.status, 0, "{}{}", again.text(), again.stderr);
    assert!(
        again
            .text()
            .contains("same     grpc.AgentService/GetOOMEvent  DEADLINE_EXCEEDED (4)"),
        "{}",
        again.text()
    );
}

#[test]
fn a_message_that_is_nested_deep_is_shown_and_one_without_its_bytes_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep");
    let first = r#"{"time":"2026-01-01T00:00:00Z","kind":"recording","format":"kata-agent-ctl recording","version":1}"#;
    let request = r#"{"time":"2026-01-01T00:00:00Z","kind":"request","connection":1,"stream":1,"service":"a.B","method":"C","message":"#;
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    fs::write(
        &path,
        format!("{first}\n{request}{deep},\"payload\":\"\"}}\n"),
    )
    .unwrap();
    let shown = tool(["show", "-v"]).arguments([&path]).run();
    assert_eq!((shown.status, &*shown.stderr), (0, ""));
    assert!(shown.text().contains(&deep));
    fs::write(&path, format!("{first}\n{request}{{\"a\":1}}}}\n")).unwrap();
    tool(["show"])
        .arguments([&path])
        .status(2)
        .stdout(
            ", from 2026-01-01T00:00:00.000Z\n   \
             SECONDS  CONN  CALL                         TOOK  ANSWER\n",
        )
        .stderr(format!(
            "error: {path:?}:2:1: there is a \"message\" without the \"payload\" that it was decoded \
             from\n"
        ))
        .test();
}

#[test]
fn a_recording_is_read_while_it_grows_and_after_a_crash() {
    let folder = TempDir::new().unwrap();
    let file = recorded(folder.path());
    let whole = fs::read(&file).unwrap();
    let half = folder.path().join("half");
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let half = half.to_str().unwrap();
    let warning = format!("warning: {half:?}: the last line is not whole, and is left out\n");
    for form in ["text", "jsonl", "html", "pcapng"] {
        let shown = tool(["show", "-o", form, half]).run();
        assert_eq!((shown.status, &*shown.stderr), (0, &*warning), "{form}");
        assert!(!shown.stdout.is_empty());
    }
    let differs = tool(["diff", &file, half]).run();
    assert_eq!((differs.status, &*differs.stderr), (1, &*warning));
    let served = agent();
    let replayed = tool(["replay", half, "-a", &served.address()]).run();
    assert_eq!((replayed.status, &*replayed.stderr), (0, &*warning));
    // A last line that lacks its newline alone is whole.
    let trimmed = folder.path().join("trimmed");
    fs::write(&trimmed, whole.trim_ascii_end()).unwrap();
    tool(["diff", &file, trimmed.to_str().unwrap()]).test();
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
    for form in ["text", "jsonl", "html", "pcapng"] {
        let shown = tool(["show", "-o", form, long.to_str().unwrap()])
            .memory(32 << 20)
            .limit(Duration::from_secs(120))
            .run()
            .succeeded();
        let lines = shown.stdout.iter().filter(|byte| **byte == b'\n').count();
        assert!(form == "pcapng" || lines > 20 * times, "{form}: {lines}");
    }
}

#[test]
fn a_damaged_recording_is_told_by_its_place_and_what_would_be_right() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let first = r#"{"time":"2026-01-01T00:00:00Z","kind":"recording","format":"kata-agent-ctl recording","version":1}"#;
    let damaged = path("damaged");
    let line = r#"{"time":"2026-01-01T00:00:00Z","kind":"request","connection":"1"}"#;
    // Other systems' ends of lines are not a mistake.
    fs::write(&damaged, format!("{first}\r\n\r\n{line}\n")).unwrap();
    let error =
        format!("error: {damaged:?}:3:62: \"connection\" is \"1\"; it should be a whole number\n");
    for command in [
        &["show", &damaged][..],
        &["diff", &damaged, &damaged],
        &["replay", &damaged, "-a", "sim://"],
        &["serve", "--address", "unix://@no", "--from", &damaged],
        &["policy", "check", "-p", &path("p.rego"), &damaged],
    ] {
        fs::write(path("p.rego"), "package agent_policy\n").unwrap();
        let run = tool(command).run();
        assert_eq!((run.status, &*run.stderr), (2, &*error), "{command:?}");
    }
    for (content, error) in [
        (&b""[..], "this is not a recording: it is empty".to_owned()),
        (
            b"\x1f\x8b\x08\0\0\0\0\0",
            "this is compressed: unpack it first, as in \"gzip -dc FILE | kata-agent-ctl show -\""
                .to_owned(),
        ),
    ] {
        fs::write(&damaged, content).unwrap();
        tool(["show", &damaged])
            .status(2)
            .stderr(format!("error: {damaged:?}: {error}\n"))
            .test();
    }
    tool(["diff", "-", "-"])
        .status(2)
        .stderr("error: only one of the two recordings can be standard input\n")
        .test();
    // What is not text ends no terminal's line either.
    let mut latin = format!("{first}\n{{\"text\":\"").into_bytes();
    latin.extend_from_slice(b"caf\xe9\"}\n");
    fs::write(&damaged, latin).unwrap();
    tool(["show", "-o", "jsonl", &damaged])
        .status(2)
        .stderr(format!(
            "error: {damaged:?}:2:13: this is not UTF-8, as JSON is\n"
        ))
        .test();
}

#[test]
fn the_lives_of_two_pods_are_replayed_alike() {
    // A second network card, and a third container beside the other ones.
    let card = COLD_PLUG.lines().nth(1).unwrap();
    let card = card
        .replace("eth0", "eth1")
        .replace("10.244.0.5", "10.245.0.5");
    let card = card.replace("02:42:ac:11:00:02", "02:42:ac:11:00:03");
    let mut script = String::new();
    for line in COLD_PLUG.lines() {
        script.push_str(&format!("{line}\n"));
        if line.contains("UpdateInterface") {
            script.push_str(&format!("{card}\n"));
        }
        if line.contains(&"b".repeat(64)) && !line.contains("exec1") {
            script.push_str(&format!(
                "{}\n",
                line.replace(&"b".repeat(64), &"c".repeat(64))
            ));
        }
    }
    let folder = TempDir::new().unwrap();
    let file = folder
        .path()
        .join("lives.jsonl")
        .to_str()
        .unwrap()
        .to_owned();
    let again = folder
        .path()
        .join("again.jsonl")
        .to_str()
        .unwrap()
        .to_owned();
    let served = agent();
    let proxy = proxy(&["--to", &served.address(), "-w", &file]);
    proxy.listening();
    let address = proxy.address();
    let socket = Path::new(address.strip_prefix("unix://").unwrap());
    for [pod, container, other] in [["a", "b", "c"], ["d", "e", "f"]] {
        let script = script
            .replace(&"c".repeat(64), &other.repeat(64))
            .replace(&"b".repeat(64), &container.repeat(64))
            .replace(&"a".repeat(64), &pod.repeat(64));
        let calls = play(socket, "CONNECT 1024\n", &script);
        let failed: Vec<_> = calls.iter().filter(|call| call.answer.is_err()).collect();
        assert_eq!((calls.len(), failed.len()), (49, 1), "{failed:#?}");
    }
    assert_eq!(proxy.end(Signal::SIGTERM).0, Some(0));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
    let served = agent();
    let replayed = tool(["replay", &file, "-a", &served.address(), "-w", &again]).run();
    assert_eq!(replayed.status, 0, "{}{}", replayed.text(), replayed.stderr);
    tool(["diff", &file, &again]).test();
}

#[test]
fn what_rules_made_is_marked_and_no_agent_is_held_to_it() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, again) = (path("a"), path("b"));
    let served = agent();
    let rules = [
        "--to",
        &served.address(),
        "-w",
        &file,
        "--fail",
        "CreateSandbox[1] UNAVAILABLE \"try again\"",
        "--delay",
        "Version 10ms",
        "--drop",
        "ListRoutes",
        "--reply-with",
        "Check status=NOT_SERVING",
    ];
    let proxy = proxy(&rules);
    proxy.listening();
    let commands = [
        "CreateSandbox hostname=x",
        "CreateSandbox hostname=x",
        "Version",
        "Check",
        "ListInterfaces",
        "ListRoutes",
    ];
    connect(
        &proxy.address(),
        ["--ignore-errors", "--timeout", "2s", "-o", "jsonl", "-c"],
    )
    .arguments(commands)
    .run();
    let (status, lines, _) = proxy.end(Signal::SIGTERM);
    assert_eq!(status, Some(0));
    assert_eq!(served.end(Signal::SIGTERM).0, Some(0));
    // The printed lines, and those of `show`.
    let marks = |lines: &[Value]| -> Vec<Value> {
        let mark = |line: &Value| json!([line["method"], line["faults"], line["kept_from_agent"]]);
        lines.iter().map(mark).collect()
    };
    let expected = [
        json!(["CreateSandbox", ["fail"], true]),
        json!(["CreateSandbox", null, null]),
        json!(["Version", ["delay"], null]),
        json!(["Check", ["reply-with"], null]),
        json!(["ListInterfaces", null, null]),
        json!(["ListRoutes", ["drop"], true]),
    ];
    assert_eq!(marks(&lines), expected);
    let read = |arguments: &[&str]| -> Vec<Value> {
        let text = tool(arguments).run().succeeded().text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    };
    assert_eq!(marks(&read(&["show", "-o", "jsonl", &file])), expected);
    // The recording says it before the answer, and with it.
    let text = fs::read_to_string(&file).unwrap();
    let records: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| -> Vec<Value> {
        let marked = |it: &&Value| it["kind"] == kind && it["faults"].is_array();
        let marked: Vec<Value> = records.iter().filter(marked).cloned().collect();
        marks(&marked)
    };
    let [fail, _, delay, reply, _, dropped] = expected;
    assert_eq!(
        of("fault"),
        [fail.clone(), delay.clone(), reply.clone(), dropped]
    );
    assert_eq!(of("response"), [fail, delay, reply]);
    let shown = tool(["show", &file]).run().succeeded().text();
    for mark in [
        "UNAVAILABLE (14): try again  (by a rule: fail)  sandbox_id=",
        "OK  (by a rule: delay)",
        "no answer before the connection ended  (by a rule: drop)",
    ] {
        assert!(shown.contains(mark), "{mark} is not in {shown}");
    }

    // What the agent did not get is not made again, and what a rule changed is not compared.
    let served = serve(&["--fail", "Check NOT_FOUND"]);
    served.listening();
    let replayed = tool(["replay", &file, "-a", &served.address(), "-w", &again]).run();
    let kept = "a rule kept it from the recorded agent";
    assert_eq!(
        (replayed.status, &*replayed.stderr),
        (
            0,
            &*format!(
                "warning: grpc.AgentService/CreateSandbox: {kept}\n\
                 warning: grpc.AgentService/ListRoutes: {kept}\n"
            )
        )
    );
    let text = replayed.text();
    let words: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(words, ["same", "same", "rule", "same"], "{text}");
    tool(["diff", &file, &again])
        .status(1)
        .stdout(
            "- call 1 grpc.AgentService/CreateSandbox (by a rule: fail)\n\
             ~ call 3 grpc.Health/Version (by a rule: delay)\n    \
             faults: [\"delay\"] != nothing\n\
             ~ call 4 grpc.Health/Check (by a rule: reply-with)\n    \
             faults: [\"reply-with\"] != nothing\n\
             - call 6 grpc.AgentService/ListRoutes (by a rule: drop)\n",
        )
        .test();

    // A runtime is told again what it was told.
    let from = serve(&["--from", &file]);
    from.listening();
    let told = connect(&from.address(), ["--ignore-errors", "-o", "jsonl", "-c"])
        .arguments([
            "CreateSandbox hostname=x",
            "CreateSandbox hostname=x",
            "Check",
        ])
        .run();
    assert_eq!(told.text(), "{}\n{\"status\":\"NOT_SERVING\"}\n");
    assert!(
        told.stderr.contains("UNAVAILABLE (14): try again"),
        "{}",
        told.stderr
    );
}

#[test]
fn details_of_an_error_are_recorded_and_answered_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a").to_str().unwrap().to_owned();
    let peer = typed_peer::Peer::start();
    let known = "type.googleapis.com/grpc.StringUser";
    let unknown = "type.googleapis.com/google.rpc.ErrorInfo";
    let refused = typed_peer::Answer::error(9, "no")
        .with_detail(known, b"\x0a\x04root")
        .with_detail(unknown, b"\x0a\x03WHY");
    peer.answer("DestroySandbox", refused);
    let proxy = proxy(&["--to", peer.address(), "-w", &file]);
    proxy.listening();
    let direct = connect(peer.address(), ["-c", "DestroySandbox"]).run();
    let passed = connect(&proxy.address(), ["-c", "DestroySandbox"]).run();
    assert_eq!(direct.stderr, passed.stderr);
    let (_, lines, _) = proxy.end(Signal::SIGTERM);
    let details = json!([
        {"type_url": known, "message": {"uid": "root"}, "value": "CgRyb290"},
        {"type_url": unknown, "value": "CgNXSFk="},
    ]);
    assert_eq!(lines[0]["status"]["details"], details);
    let shown = tool(["show", "-v", &file]).run().succeeded().text();
    for part in [known, "\"uid\": \"root\"", unknown, "0a 03 57 48 59"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let from = serve(&["--from", &file]);
    from.listening();
    let again = connect(&from.address(), ["-c", "DestroySandbox"]).run();
    assert_eq!(again.stderr, direct.stderr);
    let other = folder.path().join("b").to_str().unwrap().to_owned();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&other, text.replace("CgNXSFk=", "CgNXSE8=")).unwrap();
    tool(["diff", &file, &other])
        .status(1)
        .stdout(
            "~ call 1 grpc.AgentService/DestroySandbox\n    \
             details[1].value: \"0a03574859\" != \"0a0357484f\"\n",
        )
        .test();
}
