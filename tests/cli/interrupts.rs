//! Ctrl-C, as a real SIGINT, wherever the tool may be: it ends with status 130, says
//! so in one line, and leaves no line of output unfinished.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use tempfile::TempDir;

use crate::builds::streams;
use crate::hostile::agent::{field, payload, status, wait_for_end};
use crate::tool::{Output, Running, connect, program, tool};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

use std::sync::mpsc::{Receiver, Sender, channel};

/// How soon a run ends after the signal.
const SOON: Duration = Duration::from_secs(5);

/// An agent that tells when it has got a request, after which it does this.
fn agent(
    answer: impl Fn(u32, &mut UnixStream) + Send + Sync + 'static,
) -> (Listener, Receiver<()>) {
    let (sender, receiver): (Sender<()>, _) = channel();
    let listener = Listener::start(move |_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            answer(stream_id, &mut stream);
            let _ = sender.send(());
        }
    });
    (listener, receiver)
}

/// Interrupts a run, which then ends.
#[track_caller]
fn interrupt(running: Running) -> Output {
    running.interrupt();
    let sent = Instant::now();
    let output = running.wait();
    assert!(sent.elapsed() < SOON, "{:?}", sent.elapsed());
    assert_eq!(output.status, 130, "{}", output.stderr);
    let text = output.text();
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    output
}

/// Waits until the process has come as far as to wait for something.
fn settle() {
    thread::sleep(Duration::from_millis(500));
}

#[test]
fn while_it_connects() {
    let folder = TempDir::new().unwrap();
    let silent = Listener::start(|_, mut stream| wait_for_end(&mut stream));
    for address in [
        format!("unix://{}/none", folder.path().display()),
        format!("hvsock://{}:1024", silent.path.display()),
    ] {
        let running = connect(&address, ["--connect-timeout", "25s", "-c", "Check"]).start();
        settle();
        let output = interrupt(running);
        assert_eq!(output.stderr, "error: Check: interrupted\n");
        assert_eq!(output.text(), "");
    }
}

#[test]
fn in_a_call() {
    let (listener, requests) = agent(|_, _| ());
    let running = connect(&listener.address(), ["-c", "Check", "Version"]).start();
    requests.recv().unwrap();
    let output = interrupt(running);
    assert_eq!(
        (output.stderr.as_str(), output.text().as_str()),
        ("error: Check: interrupted\n", "")
    );
    // No other request came.
    assert!(requests.try_recv().is_err());

    // Half of the answer is there.
    let (listener, requests) = agent(|stream_id, stream| {
        let answer = frame(stream_id, RESPONSE, 0, &payload(field(1, b"hello")));
        let _ = stream.write_all(&answer[..14]);
    });
    let running = connect(&listener.address(), ["--ignore-errors", "-c", "Version"]).start();
    requests.recv().unwrap();
    settle();
    let output = interrupt(running);
    assert_eq!(
        (output.stderr.as_str(), output.text().as_str()),
        ("error: Version: interrupted\n", "")
    );
}

#[test]
fn while_an_answer_is_read_and_printed() {
    let interfaces = payload(field(1, b"").repeat(500_000));
    let (listener, requests) = agent(move |stream_id, stream| {
        let _ = stream.write_all(&frame(stream_id, RESPONSE, 0, &interfaces));
    });
    let running = connect(&listener.address(), ["-c", "ListInterfaces"]).start();
    requests.recv().unwrap();
    let output = interrupt(running);
    assert_eq!(
        (output.stderr.as_str(), output.text().as_str()),
        ("error: ListInterfaces: interrupted\n", "")
    );
}

#[test]
fn while_the_agent_is_asked_for_its_version() {
    let (listener, requests) = agent(|stream_id, stream| {
        if stream_id == 1 {
            let _ = stream.write_all(&frame(1, RESPONSE, 0, &status(12, "no")));
        }
    });
    let commands = ["--ignore-errors", "-c", "AddSwap", "Check"];
    let running = connect(&listener.address(), commands).start();
    requests.recv().unwrap();
    requests.recv().unwrap();
    let output = interrupt(running);
    assert_eq!(output.stderr, "error: AddSwap: interrupted\n");
}

