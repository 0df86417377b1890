//! The prompt without a terminal: commands come in lines, and the exit status
//! tells of the first failure.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use typed_peer::{Answer, Peer};

use crate::sent::lines;
use crate::tool::{connect, program};

#[test]
fn lines_are_commands_and_an_error_ends_none_but_its_own() {
    let peer = Peer::start();
    peer.answer("Version", Answer::error(5, "no"));
    let script = "# first\n\nCheck\nNoSuchCall\r\nVersion\nCheck service='a\nListRoutes";
    connect(peer.address(), ["-i", "-n"])
        .stdin(script)
        .status(2)
        .stdout("{}\n{}\n")
        .stderr(
            "error: there is no RPC or built-in command \"NoSuchCall\"; \"list\" shows the RPCs\n\
             error: Version: the agent answered code: NOT_FOUND (5): no\n\
             error: Check: the quote ' at column 15 is not closed\n",
        )
        .test();
    assert_eq!(lines(&peer), ["Check", "Version", "ListRoutes"]);

    connect(peer.address(), ["-i", "true"])
        .stdin("Version\nNoSuchCall\nquit\nCheck\n")
        .status(69)
        .stderr(
            "error: Version: the agent answered code: NOT_FOUND (5): no\nerror: there is no RPC \
             or built-in command \"NoSuchCall\"; \"list\" shows the RPCs\n",
        )
        .test();
    assert_eq!(lines(&peer), ["Version"]);
}

#[test]
fn json_over_several_lines() {
    let peer = Peer::start();
    let script = "CreateSandbox json://{\n  \"hostname\": \"a b\",\n  \"dns\": [\n    \"c\"\n  ]\n}\n\
                  CreateSandbox storages={\n\"driver\": \"blk\"}\nCheck\n";
    connect(peer.address(), ["-i", "-n"])
        .stdin(script)
        .stdout("{}\n{}\n{}\n")
        .test();
    assert_eq!(
        lines(&peer),
        [
            r#"CreateSandbox hostname: "a b" dns: "c""#,
            r#"CreateSandbox storages {driver: "blk"}"#,
            "Check"
        ]
    );

    // An empty line is white space there, and the end gives up.
    connect(peer.address(), ["-i", "-n"])
        .stdin("CreateSandbox json://{\n\n\"hostname\":\n\n\"a\"}\nCheck\n")
        .stdout("{}\n{}\n")
        .test();
    assert_eq!(lines(&peer), [r#"CreateSandbox hostname: "a""#, "Check"]);
    connect(peer.address(), ["-i"])
        .stdin("Check json://{\n\nVersion\n")
        .status(2)
        .stderr("error: Check: json://: invalid JSON at line 3, column 1: key must be a string\n")
        .test();
    connect(peer.address(), ["-i"])
        .stdin("Check json://{")
        .status(2)
        .stderr(
            "error: Check: json://: invalid JSON at line 1, column 1: EOF while parsing an object\n",
        )
        .test();
    assert_eq!(lines(&peer), [""; 0]);
}

/// A run whose standard input stays open, and its standard output.
fn piped(arguments: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(program())
        .args(["connect", "--server-address", "sim://", "-i", "-o", "jsonl"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

#[cfg(feature = "sim")]
#[test]
fn an_answer_comes_before_the_next_line_does() {
    let (mut child, mut stdout) = piped(&[]);
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..2 {
        stdin.write_all(b"Check\n").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "{\"status\":\"SERVING\"}\n");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_no_text_is_one_mistake() {
    let peer = Peer::start();
    connect(peer.address(), ["-i"])
        .stdin(b"Check \xff\nVersion\n")
        .status(2)
        .stdout("{}\n")
        .stderr("error: standard input is not UTF-8 text: the byte at offset 6 is wrong\n")
        .test();
    assert_eq!(lines(&peer), ["Version"]);
}

#[cfg(feature = "sim")]
#[test]
fn standard_input_belongs_to_the_prompt() {
    let taken = "standard input can be read only once, and it is read already\n";
    for arguments in [
        &["-i", "-c", "Check file://-"][..],
        &["-i", "--script", "-"],
    ] {
        let output = connect("sim://", arguments).stdin("Check\n").run();
        assert_eq!(output.status, 2);
        assert!(output.stderr.ends_with(taken), "{}", output.stderr);
        assert_eq!(output.text(), "");
    }
    connect("sim://", ["-i", "-o", "jsonl"])
        .stdin("Check file://-\nCheck\n")
        .status(2)
        .stdout("{\"status\":\"SERVING\"}\n")
        .stderr(format!("error: Check: {taken}"))
        .test();
}

#[test]
fn nothing_typed_is_no_mistake() {
    connect("sim://", ["-i"]).test();
    connect("sim://", ["-i", "--dry-run", "-o", "jsonl", "-c", "Check"])
        .stdin("repeat 2\nVersion\n")
        .stdout("{}\n{}\n{}\n")
        .test();
}

#[cfg(feature = "sim")]
#[test]
fn a_repeat_is_for_the_next_command_only() {
    let run = |script: &str| connect("sim://", ["-i", "-o", "jsonl"]).stdin(script);
    run("Check\nrepeat 2\n# nothing\n")
        .status(2)
        .stdout("{\"status\":\"SERVING\"}\n")
        .stderr("error: repeat: the command to repeat must follow\n")
        .test();
    for wrong in ["Bogus", "Check nosuch=1", "quit now"] {
        let output = run(&format!("repeat 2\n{wrong}\nCheck\n")).run();
        assert_eq!(output.status, 2);
        assert_eq!(output.text(), "{\"status\":\"SERVING\"}\n", "{wrong}");
    }
}

#[test]
fn an_interrupt_ends_it() {
    let (mut child, mut stdout) = piped(&["-c", "echo ready"]);
    // Open to the end, so that it is not that which ends the run.
    let _stdin = child.stdin.take();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let id = i32::try_from(child.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut error = String::new();
    child.stderr.unwrap().read_to_string(&mut error).unwrap();
    assert_eq!(error, "error: interrupted\n");
}
