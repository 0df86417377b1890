//! Connections that cannot be made or are lost; calls that take too long or are
//! given up. What agents do wrong on a connection is in `hostile`.

use std::io::Write;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use typed_peer::protos::empty::Empty;
use typed_peer::{Answer, Peer};

use crate::tool::connect;
use crate::wire::{Listener, RESPONSE, frame, read_frame};

#[test]
fn nothing_listens() {
    let folder = TempDir::new().unwrap();
    let address = format!("unix://{}/agent.sock", folder.path().display());
    let limit = Duration::from_millis(600);
    let output = connect(&address, ["--connect-timeout", "600ms", "-c", "Check"]).run();
    assert_eq!(output.status, 3, "{}", output.stderr);
    assert!(
        output
            .error()
            .contains(&format!("{}/agent.sock", folder.path().display()))
    );
    assert!(
        output.error().contains("no such socket file"),
        "{}",
        output.stderr
    );
    // It tried again, and gave up; when exactly is the machine's business.
    assert!(output.time >= limit / 2, "{:?}", output.time);
    assert!(
        output.time < limit + Duration::from_secs(20),
        "{:?}",
        output.time
    );

    // A socket that nobody listens on any more.
    let path = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = format!("unix://{}", path.display());
    let output = connect(&address, ["--connect-timeout", "50ms", "-c", "Check"]).run();
    assert_eq!(output.status, 3);
    assert!(
        output.error().contains("nothing listens"),
        "{}",
        output.stderr
    );
}

#[test]
fn an_agent_that_is_still_starting() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let running = connect(&format!("unix://{}", path.display()), ["-c", "Check"]).start();
    std::thread::sleep(Duration::from_millis(300));
    let peer = Peer::at_path(&path);
    let output = running.wait().succeeded();
    assert_eq!(output.text(), "{}\n");
    assert_eq!(peer.only().name(), "Check");
}

#[test]
fn an_agent_that_goes_away_in_a_call() {
    let listener = Listener::start(|_, mut stream| {
        let _ = read_frame(&mut stream);
    });
    for timeout in ["0", "20s"] {
        let started = Instant::now();
        let arguments = ["--timeout", timeout, "-c", "Check"];
        let output = connect(&listener.address(), arguments).run();
        let error = "error: Check: the agent closed the connection before it answered; if this is a \
                     hypervisor's hybrid vsock socket, write ";
        assert!(output.error().starts_with(error), "{}", output.stderr);
        assert_eq!(output.status, 3);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn an_answer_without_a_byte() {
    let listener = Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            stream
                .write_all(&frame(stream_id, RESPONSE, 0, b""))
                .unwrap();
        }
    });
    connect(&listener.address(), ["-c", "Check", "Version"])
        .stdout("{}\n{}\n")
        .test();
}

#[test]
fn a_timeout() {
    let peer = Peer::start();
    peer.answer(
        "Check",
        Answer::ok(&typed_peer::protos::health::HealthCheckResponse::default())
            .after(Duration::from_secs(60)),
    );
    let output = connect(peer.address(), ["--timeout", "300ms", "-c", "Check"]).run();
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(
        output.error().starts_with("error: Check: "),
        "{}",
        output.stderr
    );
    assert!(output.time < Duration::from_secs(30));

    // One that never answers, not even that it is too late.
    let silent = Listener::start(|_, mut stream| while read_frame(&mut stream).is_ok() {});
    let output = connect(&silent.address(), ["--timeout", "300ms", "-c", "Check"]).run();
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert!(output.error().contains("300ms"), "{}", output.stderr);
    assert!(output.time >= Duration::from_millis(300));
    assert!(output.time < Duration::from_secs(30));
}

#[test]
fn an_interrupt() {
    let peer = Peer::start();
    peer.answer(
        "DestroySandbox",
        Answer::ok(&Empty::default()).after(Duration::from_secs(60)),
    );
    let running = connect(peer.address(), ["-c", "DestroySandbox"]).start();
    let started = Instant::now();
    while peer.received().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "no call");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130, "{}", output.stderr);
    assert!(output.time < Duration::from_secs(30));
    assert_eq!(output.text(), "");
}

#[test]
fn an_interrupt_ends_an_endless_repeat() {
    let peer = Peer::start();
    let running = connect(
        peer.address(),
        ["--repeat", "-1", "-o", "jsonl", "-c", "Check"],
    )
    .start();
    let started = Instant::now();
    let mut calls = 0;
    while calls < 5 {
        assert!(started.elapsed() < Duration::from_secs(10), "no calls");
        std::thread::sleep(Duration::from_millis(5));
        calls += peer.received().len();
    }
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130);
    // How often it ran and failed is said after the error.
    let lines: Vec<_> = output.stderr.lines().collect();
    let [error, summary] = lines[..] else {
        panic!("{lines:?}");
    };
    assert!(error.ends_with("interrupted"), "{error}");
    let counted = summary.strip_prefix("Check: ").unwrap();
    let (runs, rest) = counted.split_once(" runs, 0 failed, in ").unwrap();
    assert!(runs.parse::<usize>().unwrap() >= 4, "{summary}");
    assert!(rest.ends_with('s'), "{summary}");
    assert_eq!(output.text().lines().count().to_string(), runs);
}

#[test]
fn an_endless_repeat_counts_its_failures() {
    let peer = Peer::start();
    peer.answer("Version", Answer::error(13, "no"));
    let commands = ["--ignore-errors", "-c", "repeat -1", "Version"];
    let running = connect(peer.address(), commands).start();
    let started = Instant::now();
    let mut calls = 0;
    while calls < 3 {
        assert!(started.elapsed() < Duration::from_secs(10), "no calls");
        std::thread::sleep(Duration::from_millis(5));
        calls += peer.received().len();
    }
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130);
    let summary = output.stderr.lines().last().unwrap();
    let counted = summary.strip_prefix("Version: ").unwrap();
    let (runs, failed) = counted.split_once(" runs, ").unwrap();
    assert!(
        failed.starts_with(&format!("{runs} failed, in ")),
        "{summary}"
    );
}
