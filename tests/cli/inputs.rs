//! Commands and documents from files: what is said of a mistake in one, and that
//! everything is checked before anything is sent.

use std::fs::{self, File};
use std::process::Command;

use tempfile::TempDir;
use typed_peer::{Answer, Peer};

use crate::tool::{connect, program, tool};

#[test]
fn a_mistake_in_a_script_is_told_with_its_place() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("sc"), "Check\n\n  Check service='a\n").unwrap();
    connect("sim://", ["--script", "sc"])
        .folder(folder.path())
        .status(2)
        .stderr("error: sc:3: Check: the quote ' at column 17 is not closed\n")
        .test();
    connect("sim://", ["--script", "sc", "--error-format", "json"])
        .folder(folder.path())
        .status(2)
        .stderr(concat!(
            r#"{"kind":"usage","message":"the quote ' at column 17 is not closed","#,
            r#""command":"Check","path":null,"code":null,"code_name":null,"details":[],"exit_status":2,"#,
            r#""place":"sc:3"}"#,
            "\n"
        ))
        .test();
}

#[test]
fn an_agents_error_in_a_script_is_told_with_its_place() {
    let peer = Peer::start();
    peer.answer("Version", Answer::error(5, "no such thing"));
    connect(peer.address(), ["--script", "-"])
        .stdin("Version # and a comment\n")
        .status(69)
        .stderr("error: -:1: Version: the agent answered code: NOT_FOUND (5): no such thing\n")
        .test();
}

#[test]
fn a_standard_input_that_cannot_be_read_is_called_that() {
    for (arguments, place) in [
        (&["--script", "-"][..], ""),
        (&["-c", "SetPolicy file://-"], "SetPolicy: "),
        (&["-c", "SetPolicy policy=@-"], "SetPolicy: "),
    ] {
        let output = Command::new(program())
            .args(["connect", "--server-address", "sim://"])
            .args(arguments)
            .stdin(File::open("/").unwrap())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let expected = format!("error: {place}standard input: is a directory\n");
        assert_eq!((output.status.code(), stderr), (Some(2), expected));
    }
}

#[test]
fn a_comment_is_for_scripts() {
    let command = "echo issue #5 done";
    connect("sim://", ["-c", command])
        .stdout("issue #5 done\n")
        .test();
    connect("sim://", ["--script", "-"])
        .stdin(command)
        .stdout("issue\n")
        .test();
    connect("sim://", ["-i"])
        .stdin(command)
        .stdout("issue\n")
        .test();
}

#[test]
fn a_mistake_in_a_document_names_its_file() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bad.json"), "{\"service\":\n").unwrap();
    fs::write(
        folder.path().join("marked.json"),
        "\u{feff}{\"service\": \"x\"}",
    )
    .unwrap();
    connect("sim://", ["-c", "Check file://bad.json"])
        .folder(folder.path())
        .status(2)
        .stderr(
            "error: Check: \"bad.json\": invalid JSON at line 2, column 0: EOF while parsing a \
             value\n",
        )
        .test();
    connect("sim://", ["-c", "Check file://.", "--dry-run"])
        .folder(folder.path())
        .status(2)
        .stderr("error: Check: \".\": is a directory\n")
        .test();
    connect(
        "sim://",
        ["-c", "Check file://marked.json", "--dry-run", "-o", "jsonl"],
    )
    .folder(folder.path())
    .stdout("{\"service\":\"x\"}\n")
    .test();
}

#[test]
fn a_request_that_is_too_large_is_found_before_anything_is_sent() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("4m"), vec![b'a'; 4 << 20]).unwrap();
    let peer = Peer::start();
    for more in [&[][..], &["--dry-run"]] {
        connect(
            peer.address(),
            ["-c", "Check", "-c", "WriteStdin data=@4m cid=x"],
        )
        .arguments(more)
        .folder(folder.path())
        .status(2)
        .stderr(
            "error: WriteStdin: the message takes 4194351 bytes in a ttRPC frame, and at most \
                 4194304 fit\n",
        )
        .test();
    }
    assert!(peer.received().is_empty());
}

#[test]
fn a_value_from_standard_input() {
    let requests = |command: &str, stdin: &[u8]| {
        let run = tool(["connect", "--dry-run", "-n", "-o", "jsonl", "-c", command]);
        run.stdin(stdin).run().succeeded().text()
    };
    let text = requests("SetPolicy policy=@-", b"@package x\n");
    assert_eq!(text, "{\"policy\":\"@package x\\n\"}\n");
    let text = requests("WriteStdin data=@-", b"\xff\0a");
    assert_eq!(text, "{\"data\":\"/wBh\"}\n");
    let text = requests("CreateSandbox dns=@- dns=b", b"a");
    assert_eq!(text, "{\"dns\":[\"a\",\"b\"]}\n");
    // A file of that name, and text that only looks like it.
    let text = requests("SetPolicy policy=@@-", b"x");
    assert_eq!(text, "{\"policy\":\"@-\"}\n");

    tool([
        "connect",
        "--dry-run",
        "-c",
        "SetPolicy policy=@-",
        "-c",
        "SetPolicy policy=@-",
    ])
    .status(2)
    .stderr("error: SetPolicy: standard input can be read only once, and it is read already\n")
    .test();
}