#[test]
fn while_a_request_is_sent() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("policy"), vec![b'x'; 4_000_000]).unwrap();
    let listener = Listener::start(|_, stream| {
        thread::sleep(Duration::from_secs(25));
        drop(stream);
    });
    let running = connect(&listener.address(), ["-c", "SetPolicy policy=@policy"])
        .folder(folder.path())
        .start();
    settle();
    assert_eq!(interrupt(running).stderr, "error: SetPolicy: interrupted\n");
}

#[test]
fn in_a_sleep_and_in_a_repeat() {
    let running = connect("sim://", ["-c", "echo a", "sleep 25s", "echo b"]).start();
    settle();
    let output = interrupt(running);
    assert_eq!(output.stderr, "error: sleep: interrupted\n");
    assert_eq!(output.text(), "a\n");

    let running = connect("sim://", ["--repeat", "-1", "-c", "sleep 25s"]).start();
    settle();
    let output = interrupt(running);
    let (first, second) = output.stderr.split_once('\n').unwrap();
    assert_eq!(first, "error: sleep: interrupted");
    assert!(
        second.starts_with("sleep: 0 runs, 0 failed, in "),
        "{second}"
    );
}

#[test]
fn in_streams() {
    for rpc in ["Spread", "Exchange", "Collect"] {
        let (listener, requests) = agent(move |stream_id, stream| {
            if rpc != "Collect" {
                let _ = stream.write_all(&frame(stream_id, 3, 0, &field(1, b"a")));
            }
        });
        let running = streams(&["connect", "--server-address", &listener.address()])
            .arguments(["-o", "jsonl", "-c", rpc])
            .start();
        requests.recv().unwrap();
        settle();
        let output = interrupt(running);
        assert_eq!(output.stderr, format!("error: {rpc}: interrupted\n"));
        let lines = output.text();
        assert!(
            lines.lines().all(|line| line == "{\"text\":\"a\"}"),
            "{lines}"
        );
        assert_eq!(lines.is_empty(), rpc == "Collect", "{rpc}");
    }
}

#[test]
fn in_a_copy() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("f"), vec![1; 3 << 20]).unwrap();
    // One piece is taken, and the second is not answered.
    let (listener, requests) = agent(|stream_id, stream| {
        if stream_id == 1 {
            let _ = stream.write_all(&frame(1, RESPONSE, 0, b""));
        }
    });
    let running = connect(&listener.address(), ["-c", "CopyFile src=f dest=/g/f"])
        .folder(folder.path())
        .start();
    requests.recv().unwrap();
    requests.recv().unwrap();
    let output = interrupt(running);
    assert_eq!(
        (output.stderr.as_str(), output.text().as_str()),
        (
            "error: CopyFile: \"f\" at offset 1048576: interrupted\n",
            ""
        )
    );
}

#[cfg(feature = "tap")]
#[test]
fn while_a_recording_is_waited_for() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    // Somebody who writes to it, and writes nothing.
    let _open = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let running = tool(["show", pipe.to_str().unwrap()]).start();
    settle();
    let output = interrupt(running);
    assert_eq!(output.stderr, "error: interrupted\n");

    let (input, _output) = std::io::pipe().unwrap();
    let mut show = Command::new(program())
        .args(["show", "-"])
        .stdin(input)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    settle();
    let id = i32::try_from(show.id()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
    assert_eq!(show.wait().unwrap().code(), Some(130));
}

#[cfg(feature = "sim")]
#[test]
fn the_simulated_agent() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("s");
    let address = format!("unix://{}", socket.display());
    let running = tool(["serve", "--address", &address]).start();
    connect(&address, ["-c", "Check"]).run().succeeded();
    running.interrupt();
    let output = running.wait();
    // It has done what it was there for.
    assert_eq!(output.status, 0);
    assert_eq!(output.stderr, format!("listening on {address}\n"));
    assert!(!socket.exists());
}
