//! Whole load tests against an agent that this file plays: what is called how often,
//! and what the report says of it.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use agent_client::ConnectOptions;
use agent_load::{Calls, Command, Format, Limit, Options, Report, Request, run};
use serde_json::Value;
use tempfile::TempDir;

/// The first bytes of an encoded ttRPC response: its payload.
const PAYLOAD: u8 = 0x12;

/// Two commands: every third call is a `Late` one, and its payload counts the calls.
struct TwoCommands {
    commands: [Command; 2],
    sent: u8,
}

impl TwoCommands {
    fn new() -> Self {
        let command = |name: &str, weight| Command {
            name: name.to_owned(),
            weight,
        };
        Self {
            commands: [command("Soon", 2), command("Late, \"b\"", 1)],
            sent: 0,
        }
    }
}

impl Calls for TwoCommands {
    fn commands(&self) -> &[Command] {
        &self.commands
    }

    fn request(&mut self, command: usize) -> Result<Request<'_>, String> {
        self.sent += 1;
        Ok(Request {
            service: "test.Service",
            method: if command == 0 { "Soon" } else { "Late" },
            payload: Cow::Owned(vec![self.sent]),
        })
    }

    fn judge(&self, _: usize, answer: &[u8]) -> Result<(), String> {
        match answer {
            b"good" => Ok(()),
            other => Err(format!("\u{1b}{} bytes", other.len())),
        }
    }
}

/// Answers every request of a connection by what `answer` makes of it: an encoded
/// ttRPC response, or nothing.
fn serve(mut stream: UnixStream, answer: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let mut header = [0; 10];
    while stream.read_exact(&mut header).is_ok() {
        let length = u32::from_be_bytes(header[..4].try_into().unwrap());
        let mut request = vec![0; length as usize];
        stream.read_exact(&mut request).unwrap();
        if let Some(response) = answer(&request) {
            let length = u32::try_from(response.len()).unwrap();
            header[..4].copy_from_slice(&length.to_be_bytes());
            header[8] = 2;
            stream.write_all(&header).unwrap();
            stream.write_all(&response).unwrap();
        }
    }
}

/// A load test of an agent that answers so, with these options changed.
fn test(
    answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Copy + 'static,
    change: impl FnOnce(&mut Options),
) -> (Report, u8) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap(), answer));
        }
    });
    let mut options = Options {
        address: format!("unix://{}", path.display()).parse().unwrap(),
        connect: ConnectOptions::default(),
        connections: 2,
        in_flight: 3,
        rate: None,
        duration: Duration::from_secs(60),
        warm_up: Duration::ZERO,
        calls: Some(30),
        timeout: None,
        metadata: Vec::new(),
    };
    change(&mut options);
    let mut calls = TwoCommands::new();
    let report = run(&options, &mut calls, None).unwrap();
    (report, calls.sent)
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&report.render(Format::Json)).unwrap()
}

#[test]
fn each_command_is_called_by_its_weight_and_its_answers_are_judged() {
    let answer = |request: &[u8]| {
        let is_late = request.windows(4).any(|name| name == b"Late");
        let payload: &[u8] = if is_late { b"wrong" } else { b"good" };
        let length = u8::try_from(payload.len()).unwrap();
        Some([&[PAYLOAD, length], payload].concat())
    };
    let (report, sent) = test(answer, |_| ());
    assert_eq!(sent, 30);
    let found = json(&report);
    assert_eq!(found["all"]["calls"], 30);
    assert_eq!(found["commands"][0]["ok"], 20);
    assert_eq!(found["commands"][1]["failed"], 10);
    let failure = &found["commands"][1]["failures"][0];
    assert_eq!(failure["failure"], "no message of this RPC");
    assert_eq!(failure["example"], "\\x1b5 bytes");
    assert_eq!(found["ended"], "done");

    let held: Vec<Limit> = ["errors>9", "errors>10", "max>1h"]
        .map(|text| text.parse().unwrap())
        .into();
    assert_eq!(report.failed(&held), ["errors>9 (there are 10)"]);
    let table = report.render(Format::Csv);
    let names: Vec<_> = table.lines().map(|line| line.split(',').next()).collect();
    assert_eq!(
        names,
        [Some("command"), Some("all"), Some("Soon"), Some("\"Late")]
    );
}

#[test]
fn calls_that_nobody_answers_are_given_up() {
    let (report, sent) = test(
        |_| None,
        |options| {
            options.calls = Some(12);
            options.timeout = Some(Duration::from_millis(50));
        },
    );
    assert_eq!(sent, 12);
    let found = json(&report);
    assert_eq!(found["all"]["ok"], 0);
    assert_eq!(found["all"]["failures"][0]["failure"], "timeout");
    assert_eq!(found["all"]["failures"][0]["calls"], 12);
    assert!(found["all"]["latency"]["min_ns"].as_u64() >= Some(50_000_000));
}

#[test]
fn at_a_rate_calls_become_due_whether_or_not_they_are_answered() {
    let (report, _) = test(
        |_| None,
        |options| {
            options.calls = None;
            options.rate = Some(100.0);
            options.duration = Duration::from_millis(200);
            options.timeout = Some(Duration::from_millis(10));
            options.connections = 1;
            options.in_flight = 1;
        },
    );
    // One place, taken for 10 ms by each call, and a call due every 10 ms.
    assert_eq!(json(&report)["all"]["calls"], 20);
}
