//! Load over a long time: however many calls one connection carries, and however
//! many connections come and go, neither side keeps memory or descriptors of them.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use kata_agent_ctl::client::{Address, Call, Connection};
use tempfile::TempDir;

/// Calls on one connection.
const CALLS: usize = 100_000;
/// Connections one after another.
const CONNECTIONS: usize = 10_000;
/// What a process may have more at the end than after the first tenth, in KiB: two
/// bytes for each call, or twenty for each connection.
const GROWTH: u64 = 200;
/// How long the agent may take to notice that connections have gone.
const PATIENCE: Duration = Duration::from_secs(20);

/// One test at a time: each looks at all that this process has.
static ALONE: Mutex<()> = Mutex::new(());

/// The program under test.
fn tool() -> &'static str {
    test_support::program(env!("CARGO_BIN_EXE_kata-agent-ctl"))
}

/// A process that is ended on drop.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Holdings {
    /// Memory, in KiB.
    memory: u64,
    /// Open descriptors.
    descriptors: usize,
}

impl Holdings {
    fn of(process: u32) -> Holdings {
        let folder = Path::new("/proc").join(process.to_string());
        let status = fs::read_to_string(folder.join("status")).unwrap();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
        Holdings {
            memory: memory.unwrap().trim().parse().unwrap(),
            descriptors: fs::read_dir(folder.join("fd")).unwrap().count(),
        }
    }

    /// Checks that a process holds no more than it did before.
    #[track_caller]
    fn held_by(self, who: &str, process: u32) {
        let started = Instant::now();
        let mut now = Holdings::of(process);
        while now.descriptors > self.descriptors && started.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
            now = Holdings::of(process);
        }
        assert!(
            now.descriptors <= self.descriptors && now.memory <= self.memory + GROWTH,
            "{who}: {self:?} became {now:?}"
        );
    }
}

/// An agent that listens.
fn agent(folder: &TempDir) -> (Process, String) {
    let address = format!("unix://{}/agent.sock", folder.path().display());
    let child = Command::new(tool())
        .args(["serve", "--address", &address])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut agent = Process(child.unwrap());
    let mut line = String::new();
    let stderr = agent.0.stderr.take().unwrap();
    BufReader::new(stderr).read_line(&mut line).unwrap();
    assert_eq!(line, format!("listening on {address}\n"));
    (agent, address)
}

#[test]
fn many_calls_on_one_connection() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = TempDir::new().unwrap();
    let (agent, address) = agent(&folder);
    let child = Command::new(tool())
        .args(["connect", "--server-address", &address, "-o", "jsonl"])
        .args(["--repeat", &CALLS.to_string(), "-c", "Check"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut client = Process(child.unwrap());
    let mut answers = BufReader::new(client.0.stdout.take().unwrap()).lines();
    let mut expect = |count| {
        for _ in 0..count {
            let answer = answers.next().unwrap().unwrap();
            assert_eq!(answer, r#"{"status":"SERVING"}"#);
        }
    };

    // The pipe holds the answers to 3,000 calls or so: the client still runs where
    // it is looked at.
    expect(CALLS / 10);
    let before = [agent.0.id(), client.0.id()].map(Holdings::of);
    expect(CALLS * 8 / 10);
    before[0].held_by("the agent", agent.0.id());
    before[1].held_by("the client", client.0.id());
    expect(CALLS / 10);
    assert!(answers.next().is_none());
    assert!(client.0.wait().unwrap().success());
}

#[test]
fn many_connections_one_after_another() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = TempDir::new().unwrap();
    let (agent, address) = agent(&folder);
    let address: Address = address.parse().unwrap();
    let call = Call {
        service: "grpc.Health",
        method: "Check",
        payload: b"",
        metadata: &[],
        timeout: Some(PATIENCE),
    };
    let connect = |count| {
        for number in 0..count {
            let mut connection = Connection::connect(&address, &Default::default()).unwrap();
            let answer = connection.call(&call);
            assert!(answer.is_ok(), "connection {number}: {answer:?}");
        }
    };

    connect(CONNECTIONS / 10);
    let here = std::process::id();
    // The connections that the agent has not noticed the end of are none too many.
    let quiet = Instant::now();
    while Holdings::of(agent.0.id()).descriptors > 20 && quiet.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    let before = [agent.0.id(), here].map(Holdings::of);
    connect(CONNECTIONS - CONNECTIONS / 10);
    before[0].held_by("the agent", agent.0.id());
    before[1].held_by("the client", here);
}
